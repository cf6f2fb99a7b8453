import { describe, expect, test } from "vitest";
import { STATUS_ROWS, combine, outcomeOfSilence, outcomeOfStatus } from "./errors.ts";

/** One fixture per row of the table, in its order. */
const FIXTURES = [
  { status: 201, kind: "ok" },
  { status: 307, kind: "permanent" },
  { status: 400, kind: "permanent" },
  { status: 401, kind: "fault" },
  { status: 403, kind: "fault" },
  { status: 404, kind: "gone" },
  { status: 410, kind: "gone" },
  { status: 413, kind: "permanent" },
  { status: 429, kind: "retry", afterMs: 30_000 },
  { status: 503, kind: "retry" },
];

describe("what a push service's answer means", () => {
  test("there is one fixture for each row, and each is decided by its own row", () => {
    expect(FIXTURES).toHaveLength(STATUS_ROWS.length);
    FIXTURES.forEach(({ status, ...expected }, index) => {
      const remedy = STATUS_ROWS[index]?.remedy;
      expect(outcomeOfStatus(status, "words")).toEqual({ ...expected, code: String(status), said: "words", ...(remedy ? { remedy } : {}) });
    });
  });

  test("no integer throws, only 200 to 202 is a yes, and what is unknown is tried again", () => {
    for (let status = -10; status <= 1_100; status++) {
      const { kind } = outcomeOfStatus(status);
      expect(kind === "ok", String(status)).toBe(status >= 200 && status <= 202);
    }
    for (const status of [0, 204, 402, 418, 600, 1e9])
      expect(outcomeOfStatus(status)).toMatchObject({ kind: "retry", code: String(status) });
  });

  test("Retry-After is obeyed where it is tried again, and only there", () => {
    expect(outcomeOfStatus(429, "", 7_000).afterMs).toBe(7_000);
    expect(outcomeOfStatus(503, "", 7_000).afterMs).toBe(7_000);
    expect(outcomeOfStatus(410, "", 7_000).afterMs).toBeUndefined();
  });
});

describe("a person's browsers together", () => {
  const together = (...statuses: number[]) =>
    combine(statuses.map((status) => ({ endpoint: `e${status}`, outcome: outcomeOfStatus(status) })));

  test("are told when one of them took it; those that are gone are named all the same", () => {
    expect(together(410, 201, 403, 500)).toMatchObject({ kind: "ok", code: "201", gone: ["e410"] });
    expect(together(201)).not.toHaveProperty("gone");
  });

  test("without one: what may pass comes before a fault, a fault before what never will", () => {
    expect(together(410, 403, 500)).toMatchObject({ kind: "retry", code: "500", gone: ["e410"] });
    expect(together(410, 403, 400)).toMatchObject({ kind: "fault", gone: ["e410"] });
    expect(together(410, 400)).toMatchObject({ kind: "permanent", gone: ["e410"] });
    expect(together(410, 404)).toMatchObject({ kind: "gone", gone: ["e410", "e404"] });
    expect(combine([])).toMatchObject({ kind: "gone", code: "no-subscription" });
    expect(combine([{ endpoint: "x", outcome: outcomeOfSilence("x") }])).toMatchObject({ kind: "retry", unreachable: true });
  });
});
