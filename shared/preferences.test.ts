import { expect, test } from "vitest";
import { defaultRouting, type RoutingCell } from "./event-types.ts";
import { cellsInForce, checkAgainstLocks, preferenceOf, preferencesSchema, routeFor } from "./preferences.ts";

const cell = (when: RoutingCell["when"], locked = false): RoutingCell => ({ when, locked });

test.each([
  // when, locked, preference, normal event, high event
  ["on", false, undefined, "matrix", "matrix"],
  ["on", false, true, "matrix", "matrix"],
  ["on", false, false, "user-muted", "user-muted"],
  ["off", false, undefined, "matrix-off", "matrix-off"],
  ["off", false, true, "matrix", "matrix"],
  ["off", false, false, "user-muted", "user-muted"],
  ["urgent", false, undefined, "urgent-only", "matrix"],
  ["urgent", false, true, "urgent-only", "matrix"],
  ["urgent", false, false, "user-muted", "user-muted"],
  ["on", true, undefined, "matrix", "matrix"],
  ["on", true, true, "matrix", "matrix"],
  ["on", true, false, "matrix", "matrix"],
  ["off", true, undefined, "matrix-off", "matrix-off"],
  ["off", true, true, "matrix-off", "matrix-off"],
  ["off", true, false, "matrix-off", "matrix-off"],
  ["urgent", true, undefined, "urgent-only", "matrix"],
  ["urgent", true, true, "urgent-only", "matrix"],
  ["urgent", true, false, "urgent-only", "matrix"],
] as const)("a cell that is %s (locked: %s) with preference %s: %s, urgent %s", (when, locked, preference, normal, high) => {
  const route = (why: string) => ({ send: why === "matrix", why });
  expect(routeFor(cell(when, locked), preference, "normal")).toEqual(route(normal));
  expect(routeFor(cell(when, locked), preference, "low")).toEqual(route(normal));
  expect(routeFor(cell(when, locked), preference, "high")).toEqual(route(high));
});

test("a cell that the matrix does not have is off, whatever a person wants", () => {
  expect(routeFor(undefined, true, "high")).toEqual({ send: false, why: "matrix-off" });
});

test("preferences that say nothing follow the matrix and the organisation", () => {
  expect(preferencesSchema.parse({})).toEqual({ cells: {}, digest: {}, quietHours: null, timeZone: null, locale: null });
});

test("preferences are read back as they were saved", () => {
  const saved = preferencesSchema.parse({
    cells: { mention: { email: false, push: true } },
    digest: { note_added: "daily@08:30", mention: "15m" },
    quietHours: { enabled: true, start: "22:00", end: "06:00", quietDays: ["sun"], urgentPasses: true },
    timeZone: "America/Lima",
    locale: "es-PE",
  });
  expect(preferencesSchema.parse(saved)).toEqual(saved);
});

test.each([
  ["a channel that does not exist", { cells: { mention: { fax: true } } }, "cells.mention"],
  ["a wish that is neither yes nor no", { cells: { mention: { email: "yes" } } }, "cells.mention.email"],
  ["a digest that does not exist", { digest: { mention: "weekly" } }, "digest.mention"],
  ["quiet hours without length", { quietHours: { enabled: true, start: "20:00", end: "20:00" } }, "quietHours.end"],
  [
    "quiet hours all week",
    { quietHours: { enabled: true, quietDays: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] } },
    "quietHours.quietDays",
  ],
  ["a zone that does not exist", { timeZone: "Mars/Olympus" }, "timeZone"],
])("%s is refused", (_name, input, path) => {
  expect(preferencesSchema.safeParse(input).error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
});

test("locked cells and unknown events are named, and left out of what is in force", () => {
  const cells = preferencesSchema.parse({
    cells: { mention: { email: false, sms: true }, no_such_event: { email: true }, toString: { email: true } },
  }).cells;
  const routing = defaultRouting();
  expect(checkAgainstLocks(cells, routing).map(({ path }) => path)).toEqual([
    "cells.mention.sms",
    "cells.no_such_event.email",
    "cells.toString.email",
  ]);
  expect(cellsInForce(cells, routing)).toEqual({ mention: { email: false } });
  routing.mention!.email.locked = true;
  expect(cellsInForce(cells, routing)).toEqual({});
});

test("an event that is named like something every object has is no preference", () => {
  expect(preferenceOf({}, "constructor", "email")).toBeUndefined();
  expect(preferenceOf({ mention: { email: false } }, "mention", "email")).toBe(false);
});
