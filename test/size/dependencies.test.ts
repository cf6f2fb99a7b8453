import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const lockfile = read("pnpm-lock.yaml");

type Package = {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};
const PACKAGES = ["package.json", "shared/package.json", "worker/package.json", "admin-ui/package.json", "test/package.json"];

test.each(PACKAGES)("%s asks for exact versions only", (path) => {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = JSON.parse(read(path)) as Package;
  const wanted = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(wanted.filter(([, version]) => version !== "workspace:*" && !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
});

test("the lockfile names no address to download from, and a checksum for every package", () => {
  expect(lockfile.match(/https?:\/\/[^\s'",}]+|git\+[^\s'",}]+|tarball:/g) ?? []).toEqual([]);
  const resolutions = lockfile.match(/^ {4}resolution: .*$/gm) ?? [];
  expect(resolutions.length).toBeGreaterThan(100);
  expect(resolutions.filter((line) => !/integrity: sha512-[\w+/]{86}==/.test(line))).toEqual([]);
});

test("only packages that are named may run a script at install", () => {
  const workspace = read("pnpm-workspace.yaml");
  const allowed = [...workspace.matchAll(/^ {2}['"]?([@\w/-]+)['"]?: true$/gm)].map(([, name]) => name);
  expect(allowed.sort()).toEqual(["deno", "esbuild", "node", "workerd"]);
});
