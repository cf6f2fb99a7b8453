import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { buildPages } from "../../worker/local/build-pages.ts";

const ADMIN_UI = join(import.meta.dirname, "../../admin-ui");
const BELL = 12_000; // bytes; Novu's is 152 kB, Knock's 185, MagicBell's 70
const PREFERENCES = 6_000;
const WHY = 3_000;
const CLIENT = 3_500;

beforeAll(buildPages, 60_000);

test(`the bell, lit and client included, is at most ${BELL} bytes gzipped`, () => {
  expect(gzipped("bell.js")).toBeLessThanOrEqual(BELL);
});

test(`the bell's preferences are at most ${PREFERENCES} bytes more`, () => {
  expect(gzipped("preferences.js")).toBeLessThanOrEqual(PREFERENCES);
});

test(`why a person got an item is told in at most ${WHY} bytes more`, () => {
  expect(gzipped("why.js")).toBeLessThanOrEqual(WHY);
});

test(`the headless client is at most ${CLIENT} bytes gzipped`, () => {
  expect(gzipped("client.js")).toBeLessThanOrEqual(CLIENT);
});

test("each is one file, and what is loaded later is a page of the bell", () => {
  const imports = (name: string) => built(name).match(/\bimport\s*[({"'`*][^)]*\)?|\bfrom\s*["'`]/g) ?? [];
  const preferences = "import(`./preferences.js`)";
  expect(["bell.js", "preferences.js", "why.js", "client.js"].map(imports)).toEqual([
    [preferences, "import(`./why.js`)"],
    [],
    [preferences],
    [],
  ]);
});

const built = (name: string): string => readFileSync(join(ADMIN_UI, "dist/embed", name), "utf8");
const gzipped = (name: string): number => gzipSync(built(name), { level: 9 }).length;
