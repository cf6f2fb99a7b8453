import { expect, test } from "vitest";
import { dateInZone, fromLocalInput, inZone, offsetWords, toLocalInput } from "./zoned-time.ts";

const at = (time: string): number => Date.parse(time);

test("an instant is told on a zone's wall clock", () => {
  expect(inZone(at("2026-11-24T07:00:00Z"), "Europe/Berlin")).toBe("Tue 24 Nov, 08:00");
  expect(inZone(at("2026-11-24T02:30:00Z"), "Asia/Kolkata")).toBe("Tue 24 Nov, 08:00");
  expect(dateInZone(at("2027-03-28T01:00:00Z"), "Europe/Berlin")).toBe("Sun 28 Mar 2027");
});

test("offsets are told to the minute", () => {
  expect([19_800_000, -12_600_000, 0].map(offsetWords)).toEqual(["UTC+05:30", "UTC−03:30", "UTC+00:00"]);
});

test("what is typed in a zone is the instant that shows it there", () => {
  for (const zone of ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "UTC"]) {
    for (const text of ["2026-07-01T12:00", "2026-11-24T00:00", "2026-01-01T23:59"]) {
      expect(toLocalInput(fromLocalInput(text, zone)!, zone)).toBe(text);
    }
  }
});

test("of an hour that occurs twice the first is meant; a skipped one is as late after the change", () => {
  expect(fromLocalInput("2026-10-25T02:30", "Europe/Berlin")).toBe(at("2026-10-25T00:30:00Z"));
  expect(toLocalInput(fromLocalInput("2026-03-29T02:30", "Europe/Berlin")!, "Europe/Berlin")).toBe("2026-03-29T03:30");
});

test("no time and no zone are no instant", () => {
  expect(fromLocalInput("", "Europe/Berlin")).toBeNull();
  expect(fromLocalInput("2026-10-25T02:30", "Europe/Nowhere")).toBeNull();
});
