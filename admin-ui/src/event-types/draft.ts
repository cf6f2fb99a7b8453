import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { dataSchemaIssues } from "@carillon/shared/data-schema";
import { EVENT_TYPES, PRIORITIES, type EventType, type Priority } from "@carillon/shared/event-types";
import type { Issue } from "@carillon/shared/events";
import { ownEventTypeSchema, ownTypeRow, type EventTypeView, type OwnEventType } from "@carillon/shared/own-events";
import * as z from "zod";
import type { TypeList } from "../api.ts";
import { lineOf, readJson } from "../form/json.ts";
import { rowOf, toRow, type Row } from "../routing/choices.ts";

/** An own event type as its form holds it: the schema as text, empty for none; the cells as single values. */
export type OwnDraft = { name: string; description: string; priority: Priority; schema: string; defaults: Row; archived: boolean };
/** All event types as the page edits them; of a built-in one only the priority may be changed. */
export type TypesDraft = { builtIn: Record<EventType, { priority: Priority }>; own: Record<string, OwnDraft> };
export type TypesSection = TypesDraft & { version: number };

export const EMPTY_DRAFT: TypesDraft = { builtIn: builtInOf([]), own: {} };

export const newDraft = (name: string): OwnDraft => ({
  name,
  description: "",
  priority: "normal",
  schema: "",
  defaults: rowOf(ownTypeRow()),
  archived: false,
});

export function toSection({ version, types }: TypeList): TypesSection {
  const own = types
    .filter(({ builtIn }) => !builtIn)
    .map(({ type, name, description, priority, schema, defaults, archived }) => [
      type,
      { name, description, priority, schema: schema === null ? "" : JSON.stringify(schema, null, 2), defaults: rowOf(defaults), archived },
    ]);
  return { version, builtIn: builtInOf(types), own: Object.fromEntries(own) as TypesDraft["own"] };
}

function builtInOf(types: EventTypeView[]): TypesDraft["builtIn"] {
  const priorityOf = (type: EventType) => types.find((one) => one.type === type)?.priority ?? "normal";
  return Object.fromEntries(EVENT_TYPES.map((type) => [type, { priority: priorityOf(type) }])) as TypesDraft["builtIn"];
}

/** The list as it is saved. The schemas have been checked. */
export function toTypes({ builtIn, own }: TypesDraft): object[] {
  return [
    ...EVENT_TYPES.map((type) => ({ type, builtIn: true, priority: builtIn[type].priority })),
    ...Object.entries(own).map(([type, { schema, defaults, ...fields }]) => {
      const read = schema.trim() === "" ? null : readJson(schema);
      return {
        type,
        ...fields,
        schema: read && "value" in read ? (read.value as OwnEventType["schema"]) : null,
        defaults: toRow(defaults),
      };
    }),
  ];
}

/** What the server said against the list that was sent, at the fields of the form. */
export function atFields(issues: Issue[], { own }: TypesDraft): Issue[] {
  const sent = [...EVENT_TYPES, ...Object.keys(own)];
  return issues.map(({ path, message }) => {
    const [, index, field, ...rest] = path.split(".");
    const type = sent[Number(index)];
    if (type === undefined || field === undefined) return { path, message };
    const place = Number(index) < EVENT_TYPES.length ? "builtIn" : "own";
    return { path: `${place}.${type}.${field}`, message: rest.length > 0 ? `${rest.join(".")}: ${message}` : message };
  });
}

/** What is wrong with a schema as it was typed, by line, from the first to the last. `place` is a count of characters. */
export function schemaProblems(text: string): { line: number; place: number; message: string }[] {
  if (text.trim() === "") return [];
  const read = readJson(text);
  const found =
    "message" in read ? [read] : dataSchemaIssues(read.value, "").map(({ path, message }) => placed(read.places, path, message));
  return found.map(({ place, message }) => ({ line: lineOf(text, place), place, message })).sort((one, other) => one.place - other.place);
}

function placed(places: Map<string, number>, path: string, message: string): { place: number; message: string } {
  const keys = path.replace(/^\./, "");
  // A complaint about a name, and not about its value, stands where the value does.
  return { place: places.get(keys) ?? 0, message: keys === "" ? message : `${keys}: ${message}` };
}

const { name, description } = ownEventTypeSchema.shape;
/** The form's own complaints, in the words of the server's schema. */
export const typesSchema = z.object({
  own: z.record(
    z.string(),
    z.object({
      name,
      description,
      schema: z.string().superRefine((text, context) => {
        const [first] = schemaProblems(text);
        if (first) context.addIssue({ code: "custom", message: `Line ${first.line}: ${first.message}` });
      }),
    }),
  ),
});

/** The key that a name suggests: `Site visit` → `site_visit`. */
export const keyFor = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .slice(0, 50);

/** Why a key can't be taken; null when it can. */
export function keyIssue(key: string, own: TypesDraft["own"]): string | null {
  if (Object.hasOwn(own, key)) return own[key]!.archived ? "An archived event type has this key; unarchive it" : "This key is taken";
  return ownEventTypeSchema.shape.type.safeParse(key).error?.issues[0]?.message ?? null;
}

const FIELDS: [keyof OwnDraft, string][] = [
  ["name", "Name"],
  ["description", "Description"],
  ["priority", "Priority"],
  ["schema", "Data"],
  ["archived", "Archived"],
];

/** What the fields are called where two versions of them are compared. */
export function labelsOf({ builtIn, own }: TypesDraft, channels: Record<Channel, string>): Record<string, string> {
  return Object.fromEntries([
    ...Object.keys(builtIn).map((type) => [`builtIn.${type}.priority`, `${type} · Priority`]),
    ...Object.keys(own).flatMap((type) => [
      ...FIELDS.map(([field, label]) => [`own.${type}.${field}`, `${type} · ${label}`]),
      ...CHANNELS.map((channel) => [`own.${type}.defaults.${channel}`, `${type} · Default on ${channels[channel]}`]),
    ]),
  ]);
}

export const PRIORITY_OPTIONS = PRIORITIES.map((priority) => ({
  value: priority,
  label: priority === "high" ? "high (urgent)" : priority,
}));
