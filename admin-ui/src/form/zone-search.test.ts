import { expect, test } from "vitest";
import { searchZones } from "./zone-search.ts";

const ZONES = ["America/New_York", "America/North_Dakota/New_Salem", "Asia/Kolkata", "Europe/Berlin", "Europe/Busingen", "UTC"];

test("a zone is found by its city, its continent and its whole name", () => {
  expect(searchZones(ZONES, "berlin", 9)).toEqual(["Europe/Berlin"]);
  expect(searchZones(ZONES, "new y", 9)).toEqual(["America/New_York"]);
  expect(searchZones(ZONES, "europe/b", 9)).toEqual(["Europe/Berlin", "Europe/Busingen"]);
  expect(searchZones(ZONES, "utc", 9)).toEqual(["UTC"]);
});

test("what begins with it comes before what contains it", () => {
  expect(searchZones(ZONES, "k", 9)).toEqual(["Asia/Kolkata", "America/New_York", "America/North_Dakota/New_Salem"]);
});

test("nothing typed shows the first ones, nonsense none", () => {
  expect(searchZones(ZONES, " ", 2)).toEqual(["America/New_York", "America/North_Dakota/New_Salem"]);
  expect(searchZones(ZONES, "xyz", 9)).toEqual([]);
});
