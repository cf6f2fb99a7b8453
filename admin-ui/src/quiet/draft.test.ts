import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { expect, test } from "vitest";
import { toDraft, toQuietHours, valueWords } from "./draft.ts";

const bounds = { earliestStart: "18:00", latestEnd: "09:00", extraDays: ["fri" as const], mayRefuseUrgent: true };

test("quiet hours survive the way into the form and back, with bounds and without", () => {
  for (const hours of [initialQuietHours(), { ...initialQuietHours(), bounds }]) expect(toQuietHours(toDraft(hours), 1)).toEqual(hours);
});

test("without bounds the form offers the organisation's own window as bounds", () => {
  expect(toDraft(initialQuietHours()).bounds).toEqual({
    earliestStart: "20:00",
    latestEnd: "08:00",
    extraDays: [],
    mayRefuseUrgent: false,
  });
});

test("values are told in words", () => {
  expect([true, "20:00", ["sat", "sun"], ["email", "push"], []].map(valueWords)).toEqual([
    "On",
    "20:00",
    "Saturday and Sunday",
    "Email, Browser Push",
    "none",
  ]);
});
