import { expect, test } from "vitest";
import { StageFailure, absoluteLink, isPublicUrl, retryAfter, said, stagesOf } from "./provider.ts";

const DATE = Date.parse("Mon, 23 Nov 2026 20:00:00 GMT");

test.each([
  ["7", 7_000],
  [" 1 ", 1_000],
  ["Mon, 23 Nov 2026 20:01:00 GMT", 60_000],
  ["999999999999", 86_400_000],
  ["Fri, 31 Dec 9999 23:59:59 GMT", 86_400_000],
  ["0", undefined],
  ["-5", undefined],
  ["Mon, 23 Nov 2026 19:00:00 GMT", undefined],
  ["soon", undefined],
  ["", undefined],
  [null, undefined],
])("Retry-After %j is %s ms", (header, ms) => expect(retryAfter(header, DATE)).toBe(ms));

test("a date without the provider's own clock says nothing", () => {
  expect(retryAfter("Mon, 23 Nov 2026 20:01:00 GMT", NaN)).toBeUndefined();
  expect(retryAfter("7", NaN)).toBe(7_000);
});

test("a provider's words come on one line, short and without secrets", () => {
  expect(said("Malformed access token\r\n EAAB1234secret!", { accessToken: "EAAB1234secret", empty: "" })).toBe(
    "Malformed access token •••!",
  );
  expect(said("x".repeat(2_000), {})).toHaveLength(500);
  expect(said(`${"x".repeat(499)}😀`, {}).isWellFormed()).toBe(true);
});

test.each([
  ["https://crm.example.com/a?b=c", "https://crm.example.com/a?b=c"],
  ["/tasks/77", "https://notify.example.com/tasks/77"],
  ["http://localhost:3000/x", "http://localhost:3000/x"],
  ["http://crm.example.com/x", null],
  ["//evil.example.com", null],
  ["javascript:alert(1)", null],
  ["https://crm.example.com/a b", null],
  [null, null],
])("the link %j leads to %j", (link, expected) => expect(absoluteLink(link, "https://notify.example.com")).toBe(expected));

test("only a public https address can be called from the internet", () => {
  expect(
    ["https://notify.example.com", "http://notify.example.com", "https://localhost", "https://10.0.0.1", "x"].map(isPublicUrl),
  ).toEqual([true, false, false, false, false]);
});

test("a test stops at the first stage that fails; what nobody foresaw is thrown", async () => {
  const steps = [
    ["one", async () => "fine"],
    ["two", async () => Promise.reject(new StageFailure({ said: "no", remedy: "Do this." }))],
    ["three", async () => "never"],
  ] as const;
  const stages = await Array.fromAsync(stagesOf(steps));
  expect(stages).toEqual([
    { stage: "one", ok: true, ms: expect.any(Number), said: "fine" },
    { stage: "two", ok: false, ms: expect.any(Number), said: "no", remedy: "Do this." },
    { stage: "done", ok: false, ms: expect.any(Number) },
  ]);
  await expect(Array.fromAsync(stagesOf([["one", async () => Promise.reject(new TypeError("x"))]]))).rejects.toThrow(TypeError);
});
