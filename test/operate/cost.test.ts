import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { costTable, countAll, dollars, useOf, type Counts } from "./cost.ts";

let counts: Counts;
beforeAll(async () => void (counts = await countAll()), 60_000);

test("the page for operators has the table as it is counted now", () => {
  const page = readFileSync(resolve(import.meta.dirname, "../../docs/operate/README.md"), "utf8");
  expect(page).toContain(costTable(counts));
});

test("its formulas say what is counted", () => {
  for (const [people, channels] of [
    [1, 0],
    [1, 2],
    [100, 2],
    [250, 4],
  ] as const) {
    const jobs = channels * Math.ceil(people / 100);
    expect(useOf(counts, people, channels)).toEqual({
      redis: 1 + jobs,
      queue: jobs,
      workers: 1 + jobs,
      objects: 2 + jobs + channels * people,
      rows: 10 + 7 * (people - 1) + 5 * channels * people,
    });
  }
});

test("an event for one person on three channels costs at most 55 dollars per million, rows and reading included", () => {
  expect(dollars(useOf(counts, 1, 2)) * 1e6).toBeLessThanOrEqual(55);
});

test("an event for 10,000 people on two external channels costs at most a cent of queue and store", () => {
  const { redis, queue, workers, objects } = useOf(counts, 10_000, 2);
  expect(dollars({ redis, queue, workers, objects, rows: 0 })).toBeLessThanOrEqual(0.01);
});
