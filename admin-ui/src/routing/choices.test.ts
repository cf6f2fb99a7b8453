import { defaultRouting } from "@carillon/shared/event-types";
import { ownTypeRow } from "@carillon/shared/own-events";
import { expect, test } from "vitest";
import {
  cellsOf,
  DEFAULT_DRAFT,
  defaultAt,
  differing,
  inWords,
  nextLock,
  nextWhen,
  toCells,
  toDraft,
  withCells,
  withLock,
  withWhen,
} from "./choices.ts";

test("a matrix survives the way into the form and back", () => {
  expect(toCells(toDraft(defaultRouting()))).toEqual(defaultRouting());
});

test("a cell goes from off to on to urgent only, and back to off", () => {
  expect([nextWhen(["off"]), nextWhen(["on locked"]), nextWhen(["urgent"])]).toEqual(["on", "urgent", "off"]);
});

test("a row goes the same way in step; a mixed one goes on first", () => {
  expect(nextWhen(["on", "on locked"])).toBe("urgent");
  expect(nextWhen(["on", "off", "urgent"])).toBe("on");
});

test("one that is not locked yet makes a row lock", () => {
  expect(nextLock(["on locked", "off"])).toBe(true);
  expect(nextLock(["on locked", "off locked"])).toBe(false);
});

test("what a cell sends and whether it is locked are changed apart from each other", () => {
  expect(withWhen("off locked", "urgent")).toBe("urgent locked");
  expect(withLock("urgent locked", false)).toBe("urgent");
  expect(inWords("urgent locked")).toBe("Urgent only, locked");
  expect(inWords("off")).toBe("Off, users may change it");
});

test("a changed cell leaves the draft before as it was", () => {
  const cell = { type: "task_assigned", channel: "sms" } as const;
  const changed = withCells(DEFAULT_DRAFT, [cell], () => "urgent");
  expect(differing(DEFAULT_DRAFT, changed)).toEqual([cell]);
  expect(DEFAULT_DRAFT["task_assigned"]?.sms).toBe("off locked");
  expect(
    differing(
      DEFAULT_DRAFT,
      withCells(changed, cellsOf(Object.keys(changed)), (cell) => defaultAt(cell, {})),
    ),
  ).toEqual([]);
});

test("an own event keeps its row, after the built-in ones, and has a default of its own", () => {
  const cells = { visit_planned: ownTypeRow(), ...defaultRouting() };
  const draft = toDraft(cells);
  expect(Object.keys(draft).at(-1)).toBe("visit_planned");
  expect(toCells(draft)).toEqual(cells);
  const defaults = { visit_planned: { ...draft["visit_planned"]!, sms: "urgent" as const } };
  const sms = { type: "visit_planned", channel: "sms" } as const;
  expect([defaultAt(sms, defaults), defaultAt(sms, {})]).toEqual(["urgent", "off locked"]);
});
