import { expect, test } from "vitest";
import { attemptRef, parseAttemptRef } from "./attempt-ref.ts";

test("a delivery and its try are read back from what names them", () => {
  for (const one of [
    { deliveryId: "0-1j", attempt: 1 },
    { deliveryId: "13-zz9", attempt: 1_234 },
  ]) {
    expect(parseAttemptRef(attemptRef(one))).toEqual(one);
  }
  expect(attemptRef({ deliveryId: "test.17f" })).toBe("test.17f");
});

test.each(["0-1j", "", ".2", "0-1j.", "0-1j.0", "0-1j.x", "0-1j.12345"])("%j names no try", (ref) => {
  expect(parseAttemptRef(ref)).toEqual({ deliveryId: ref, attempt: null });
});
