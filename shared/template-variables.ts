import * as z from "zod";
import { EVENT_DATA, isEventType } from "./event-types.ts";
import type { OwnEventType } from "./own-events.ts";
import type { VariableKind } from "./templates.ts";
import { VARIABLES, type Variable } from "./variables.ts";

/** What an event type's texts may name, with a value that such an event could carry. */
export type KnownVariable = { name: string; kind: VariableKind; description: string; sample: unknown; mayBeMissing: boolean };

const ABOUT: Record<Variable, [description: string, sample: string | number]> = {
  actorName: ["Who did it", "Kim Sander"],
  task_title: ["The task's title", "Call Acme about the renewal"],
  task_dueAt: ["When the task is due", "2026-11-24T09:00:00Z"],
  lead_name: ["The lead's name", "Acme Ltd"],
  lead_stage: ["The lead's stage now", "Qualified"],
  lead_previousStage: ["The lead's stage before", "New"],
  deal_name: ["The deal's name", "Acme, yearly plan"],
  deal_stage: ["The deal's stage now", "Negotiation"],
  deal_amount: ["What the deal is worth, with its currency", 18_400],
  deal_currency: ["The currency alone; the amount brings it along", "EUR"],
  text: ["What somebody wrote", "They want an offer by Friday."],
  record_name: ["The record that it stands on", "Acme Ltd"],
  approval_title: ["What is to be approved", "Discount of 15 % for Acme"],
  approval_decision: ["How it was decided, such as approved or rejected", "approved"],
  target_name: ["The target's name", "Q4 revenue"],
  target_percent: ["How much of the target is reached", 75],
  import_name: ["The import's name", "leads.csv"],
  import_created: ["How many records were created", 1_200],
  import_failed: ["How many records failed", 3],
};

/** The variables of a type: of a built-in one what its data's schema names, of an own one its schema's top-level properties. */
export function variablesOf(type: string, own: Pick<OwnEventType, "name" | "schema"> | null): KnownVariable[] {
  if (isEventType(type)) {
    const paths = pathsOf(EVENT_DATA[type]);
    return (Object.keys(VARIABLES) as Variable[])
      .filter((name) => paths.includes(name))
      .map((name) => ({ name, kind: VARIABLES[name], description: ABOUT[name][0], sample: ABOUT[name][1], mayBeMissing: true }));
  }
  const { properties, required } = readSchema(own?.schema ?? null);
  const known = { ...ALWAYS, ...properties };
  return [
    { name: "eventName", kind: "text", description: "What this event is called", sample: own?.name ?? type, mayBeMissing: false },
    ...Object.entries(known).map(([name, property]) => ownVariable(name, property, !required.includes(name))),
  ];
}

/** Data of an event that carries all of them, for previews. */
export function sampleData(type: string, variables: KnownVariable[]): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const { name, sample } of variables) {
    const underscore = isEventType(type) ? name.indexOf("_") : -1;
    if (underscore < 0) data[name] = sample;
    else data[name.slice(0, underscore)] = { ...(data[name.slice(0, underscore)] as object), [name.slice(underscore + 1)]: sample };
  }
  return data;
}

/** `task: {title}` is `task_title`. */
function pathsOf(schema: z.ZodType, prefix = ""): string[] {
  const inner = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable ? (schema.unwrap() as z.ZodType) : schema;
  if (inner !== schema) return pathsOf(inner, prefix);
  if (!(inner instanceof z.ZodObject)) return [prefix];
  return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([key, value]) =>
    pathsOf(value, prefix ? `${prefix}_${key}` : key),
  );
}

type Property = Record<string, unknown>;

/** What every event of an own type may carry, whatever its schema says. */
const ALWAYS: Record<string, Property> = {
  title: { description: "What the event is about, in a few words", examples: ["Dock 4"] },
  text: { description: "What the event says", examples: ["They are expected at nine."] },
};

/** Names that can stand between braces. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,49}$/;

function readSchema(schema: Record<string, unknown> | null): { properties: Record<string, Property>; required: unknown[] } {
  const properties: Record<string, Property> = {};
  for (const [name, property] of Object.entries((schema?.["properties"] ?? {}) as Record<string, unknown>)) {
    if (!NAME.test(name) || name === "eventName" || typeof property !== "object" || property === null) continue;
    const type = typeOf(property as Property);
    if (type !== "object" && type !== "array") properties[name] = { ...ALWAYS[name], ...property };
  }
  return { properties, required: Array.isArray(schema?.["required"]) ? schema["required"] : [] };
}

function ownVariable(name: string, property: Property, mayBeMissing: boolean): KnownVariable {
  const type = typeOf(property);
  const kind = type === "number" || type === "integer" ? "count" : isTime(property) ? "time" : "text";
  const { description, title, examples, enum: values, default: usual } = property;
  const given = [
    Array.isArray(examples) ? examples[0] : undefined,
    usual,
    property["const"],
    Array.isArray(values) ? values[0] : undefined,
  ];
  return {
    name,
    kind,
    description:
      ([description, title].find((words) => typeof words === "string" && words !== "") as string | undefined) ?? "From the event's data",
    sample: given.find((value) => ["string", "number", "boolean"].includes(typeof value)) ?? standIn(name, kind, type),
    mayBeMissing,
  };
}

const isTime = ({ format }: Property): boolean => format === "date-time" || format === "date";

/** `["string", "null"]` is a string that may be missing. */
function typeOf({ type }: Property): string {
  const names = Array.isArray(type) ? type : [type];
  return String(names.find((name) => name !== "null") ?? "string");
}

function standIn(name: string, kind: VariableKind, type: string): string | number | boolean {
  if (kind === "count") return 3;
  if (kind === "time") return "2026-11-24T09:00:00Z";
  return type === "boolean" ? true : name.replace(/_/g, " ");
}
