import { expect, test } from "vitest";
import { nextDigest } from "./digest.ts";
import { offsetAt } from "./zones.ts";

const MINUTE = 60_000;
const at = (time: string) => Date.parse(time);
const told = (wish: string, zone: string, time: string) => new Date(nextDigest(wish, zone, at(time))).toISOString();

test.each([
  ["now", "Europe/Berlin", "2026-11-23T12:07:30.500Z", "2026-11-23T12:07:30.500Z"],
  ["15m", "Europe/Berlin", "2026-11-23T12:07:30Z", "2026-11-23T12:15:00.000Z"],
  ["15m", "Europe/Berlin", "2026-11-23T12:15:00Z", "2026-11-23T12:30:00.000Z"],
  ["hourly", "Asia/Kolkata", "2026-11-23T12:07:00Z", "2026-11-23T12:30:00.000Z"],
  ["daily@08:30", "Europe/Berlin", "2026-11-23T07:29:59Z", "2026-11-23T07:30:00.000Z"],
  ["daily@08:30", "Europe/Berlin", "2026-11-23T07:30:00Z", "2026-11-24T07:30:00.000Z"],
  // 02:30 does not exist on the day the clocks go forward: the change itself.
  ["daily@02:30", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z"],
  ["daily@08:00", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T07:00:00.000Z"],
  ["hourly", "Australia/Lord_Howe", "2026-10-03T15:29:00Z", "2026-10-03T15:30:00.000Z"],
])("%s in %s: %s is told at %s", (wish, zone, time, expected) => expect(told(wish, zone, time)).toBe(expected));

test("quarters and hours are the first such minute of the wall clock, over every clock change of a year", () => {
  for (const zone of ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]) {
    for (const [wish, every] of [
      ["15m", 15],
      ["hourly", 60],
    ] as const) {
      for (let instant = at("2026-01-01T00:07:00Z"); instant < at("2027-01-01T00:00:00Z"); instant += 7 * 3_600_000 + 13 * MINUTE) {
        let expected = Math.floor(instant / MINUTE) * MINUTE + MINUTE;
        while (((expected + offsetAt(zone, expected)) / MINUTE) % every !== 0) expected += MINUTE;
        expect(nextDigest(wish, zone, instant), `${wish} ${zone} ${new Date(instant).toISOString()}`).toBe(expected);
      }
    }
  }
});
