import { expect, test } from "vitest";
import { fromNow, plural, took } from "./time.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");

test("a time is told by its distance, in the largest unit that fits", () => {
  expect(fromNow("2026-11-23T11:59:31Z", NOW)).toBe("just now");
  expect(fromNow("2026-11-23T11:55:00Z", NOW)).toBe("5 minutes ago");
  expect(fromNow("2026-11-23T09:01:00Z", NOW)).toBe("2 hours ago");
  expect(fromNow("2026-11-22T11:00:00Z", NOW)).toBe("yesterday");
  expect(fromNow("2026-11-23T14:00:00Z", NOW)).toBe("in 2 hours");
  expect(fromNow("2024-11-01T00:00:00Z", NOW)).toBe("2 years ago");
});

test("how long something took", () => {
  expect([took(0.4), took(850), took(1_240), took(12_400)]).toEqual(["0 ms", "850 ms", "1.2 s", "12 s"]);
});

test("counts have their noun's number", () => {
  expect([plural(0, "change"), plural(1, "change"), plural(1_204, "delivery", "deliveries")]).toEqual([
    "0 changes",
    "1 change",
    "1,204 deliveries",
  ]);
});
