import { describe, expect, test } from "vitest";
import { CODE_ROWS, outcomeOfCode, outcomeOfSilence, outcomeOfStatus } from "./errors.ts";

const TEMPLATE = { name: "crm_task_assigned", language: "en" };
const DAY = 86_400_000;

/** One fixture per row of the table, in its order. */
const FIXTURES: { code: number; says: string; expected: Record<string, unknown> }[] = [
  { code: 190, says: "Error validating access token", expected: { kind: "fault" } },
  { code: 10, says: "Application does not have permission for this action", expected: { kind: "fault" } },
  { code: 131042, says: "Business eligibility payment issue", expected: { kind: "fault" } },
  { code: 131031, says: "Account has been locked", expected: { kind: "fault" } },
  { code: 133010, says: "Phone number not registered", expected: { kind: "fault" } },
  { code: 131048, says: "Spam rate limit hit", expected: { kind: "fault" } },
  { code: 132000, says: "Number of parameters does not match", expected: { kind: "fault", template: TEMPLATE } },
  { code: 132001, says: "Template name does not exist in the translation", expected: { kind: "fault", template: TEMPLATE } },
  { code: 132007, says: "Template format character policy violated", expected: { kind: "fault", template: TEMPLATE } },
  { code: 132012, says: "Template parameter format mismatch", expected: { kind: "fault", template: TEMPLATE } },
  { code: 132015, says: "Template is paused", expected: { kind: "fault", template: TEMPLATE } },
  { code: 132016, says: "Template is disabled", expected: { kind: "fault", template: TEMPLATE } },
  { code: 131026, says: "Message undeliverable", expected: { kind: "gone", goneForMs: 30 * DAY } },
  { code: 131030, says: "Recipient phone number not in allowed list", expected: { kind: "permanent" } },
  { code: 131047, says: "Re-engagement message", expected: { kind: "permanent" } },
  { code: 130472, says: "User's number is part of an experiment", expected: { kind: "permanent" } },
  { code: 131049, says: "Not delivered to maintain healthy ecosystem engagement", expected: { kind: "permanent" } },
  { code: 130497, says: "Business account is restricted from messaging users in this country", expected: { kind: "permanent" } },
  { code: 131009, says: "Parameter value is not valid", expected: { kind: "permanent" } },
  { code: 130429, says: "Rate limit hit", expected: { kind: "retry", afterMs: 60_000, restMs: null } },
  { code: 131056, says: "Pair rate limit hit", expected: { kind: "retry" } },
  { code: 131000, says: "Something went wrong", expected: { kind: "retry" } },
];

/** reliability.md §2, code by code. */
const EVERY_CODE: Record<string, number[]> = {
  fault: [0, 3, 10, 190, 200, 250, 299, 131005, 131042, 131031, 368, 133010, 131048],
  retry: [4, 80007, 130429, 131056, 1, 2, 131000, 131016, 135000],
  gone: [131026],
  permanent: [131030, 131047, 130472, 131049, 130497, 100, 33, 131008, 131009],
  template: [132000, 132001, 132007, 132012, 132015, 132016, 132018],
};

describe("what a code of the Graph API means", () => {
  test("there is one fixture for each row, and each is decided by its own row", () => {
    expect(FIXTURES).toHaveLength(CODE_ROWS.length);
    FIXTURES.forEach(({ code, says, expected }, index) => {
      const remedy = CODE_ROWS[index]?.remedy;
      expect(outcomeOfCode(code, says, TEMPLATE), says).toEqual({ ...expected, code: String(code), said: says, remedy });
    });
  });

  test.each(Object.entries(EVERY_CODE))("every code of %s is known", (kind, codes) => {
    for (const code of codes) {
      const outcome = outcomeOfCode(code, "", TEMPLATE);
      expect(outcome.kind, String(code)).toBe(kind === "template" ? "fault" : kind);
      expect(outcome.template, String(code)).toEqual(kind === "template" ? TEMPLATE : undefined);
    }
  });

  test("no code stands in two rows, no integer throws, and an unknown one is tried again", () => {
    const all = CODE_ROWS.flatMap(({ codes }) => codes.map((one) => (typeof one === "number" ? one : one[0])));
    expect(new Set(all).size).toBe(all.length);
    const known = new Set(Object.values(EVERY_CODE).flat());
    const wrong: number[] = [];
    for (let code = -10; code <= 140_000; code++) {
      const isKnown = known.has(code) || (code >= 200 && code <= 299);
      if (!isKnown && outcomeOfCode(code).kind !== "retry") wrong.push(code);
    }
    expect(wrong).toEqual([]);
    for (const code of [NaN, Infinity, -1e300, 0.5]) expect(outcomeOfCode(code).kind).toBe("retry");
  });

  test("a template's fault never reads as the channel's, also where a webhook does not name the template", () => {
    expect(outcomeOfCode(132015).template).toEqual({ name: "", language: "" });
    expect(outcomeOfCode(190)).not.toHaveProperty("template");
  });
});

test("HTTP decides where there is no code, and silence waits for the status webhook", () => {
  expect(outcomeOfStatus(401, "x")).toMatchObject({ kind: "fault", code: "401" });
  expect(outcomeOfStatus(403, "x")).toMatchObject({ kind: "fault", code: "403" });
  expect(outcomeOfStatus(429, "x", 7_000)).toMatchObject({ kind: "retry", code: "429", afterMs: 7_000, restMs: 7_000 });
  expect(outcomeOfStatus(503, "x")).toMatchObject({ kind: "retry", code: "503" });
  for (let status = 300; status <= 599; status++) expect(outcomeOfStatus(status, "x").kind).not.toBe("ok");
  expect(outcomeOfSilence(true, "x")).toMatchObject({ kind: "ambiguous", afterMs: 300_000, unreachable: true });
  expect(outcomeOfSilence(false, "x")).toMatchObject({ kind: "retry", unreachable: true });
});
