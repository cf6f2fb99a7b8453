import { assert, jsonValue, property } from "fast-check";
import { expect, test } from "vitest";
import { fingerprintOf } from "@carillon/worker/pipeline/fingerprint";

/** The text of a value with its keys in order: equal for the same values and for none else. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonical(field)}`).join()}}`;
}

test("two values have one fingerprint exactly when they are the same", () => {
  const json = jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  assert(
    property(json, json, (a, b) => {
      expect(fingerprintOf(a) === fingerprintOf(b)).toBe(canonical(a) === canonical(b));
    }),
    { numRuns: 20_000 },
  );
});
