import * as z from "zod";

/** JSON Schema 2020-12, as far as our schemas use it. */
export type JsonSchema = {
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
};

/** What a schema takes (`input`) or gives (`output`), without what only a machine would read. */
export function jsonSchemaOf(schema: z.ZodType, io: "input" | "output"): JsonSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (jsonSchema.format) delete jsonSchema.pattern;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return json as JsonSchema;
}

/** One line of a table: `recipients[].id`, its type in words, and what else holds for it. */
export type Field = { name: string; type: string; isRequired: boolean; notes: string[] };

/** Objects in objects are shown this deep; what lies deeper is any JSON to a reader. */
const DEEPEST = 5;

/** The fields of an object, those of objects inside it included, in the order of the schema. */
export function fieldsOf(schema: JsonSchema, prefix = "", depth = 1): Field[] {
  if (depth > DEEPEST) return [];
  const options = [schema, ...(schema.anyOf ?? [])];
  const fields: Field[] = [];
  for (const option of options) {
    for (const [name, property] of Object.entries(option.properties ?? {})) {
      const path = prefix + name;
      if (fields.some((field) => field.name === path)) continue;
      fields.push({ name: path, type: typeOf(property), isRequired: option.required?.includes(name) ?? false, notes: notesOf(property) });
      fields.push(...fieldsInside(property, path, depth));
    }
    if (typeof option.additionalProperties === "object" && Object.keys(option.additionalProperties).length > 0) {
      fields.push({
        name: `${prefix}<name>`,
        type: typeOf(option.additionalProperties),
        isRequired: false,
        notes: notesOf(option.additionalProperties),
      });
      fields.push(...fieldsInside(option.additionalProperties, `${prefix}<name>`, depth));
    }
  }
  return fields;
}

function fieldsInside(schema: JsonSchema, path: string, depth: number): Field[] {
  const inList = [schema, ...(schema.anyOf ?? [])].flatMap((option) => (option.items ? [option.items] : []));
  return [...fieldsOf(schema, `${path}.`, depth + 1), ...inList.flatMap((item) => fieldsOf(item, `${path}[].`, depth + 1))];
}

export function typeOf(schema: JsonSchema): string {
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" · ");
  const types = [schema.type ?? "any"].flat();
  return types
    .map((type) => (type === "array" ? `list of ${typeOf(schema.items ?? {})}` : (FORMATS[schema.format ?? ""] ?? type)))
    .join(" or ");
}
const FORMATS: Record<string, string> = { "date-time": "time", date: "day", email: "email address", uri: "address" };

function notesOf(schema: JsonSchema): string[] {
  const options = [schema, ...(schema.anyOf ?? [])];
  const notes = schema.description ? [schema.description] : [];
  if (schema.default !== undefined) notes.push(`${JSON.stringify(schema.default)} unless given`);
  for (const { minimum, maximum, minItems, maxItems, maxLength } of options) {
    if (minimum !== undefined && maximum !== undefined) notes.push(`${minimum} to ${maximum}`);
    else if (minimum !== undefined) notes.push(`at least ${minimum}`);
    if (maxItems !== undefined) notes.push(`${minItems ?? 0} to ${maxItems} items`);
    if (maxLength !== undefined) notes.push(`at most ${maxLength} characters`);
  }
  return [...new Set(notes)];
}
