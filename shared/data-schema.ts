import type { Issue } from "./events.ts";

/** What a JSON Schema (draft 2020-12) may say of `type`. */
const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"];

type Check = (value: unknown, path: string) => Issue[];
type Keywords = Record<string, unknown>;

/**
 * What is wrong with a JSON Schema for an event's `data`, by the path of each place below `path`. A validator takes most mistakes
 * without a word and then refuses every event, or none. Unknown keywords are allowed, as the standard has it.
 */
export function dataSchemaIssues(schema: unknown, path = "schema"): Issue[] {
  const issues = schemaIssues(schema, path);
  if (issues.length > 0 || !isObject(schema)) return issues;
  const types = schema["type"] === undefined ? ["object"] : [schema["type"]].flat();
  return types.includes("object") ? [] : [issue(`${path}.type`, "data is always an object, so that this would refuse every event")];
}

function schemaIssues(schema: unknown, path: string): Issue[] {
  if (typeof schema === "boolean") return [];
  if (!isObject(schema)) return [issue(path, "A schema: an object, true or false")];
  return Object.entries(schema).flatMap(([keyword, value]) => CHECKS.get(keyword)?.(value, `${path}.${keyword}`) ?? []);
}

const issue = (path: string, message: string): Issue => ({ path, message });
const isObject = (value: unknown): value is Keywords => typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

const must =
  (holds: (value: unknown) => boolean, message: string): Check =>
  (value, path) =>
    holds(value) ? [] : [issue(path, message)];

const texts = must(
  (value) => Array.isArray(value) && value.every((one) => typeof one === "string") && new Set(value).size === value.length,
  "A list of names, each once",
);
const pattern = must(isPattern, "A regular expression");

const schemas: Check = (value, path) =>
  Array.isArray(value) && value.length > 0
    ? value.flatMap((one, index) => schemaIssues(one, `${path}.${index}`))
    : [issue(path, "A list of schemas, at least one")];

const named: Check = (value, path) =>
  isObject(value)
    ? Object.entries(value).flatMap(([name, one]) => schemaIssues(one, `${path}.${name}`))
    : [issue(path, "An object with a schema for each name")];

const byPattern: Check = (value, path) => [
  ...named(value, path),
  ...Object.keys(isObject(value) ? value : {}).flatMap((name) => pattern(name, `${path}.${name}`)),
];

const dependent: Check = (value, path) =>
  isObject(value)
    ? Object.entries(value).flatMap(([name, one]) => texts(one, `${path}.${name}`))
    : [issue(path, "An object with a list of names for each name")];

const type: Check = (value, path) => {
  const named = Array.isArray(value) ? value : [value];
  const isKnown = named.length > 0 && named.every((one) => TYPES.includes(one as string)) && new Set(named).size === named.length;
  return isKnown ? [] : [issue(path, `One of ${TYPES.join(", ")}, or a list of them`)];
};

/** What each keyword takes. */
const TAKES: [Check, string[]][] = [
  [type, ["type"]],
  [must((value) => Array.isArray(value) && value.length > 0, "A list of values, at least one"), ["enum"]],
  [schemaIssues, ["additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else"]],
  [schemaIssues, ["unevaluatedProperties", "unevaluatedItems"]],
  [schemas, ["prefixItems", "allOf", "anyOf", "oneOf"]],
  [named, ["properties", "$defs", "dependentSchemas"]],
  [byPattern, ["patternProperties"]],
  [texts, ["required"]],
  [dependent, ["dependentRequired"]],
  [must((value) => typeof value === "number", "A number"), ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]],
  [must((value) => typeof value === "number" && value > 0, "A number above 0"), ["multipleOf"]],
  [must(isCount, "A whole number, 0 or more"), ["minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"]],
  [must(isCount, "A whole number, 0 or more"), ["minProperties", "maxProperties"]],
  [must((value) => typeof value === "boolean", "true or false"), ["uniqueItems"]],
  [must((value) => typeof value === "string", "A text"), ["format", "title", "description", "$ref"]],
  [pattern, ["pattern"]],
];
const CHECKS = new Map(TAKES.flatMap(([check, keywords]) => keywords.map((keyword) => [keyword, check] as const)));

function isPattern(value: unknown): boolean {
  if (typeof value !== "string") return false;
  try {
    new RegExp(value, "u");
    return true;
  } catch {
    return false;
  }
}
