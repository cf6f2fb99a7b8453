import { expect, test } from "vitest";
import { verdictOf } from "./template-status.ts";

test.each(["APPROVED", "REINSTATED"])("%s lets a template go on", (status) => {
  expect(verdictOf(status, "NONE", null)).toBe("usable");
});

test.each([
  ["PAUSED", "Meta has paused the template for its low quality"],
  ["DISABLED", "Meta has disabled the template for good"],
  ["REJECTED", "Meta has rejected the template"],
  ["PENDING_DELETION", "The template is being deleted"],
  ["DELETED", "The template was deleted"],
  ["ARCHIVED", "The template was archived"],
])("%s stops it, and says what to do", (status, why) => {
  expect(verdictOf(status, "NONE", null)).toEqual({ why, remedy: expect.stringMatching(/^[A-Z].+\.$/) });
});

test.each(["FLAGGED", "PENDING", "IN_APPEAL", "LIMIT_EXCEEDED", "LOCKED", "UNARCHIVED", "", "toString", "__proto__"])(
  "%j changes nothing",
  (status) => {
    expect(verdictOf(status, null, null)).toBeNull();
  },
);

test("Meta's own words go before its code, and its code before ours", () => {
  const why = (reason: string | null, words: string | null) => verdictOf("REJECTED", reason, words);
  expect(why("INCORRECT_CATEGORY", null)).toMatchObject({ why: "Meta has rejected the template: incorrect category" });
  expect(why("INVALID_FORMAT", "Variables stand at the end.")).toMatchObject({ why: "Variables stand at the end" });
  expect(why(null, "  ")).toMatchObject({ why: "Meta has rejected the template" });
  expect(why(null, "a".repeat(9_000))).toMatchObject({ why: "a".repeat(500) });
});
