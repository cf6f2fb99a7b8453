import { defaultRouting, EVENT_TYPES } from "@carillon/shared/event-types";
import { eventTypesPutSchema, ownEventTypeSchema, ownTypeRow, viewEventTypes } from "@carillon/shared/own-events";
import { expect, test } from "vitest";
import { issuesIn } from "../form/issues.ts";
import { atFields, keyFor, keyIssue, labelsOf, newDraft, schemaProblems, toSection, toTypes, typesSchema } from "./draft.ts";

const own = ownEventTypeSchema.parse({
  type: "site_visit",
  name: "Site visit",
  priority: "high",
  schema: { type: "object", required: ["title"] },
  defaults: { ...ownTypeRow(), email: { when: "urgent", locked: true } },
});
const list = viewEventTypes({ version: 3, own: [own], priorities: { mention: "high" } });

test("what is loaded and saved without a change is the same", () => {
  const section = toSection(list);
  expect(section.builtIn.mention).toEqual({ priority: "high" });
  expect(section.own["site_visit"]).toMatchObject({ schema: '{\n  "type": "object",\n  "required": [\n    "title"\n  ]\n}' });
  const types = toTypes(section);
  expect(eventTypesPutSchema.parse({ version: 3, types }).types).toHaveLength(15);
  expect(ownEventTypeSchema.parse(types[14])).toEqual(own);
  expect(types.slice(0, 14)).toEqual(
    EVENT_TYPES.map((type) => ({ type, builtIn: true, priority: type === "mention" ? "high" : "normal" })),
  );
});

test("a new type begins with the bell alone and takes any data", () => {
  const [saved] = toTypes({ builtIn: toSection(list).builtIn, own: { parcel: newDraft("Parcel") } }).slice(14);
  expect(ownEventTypeSchema.parse(saved)).toMatchObject({ name: "Parcel", priority: "normal", schema: null, defaults: ownTypeRow() });
});

test("a name suggests its key, and a key that is taken, archived, built in or no key at all is refused", () => {
  expect(["Site visit", "  3 Überraschungen! ", "a", "Größe & Maß", "日本"].map(keyFor)).toEqual([
    "site_visit",
    "uberraschungen",
    "a",
    "gro_e_ma",
    "",
  ]);
  const taken = { site_visit: newDraft("x"), old: { ...newDraft("y"), archived: true } };
  expect(["parcel", "site_visit", "old", "mention", "A b"].map((key) => keyIssue(key, taken))).toEqual([
    null,
    "This key is taken",
    "An archived event type has this key; unarchive it",
    "This is a built-in event",
    "2 to 50 small letters, digits or _, beginning with a letter",
  ]);
});

test("what is wrong with a schema is told by its line, mistakes of JSON before those of the schema", () => {
  expect(schemaProblems("")).toEqual([]);
  expect(schemaProblems('{"type": "object"}')).toEqual([]);
  expect(schemaProblems('{\n  "type": "object",\n}')).toMatchObject([{ line: 3, message: "A name in double quotes is expected" }]);
  const text = '{\n  "properties": {\n    "a": {"type": "strin"},\n    "b": {"minLength": -1}\n  },\n  "required": "a"\n}';
  expect(schemaProblems(text).map(({ line, message }) => `${line} ${message}`)).toEqual([
    "3 properties.a.type: One of object, array, string, number, integer, boolean, null, or a list of them",
    "4 properties.b.minLength: A whole number, 0 or more",
    "6 required: A list of names, each once",
  ]);
  expect(schemaProblems("[]")).toMatchObject([{ line: 1, message: "A schema: an object, true or false" }]);
  const section = { ...toSection(list), own: { a: { ...newDraft(" "), schema: text } } };
  expect(issuesIn(typesSchema, section)).toMatchObject({
    "own.a.name": "Give it a name",
    "own.a.schema": expect.stringMatching(/^Line 3: /),
  });
});

test("what the server says against the list stands at the fields, and each field has a label", () => {
  const section = toSection(list);
  const said = ["types.9.priority", "types.14.name", "types.14.schema.properties.a", "types"].map((path) => ({ path, message: "no" }));
  expect(atFields(said, section)).toEqual([
    { path: "builtIn.mention.priority", message: "no" },
    { path: "own.site_visit.name", message: "no" },
    { path: "own.site_visit.schema", message: "properties.a: no" },
    { path: "types", message: "no" },
  ]);
  const channels = Object.fromEntries(Object.keys(defaultRouting().mention!).map((name) => [name, name])) as never;
  expect(labelsOf(section, channels)["own.site_visit.defaults.push"]).toBe("site_visit · Default on push");
});
