import { expect, test } from "vitest";
import { parseNumber, writeNumber } from "./number.ts";

test.each([
  ["+4915112345601", "+4915112345601"],
  ["+49 (151) 123-456 01", "+4915112345601"],
  ["0049 151 12345601", "+4915112345601"],
  [" +1 (555) 123-4567 ", "+15551234567"],
  ["+15005021211", "+15005021211"],
  ["0151 12345601", null],
  ["555-1234", null],
  ["+49", null],
  ["+999123456789", null],
  ["+1 555 123 4567 89", null],
  ["", null],
  ["eve@example.com", null],
  ["+".repeat(5_000), null],
])("%j is %s", (typed, number) => expect(parseNumber(typed)).toBe(number));

test("numbers are shown as people write them", () => {
  expect(writeNumber("+4915112345601")).toBe("+49 1511 2345601");
  expect(writeNumber("+12025550102")).toBe("+1 202 555 0102");
  expect(writeNumber("ACME")).toBe("ACME");
});
