import { expect, test } from "vitest";
import { CARRIED_YEARS, isKnownZone, minuteOfWeek, nextChange, offsetAt, spanAt, wallClockAt } from "./zones.ts";

const HOUR = 3_600_000;

test.each([
  ["Europe/Berlin", "2026-03-29T00:59:59.999Z", 1],
  ["Europe/Berlin", "2026-03-29T01:00Z", 2],
  ["europe/berlin", "2026-03-29T01:00Z", 2],
  ["America/St_Johns", "2026-01-01T00:00Z", -3.5],
  ["Asia/Calcutta", "2026-06-01T00:00Z", 5.5],
  ["Asia/Kathmandu", "2026-06-01T00:00Z", 5.75],
  ["Pacific/Chatham", "2026-12-01T00:00Z", 13.75],
  ["America/Vancouver", "2026-10-31T12:00Z", -7],
  ["America/Vancouver", "2026-11-02T12:00Z", -7],
  ["Canada/Pacific", "2036-12-31T23:59Z", -7],
  ["Africa/Casablanca", "2026-10-01T00:00Z", 0],
  ["UTC", "2026-01-01T00:00Z", 0],
  ["Etc/GMT+5", "2026-01-01T00:00Z", -5],
  // Beyond the carried years the runtime's own data answer.
  ["Europe/Berlin", "1980-07-01T00:00Z", 2],
  ["Europe/Berlin", "2045-01-01T00:00Z", 1],
  ["Pacific/Apia", "2011-12-30T09:59:59Z", -10],
  ["Pacific/Apia", "2011-12-30T10:00Z", 14],
])("%s at %s is %f hours ahead of UTC", (zone, at, hours) => {
  expect(offsetAt(zone, Date.parse(at)) / HOUR).toBe(hours);
});

test("a zone's offset in seconds, long ago", () => {
  expect(offsetAt("Europe/Amsterdam", Date.UTC(1890, 0, 1)) % 60_000).not.toBe(0);
  expect(offsetAt("Europe/Rome", Date.UTC(-100, 0, 1))).toBe((49 * 60 + 56) * 1_000);
});

test("the wall clock, also before 1970 and across the day's border", () => {
  expect(wallClockAt("Pacific/Auckland", Date.parse("2026-11-22T11:30:59.999Z"))).toEqual({
    year: 2026,
    month: 11,
    day: 23,
    weekday: "mon",
    hour: 0,
    minute: 30,
  });
  expect(wallClockAt("UTC", -1)).toEqual({ year: 1969, month: 12, day: 31, weekday: "wed", hour: 23, minute: 59 });
});

test("minutes of the week begin on Monday, also before 1970", () => {
  expect(minuteOfWeek(Date.parse("2026-11-23T00:00:59Z"), 0)).toBe(0);
  expect(minuteOfWeek(Date.parse("2026-11-22T23:59Z"), 0)).toBe(10_079);
  expect(minuteOfWeek(Date.parse("1965-03-01T00:01Z"), 0)).toBe(1);
});

test("the next change is told before and after, and none where the law has ended them", () => {
  expect(nextChange("Europe/Berlin", Date.parse("2026-11-23T00:00Z"))).toEqual({
    at: Date.parse("2027-03-28T01:00Z"),
    offsetBefore: 1 * HOUR,
    offsetAfter: 2 * HOUR,
  });
  expect(nextChange("Europe/Berlin", Date.parse("2027-03-28T01:00Z"))?.at).toBe(Date.parse("2027-10-31T01:00Z"));
  expect(nextChange("America/Vancouver", Date.parse("2026-11-01T00:00Z"))).toBeNull();
  expect(nextChange("Asia/Tokyo", Date.parse("2026-11-01T00:00Z"))).toBeNull();
  expect(nextChange("Europe/Berlin", Date.parse("2036-12-01T00:00Z"))?.at).toBe(Date.parse("2037-03-29T01:00Z"));
  expect(nextChange("Europe/Berlin", Date.parse("2025-11-01T00:00Z"))?.at).toBe(Date.parse("2026-03-29T01:00Z"));
});

test("spans hold the instant that was asked for, and follow each other without a gap", () => {
  for (const zone of ["Europe/Berlin", "America/Vancouver", "Asia/Tokyo"]) {
    let at = Date.UTC(2024, 5, 1);
    while (at < Date.UTC(2039, 0, 1)) {
      const span = spanAt(zone, at);
      expect(span.from).toBeLessThanOrEqual(at);
      expect(span.to).toBeGreaterThan(at);
      expect(offsetAt(zone, span.to - 1)).toBe(span.offset);
      expect(spanAt(zone, span.to).from).toBe(span.to);
      at = span.to;
    }
  }
  expect(spanAt("Europe/Berlin", CARRIED_YEARS.to - 1).to).toBe(CARRIED_YEARS.to);
});

test("which zones are known, and what an unknown one does", () => {
  expect(["Europe/Berlin", "US/Pacific", "asia/calcutta", "UTC", "Europe/Kiev", "Europe/Kyiv"].map(isKnownZone)).not.toContain(false);
  expect(["", "Mars/Olympus", "Berlin", "constructor", "__proto__"].map(isKnownZone)).not.toContain(true);
  expect(() => offsetAt("Mars/Olympus", 0)).toThrow(RangeError);
  expect(() => offsetAt("Europe/Berlin", Number.NaN)).toThrow(RangeError);
});
