import { describe, expect, test } from "vitest";
import { compileQuietHours, initialQuietHours, quietHoursSchema, quietRanges } from "./quiet-hours.ts";
import { QUIET_CASES, weekOf } from "./quiet-hours.cases.ts";

describe("the table of cases", () => {
  test("has at least a hundred cases, each with a name of its own", () => {
    const names = QUIET_CASES.map(({ zone, name, at }) => `${zone}: ${name} ${at}`);
    expect(new Set(names).size).toBe(QUIET_CASES.length);
    expect(QUIET_CASES.length).toBeGreaterThanOrEqual(100);
  });

  test.each(QUIET_CASES)("$zone, $hours: $name ($at → $until)", ({ zone, hours, at, until }) => {
    const quiet = compileQuietHours(weekOf(hours), zone);
    const instant = Date.parse(at);
    const expected = until === "open" ? instant : Date.parse(until);
    expect({ isQuiet: quiet.isQuiet(instant), until: new Date(quiet.until(instant)).toISOString() }).toEqual({
      isQuiet: until !== "open",
      until: new Date(expected).toISOString(),
    });
  });
});

test("the next quiet minute is the first one that is quiet, minute by minute, from every case of the table", () => {
  const minute = 60_000;
  for (const { zone, hours, at } of QUIET_CASES) {
    const quiet = compileQuietHours(weekOf(hours), zone);
    const instant = Date.parse(at);
    let expected = instant;
    for (let step = Math.floor(instant / minute) * minute + minute; !quiet.isQuiet(expected); step += minute) expected = step;
    expect(new Date(quiet.next(instant)).toISOString(), `${zone} ${at}`).toBe(new Date(expected).toISOString());
  }
});

test("a new organisation is offered 20:00 to 08:00 and the weekend, switched off", () => {
  expect(initialQuietHours()).toEqual({
    version: 1,
    enabled: false,
    start: "20:00",
    end: "08:00",
    nights: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    quietDays: ["sat", "sun"],
    timeZone: "UTC",
    urgentPasses: true,
    heldChannels: ["email", "sms", "whatsapp", "push"],
    catchUp: true,
    bounds: null,
  });
});

test("what was saved is read back the same, days in the week's order and each once", () => {
  const saved = quietHoursSchema.parse({
    version: 3,
    enabled: true,
    quietDays: ["sun", "sat", "sun"],
    nights: ["fri", "mon"],
    heldChannels: ["push", "email", "push"],
    bounds: { earliestStart: "18:00", latestEnd: "09:00", extraDays: ["fri"], mayRefuseUrgent: true },
  });
  expect(saved).toMatchObject({ quietDays: ["sat", "sun"], nights: ["mon", "fri"], heldChannels: ["email", "push"] });
  expect(quietHoursSchema.parse(saved)).toEqual(saved);
});

test.each([
  ["a window without length", { start: "09:00", end: "09:00" }, "end", /both 09:00/],
  [
    "a week without an open minute",
    { quietDays: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] },
    "quietDays",
    /whole week would be quiet/,
  ],
  ["an hour that no clock shows", { start: "24:00" }, "start", /20:00/],
  ["a time without a leading zero", { end: "8:00" }, "end", /20:00/],
  ["a zone that does not exist", { timeZone: "Mars/Olympus" }, "timeZone", /IANA/],
  ["a day that does not exist", { quietDays: ["someday"] }, "quietDays.0", /./],
])("%s is refused at its field", (_name, fields, path, words) => {
  const parsed = quietHoursSchema.safeParse({ version: 1, enabled: true, ...fields });
  expect(parsed.error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
  expect(parsed.error?.issues[0]?.message).toMatch(words);
});

test("the picture of the week is in order and joined where windows and days meet", () => {
  const HOUR = 60;
  const DAY = 24 * HOUR;
  expect(quietRanges(weekOf("20:00–08:00; nights: fri sun; quiet: sat"))).toEqual([
    { from: 0, to: 8 * HOUR },
    { from: 4 * DAY + 20 * HOUR, to: 6 * DAY },
    { from: 6 * DAY + 20 * HOUR, to: 7 * DAY },
  ]);
});

test("a zone that nobody knows and a week that is all quiet are not compiled", () => {
  expect(() => compileQuietHours(weekOf("20:00–08:00"), "Mars/Olympus")).toThrow(RangeError);
  expect(() => compileQuietHours(weekOf("20:00–08:00; quiet: mon tue wed thu fri sat sun"), "UTC")).toThrow(RangeError);
});
