import { describe, expect, test } from "vitest";
import { CODE_ROWS, outcomeOfAnswer, outcomeOfCode, outcomeOfSilence } from "./errors.ts";

const MINUTE = 60_000;

/** One fixture per row of the table, in its order. */
const FIXTURES: { code: number; says: string; expected: Record<string, unknown> }[] = [
  { code: 20003, says: "Authenticate", expected: { kind: "fault" } },
  { code: 20005, says: "Account not active", expected: { kind: "fault" } },
  { code: 20008, says: "Resource not accessible with Test Account Credentials", expected: { kind: "fault" } },
  { code: 20404, says: "The requested resource was not found", expected: { kind: "fault" } },
  { code: 21603, says: "A 'From' phone number is required.", expected: { kind: "fault" } },
  { code: 21606, says: "The 'From' phone number is not a valid, SMS-capable inbound number", expected: { kind: "fault" } },
  { code: 21212, says: "The 'From' number is not a valid phone number", expected: { kind: "fault" } },
  { code: 21659, says: "'From' is not a Twilio phone number or Short Code country mismatch", expected: { kind: "fault" } },
  { code: 30002, says: "Account suspended", expected: { kind: "fault" } },
  { code: 30034, says: "Message from an Unregistered Number", expected: { kind: "fault" } },
  { code: 21211, says: "The 'To' number is not a valid phone number.", expected: { kind: "gone" } },
  { code: 21614, says: "'To' number is not a valid mobile number", expected: { kind: "gone" } },
  { code: 21610, says: "Attempt to send to unsubscribed recipient", expected: { kind: "gone", optedOut: true } },
  { code: 30005, says: "Unknown destination handset", expected: { kind: "gone" } },
  { code: 30006, says: "Landline or unreachable carrier", expected: { kind: "gone" } },
  { code: 21408, says: "Permission to send an SMS has not been enabled for the region", expected: { kind: "permanent" } },
  { code: 21612, says: "The 'To' phone number is not currently reachable using the 'From' phone number", expected: { kind: "permanent" } },
  { code: 21602, says: "Message body is required.", expected: { kind: "permanent" } },
  { code: 21617, says: "The concatenated message body exceeds the 1600 character limit", expected: { kind: "permanent" } },
  { code: 30004, says: "Message blocked", expected: { kind: "permanent" } },
  { code: 30007, says: "Message filtered", expected: { kind: "permanent" } },
  { code: 30036, says: "Validity Period Expired", expected: { kind: "permanent", expired: true } },
  { code: 20429, says: "Too Many Requests", expected: { kind: "retry", afterMs: 5_000, restMs: null } },
  {
    code: 21611,
    says: "This 'From' number has exceeded the maximum number of queued messages",
    expected: { kind: "retry", afterMs: 10 * MINUTE, restMs: null },
  },
  { code: 30001, says: "Queue overflow", expected: { kind: "retry", afterMs: 10 * MINUTE } },
  { code: 30022, says: "US A2P 10DLC - Rate Limits Exceeded", expected: { kind: "retry", afterMs: 10 * MINUTE } },
  { code: 30023, says: "US A2P 10DLC - Daily Message Cap Reached", expected: { kind: "retry", afterMs: 10 * MINUTE } },
  { code: 30003, says: "Unreachable destination handset", expected: { kind: "retry", atMostMs: 120 * MINUTE } },
  { code: 30008, says: "Unknown error", expected: { kind: "retry", atMostMs: 120 * MINUTE } },
];

describe("what a Twilio code means", () => {
  test("there is one fixture for each row, and each is decided by its own row", () => {
    expect(FIXTURES).toHaveLength(CODE_ROWS.length);
    FIXTURES.forEach(({ code, says, expected }, index) => {
      const row = CODE_ROWS[index];
      expect(row?.codes, says).toContain(code);
      expect(outcomeOfCode(code, says)).toEqual({ ...expected, code: String(code), said: says, remedy: row?.remedy });
    });
  });

  test("no code stands in two rows", () => {
    const all = CODE_ROWS.flatMap(({ codes }) => codes);
    expect(new Set(all).size).toBe(all.length);
  });

  test("every integer and what is none has an outcome, and an unknown one is tried again", () => {
    const known = new Set(CODE_ROWS.flatMap(({ codes }) => codes));
    const wrong: number[] = [];
    for (let code = -10; code <= 70_000; code++) if (!known.has(code) && outcomeOfCode(code).kind !== "retry") wrong.push(code);
    expect(wrong).toEqual([]);
    for (const code of [Number.MAX_SAFE_INTEGER, -1e300, NaN, Infinity, 0.5]) expect(outcomeOfCode(code).kind).toBe("retry");
  });
});

describe("what an answer means", () => {
  test("429 was never processed and waits as long as it says", () => {
    expect(outcomeOfAnswer(429, 20429, "slow down", 7_000)).toMatchObject({ kind: "retry", afterMs: 7_000, restMs: 7_000, code: "20429" });
    expect(outcomeOfAnswer(429, null, "")).toMatchObject({ kind: "retry", afterMs: 5_000, restMs: null });
  });

  test("a server's error and silence leave it open whether the message went out", () => {
    expect(outcomeOfAnswer(503, 20503, "x")).toMatchObject({ kind: "ambiguous", code: "20503" });
    expect(outcomeOfAnswer(500, null, "x")).toMatchObject({ kind: "ambiguous", code: "500" });
    expect(outcomeOfSilence(true, "x")).toMatchObject({ kind: "ambiguous" });
    expect(outcomeOfSilence(false, "x")).toMatchObject({ kind: "retry", unreachable: true });
  });

  test("HTTP decides where there is no code; no status throws or is a yes", () => {
    expect(outcomeOfAnswer(401, null, "x")).toMatchObject({ kind: "fault", code: "401" });
    expect(outcomeOfAnswer(404, null, "x")).toMatchObject({ kind: "fault", code: "404" });
    for (let status = 300; status <= 599; status++) expect(outcomeOfAnswer(status, null, "x").kind).not.toBe("ok");
    expect(outcomeOfAnswer(302, null, "moved")).toMatchObject({ kind: "retry", code: "302", said: "moved" });
  });
});
