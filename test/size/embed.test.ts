import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { buildPages } from "../../worker/local/build-pages.ts";

const ADMIN_UI = join(import.meta.dirname, "../../admin-ui");
const BELL = 12_000; // bytes; Novu's is 152 kB, Knock's 185, MagicBell's 70
const CLIENT = 3_500;

beforeAll(buildPages, 60_000);

test(`the bell, lit and client included, is at most ${BELL} bytes gzipped`, () => {
  expect(gzipped("bell.js")).toBeLessThanOrEqual(BELL);
});

test(`the headless client is at most ${CLIENT} bytes gzipped`, () => {
  expect(gzipped("client.js")).toBeLessThanOrEqual(CLIENT);
});

test("each is one file that loads nothing else", () => {
  for (const name of ["bell.js", "client.js"]) expect(built(name), name).not.toMatch(/\bimport\s*[({"'`*]|\bfrom\s*["'`]/);
});

const built = (name: string): string => readFileSync(join(ADMIN_UI, "dist/embed", name), "utf8");
const gzipped = (name: string): number => gzipSync(built(name), { level: 9 }).length;
