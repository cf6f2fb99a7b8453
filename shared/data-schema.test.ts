import { expect, test } from "vitest";
import { dataSchemaIssues } from "./data-schema.ts";

const places = (schema: unknown) => dataSchemaIssues(schema).map(({ path }) => path);

test("a schema as people write it has nothing wrong with it", () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    required: ["title"],
    properties: {
      title: { type: "string", minLength: 1, pattern: "^\\p{L}" },
      at: { type: ["string", "null"], format: "date-time" },
      guests: { type: "array", items: { $ref: "#/$defs/guest" }, maxItems: 20, uniqueItems: true },
      size: { enum: ["small", "large"], default: "small" },
    },
    $defs: { guest: { type: "object", properties: { name: { type: "string" } } } },
    additionalProperties: false,
    anyOf: [{ required: ["at"] }, true],
    "x-own": { type: "nonsense" },
  };
  expect(dataSchemaIssues(schema)).toEqual([]);
  expect(dataSchemaIssues({})).toEqual([]);
});

test("each mistake is told at its place", () => {
  expect(places({ type: "strin" })).toEqual(["schema.type"]);
  expect(places({ properties: { title: { type: "text" }, size: { minLength: "1" } } })).toEqual([
    "schema.properties.title.type",
    "schema.properties.size.minLength",
  ]);
  expect(places({ required: "title" })).toEqual(["schema.required"]);
  expect(places({ required: ["a", "a"] })).toEqual(["schema.required"]);
  expect(places({ properties: [] })).toEqual(["schema.properties"]);
  expect(places({ properties: { a: "string" } })).toEqual(["schema.properties.a"]);
  expect(places({ anyOf: [] })).toEqual(["schema.anyOf"]);
  expect(places({ allOf: [{}, { enum: [] }] })).toEqual(["schema.allOf.1.enum"]);
  expect(places({ properties: { a: { pattern: "(" } } })).toEqual(["schema.properties.a.pattern"]);
  expect(places({ patternProperties: { "[": {} } })).toEqual(["schema.patternProperties.["]);
  expect(places({ dependentRequired: { a: "b" } })).toEqual(["schema.dependentRequired.a"]);
  expect(places({ multipleOf: 0 })).toEqual(["schema.multipleOf"]);
  expect(places("object")).toEqual(["schema"]);
});

test("a schema that would refuse every event, because data is an object, is refused itself", () => {
  expect(dataSchemaIssues({ type: ["string", "null"] })).toEqual([
    { path: "schema.type", message: "data is always an object, so that this would refuse every event" },
  ]);
  expect(places({ type: ["null", "object"] })).toEqual([]);
});
