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
const PUSH = 2_500;
const WORKER = 2_000;

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

test(`the offer of push is at most ${PUSH} bytes more, its service worker ${WORKER}`, () => {
  expect(gzipped("push.js")).toBeLessThanOrEqual(PUSH);
  expect(gzipped("push-sw.js")).toBeLessThanOrEqual(WORKER);
});

test(`the headless client is at most ${CLIENT} bytes gzipped`, () => {
  expect(gzipped("client.js")).toBeLessThanOrEqual(CLIENT);
});

test("each is one file, and what is loaded later is a page of the bell", () => {
  const imports = (name: string) => built(name).match(/\bimport\s*[({"'`*][^)]*\)?|\bfrom\s*["'`]/g) ?? [];
  const preferences = "import(`./preferences.js`)";
  expect(["bell.js", "preferences.js", "why.js", "push.js", "client.js", "push-sw.js"].map(imports)).toEqual([
    [preferences, "import(`./push.js`)", "import(`./why.js`)"],
    [],
    [preferences],
    [],
    [],
    [],
  ]);
});

test("the service worker is a classic script, which others can include, and leaves no name behind", () => {
  expect(built("push-sw.js").trim()).toMatch(/^\(function\(\)\{.*\}\)\(\);$/s);
});

const built = (name: string): string => readFileSync(join(ADMIN_UI, "dist/embed", name), "utf8");
const gzipped = (name: string): number => gzipSync(built(name), { level: 9 }).length;
