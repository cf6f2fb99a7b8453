import { expect, test } from "vitest";
import { lineOf, readJson } from "./json.ts";

test.each([
  '{"a": [1, -2.5e3, true, null, "ä\\n\\u00e4"], "b": {}}',
  " [] ",
  '"x"',
  "0",
  '{"": {"": 1}}',
  '{"__proto__": 1}',
  '"\u007f\u0085😀"',
])("%s is read as JSON.parse reads it", (text) => expect(JSON.stringify(readJson(text))).toContain(JSON.stringify(JSON.parse(text))));

test("each value has its place", () => {
  const text = '{\n  "a": {"b": [1,\n    2]},\n  "c": "x"\n}';
  const read = readJson(text);
  if (!("places" in read)) throw new Error(read.message);
  const lines = Object.fromEntries([...read.places].map(([path, place]) => [path, lineOf(text, place)]));
  expect(lines).toEqual({ "": 1, a: 2, "a.b": 2, "a.b.0": 2, "a.b.1": 3, c: 4 });
});

test.each([
  ['{\n  "a": 1,\n}', 3, "A name in double quotes is expected"],
  ['{\n  "a": 1\n  "b": 2\n}', 3, "A comma or } is expected"],
  ['{\n  "a" 1\n}', 2, "A colon is expected after “a”"],
  ['{"a": 1,\n "a": 2}', 2, "“a” is there twice"],
  ['{"a":\n yes}', 2, "A value is expected: text in double quotes, a number, true, false, null, { or ["],
  ["{'a': 1}", 1, "A name in double quotes is expected"],
  ['{"a": "x\n"}', 1, "This text has no end on its line, or an escape that JSON does not know"],
  ["[1,\n2", 2, "] is missing"],
  ["[1,\n", 2, "A value is missing"],
  ["{}\n{}", 2, "Nothing may follow the end"],
  ["01", 1, "Nothing may follow the end"],
])("%j is refused in line %i", (text, line, message) => {
  const read = readJson(text);
  expect("message" in read && [lineOf(text, read.place), read.message]).toEqual([line, message]);
});
