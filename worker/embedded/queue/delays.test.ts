import { expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { retryAfterMs } from "./retry-after.ts";
import { compileRetryDelay } from "./retry-delay.ts";

const NOW = Date.parse("2026-11-23T20:00:00Z");

test("a duration is read unit by unit, anything else is none", () => {
  const read = ["10s", "1m30s", "1d10h30m", "0s", "1.5h", "", "10", "s", "10x", "-1s", "1 m"].map(parseDuration);
  expect(read).toEqual([10_000, 90_000, 124_200_000, 0, 5_400_000, null, null, null, null, null, null]);
});

test("how long to wait is read from seconds, dates and durations, at most a day, never negative", () => {
  const read = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), NOW);
  expect({
    seconds: read({ "retry-after": "120" }),
    date: read({ "retry-after": "Mon, 23 Nov 2026 20:01:00 GMT" }),
    past: read({ "retry-after": "Mon, 23 Nov 2026 19:00:00 GMT" }),
    huge: read({ "retry-after": "999999999999" }),
    negative: read({ "retry-after": "-5" }),
    garbage: read({ "retry-after": "soon" }),
    reset: read({ "x-ratelimit-reset-tokens": "6m5s" }),
    first: read({ "retry-after": "garbage", "x-ratelimit-reset": "7" }),
    none: read({}),
  }).toEqual({
    seconds: 120_000,
    date: 60_000,
    past: 0,
    huge: 86_400_000,
    negative: null,
    garbage: null,
    reset: 365_000,
    first: 7_000,
    none: null,
  });
});

test("a retry delay is an expression of numbers, `retried` and nine functions", () => {
  const delays = (expression: string) => [0, 1, 2].map(compileRetryDelay(expression));
  expect(delays("1000")).toEqual([1_000, 1_000, 1_000]);
  expect(delays("pow(2, retried) * 1000")).toEqual([1_000, 2_000, 4_000]);
  expect(delays("min(max(1 + retried * 10 - 2 / 2, 5), 15)")).toEqual([5, 10, 15]);
  expect(delays("-retried")).toEqual([0, 0, 0]);
  expect(delays("exp(retried * 100)")).toEqual([1, 86_400_000, 86_400_000]);
  expect(delays("8 - 2 - 1")).toEqual([5, 5, 5]);
  expect(delays("1 / retried")).toEqual([86_400_000, 1, 1]);
});

test("what is no retry delay is refused before it is stored", () => {
  for (const expression of [
    "",
    "now()",
    "retried.constructor",
    "1 +",
    "(1",
    "1)",
    "pow(2,",
    "1;2",
    "constructor(1)",
    "a".repeat(501),
    "${1}",
  ]) {
    expect(() => compileRetryDelay(expression), expression).toThrow(/retry delay/);
  }
});
