import { expect, test } from "vitest";
import { fingerprintOf } from "./fingerprint.ts";

const event = { id: "e1", type: "mention", recipients: ["u1", { id: "u2", name: "Ada" }], data: { n: 1, deep: { a: null, b: [true] } } };

test("the order of keys is of no account, that of a list is", () => {
  const turned = { data: { deep: { b: [true], a: null }, n: 1 }, recipients: ["u1", { name: "Ada", id: "u2" }], type: "mention", id: "e1" };
  expect(fingerprintOf(turned)).toBe(fingerprintOf(event));
  expect(fingerprintOf({ ...event, recipients: event.recipients.toReversed() })).not.toBe(fingerprintOf(event));
});

test("a field without a value is no field", () => {
  expect(fingerprintOf({ ...event, link: undefined })).toBe(fingerprintOf(event));
  expect(fingerprintOf({ ...event, link: null })).not.toBe(fingerprintOf(event));
});

test("it stays the same for ever, because it is stored with the event", () => {
  expect(fingerprintOf(event)).toMatchInlineSnapshot(`"035a0f3f27b5fd2653c34b46c4e4e45c"`);
});

test("values that look alike differ", () => {
  const alike: unknown[] = [
    "",
    " ",
    "1",
    1,
    -1,
    1.5,
    true,
    false,
    null,
    [],
    {},
    [[]],
    [{}],
    { a: [] },
    { a: {} },
    ["1"],
    [1],
    [1, 2],
    [2, 1],
    [[1], 2],
  ];
  alike.push({ a: "b" }, { b: "a" }, { a: { b: "c" } }, { a: "b", b: "a" }, { a: "a", b: "b" }, "null", "true", [null], { a: null });
  expect(new Set(alike.map(fingerprintOf)).size).toBe(alike.length);
});

test("ten thousand bodies that differ in one place, in each lane by itself", () => {
  const prints = Array.from({ length: 10_000 }, (_, n) => fingerprintOf({ ...event, data: { n } }));
  for (const from of [0, 8, 16, 24]) {
    // Of ten thousand values in 32 bits some 0.01 pairs meet by chance.
    expect(new Set(prints.map((print) => print.slice(from, from + 8))).size).toBeGreaterThan(9_997);
  }
});
