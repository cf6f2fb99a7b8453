import { Validator, type Schema } from "@cfworker/json-schema";
import { dataSchemaIssues } from "@carillon/shared/data-schema";
import { EVENT_TYPES, PRIORITIES, isEventType, type Priority } from "@carillon/shared/event-types";
import { issuesOf, type Issue } from "@carillon/shared/events";
import { ownEventTypeSchema, viewEventTypes, type EventTypes, type OwnEventType } from "@carillon/shared/own-events";
import type { Settings } from "@carillon/shared/settings";
import { conflict, invalid } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { changeSettings } from "./change.ts";

type Form = { version: number; types: ({ type: string; priority?: unknown } & Record<string, unknown>)[] };

/**
 * Saves the list of event types: own ones whole, of built-in ones the priority. A type that has ever been there is archived when it
 * is left out, never deleted: events of it are in the log. A new one gets a row in the routing matrix.
 * @throws 409 `settings.conflict` with `current`; 422 `settings.invalid`
 */
export async function saveEventTypes(ports: Ports, org: string, by: string, form: Form) {
  const { own, priorities } = readForm(form);
  const settings = await changeSettings(ports, org, by, "event types saved", (newest) => {
    const saved = newest.eventTypes;
    if (saved.version !== form.version) {
      throw conflict("settings.conflict", "Someone else has saved the event types in the meantime.", { current: viewEventTypes(saved) });
    }
    const leftOut = saved.own.filter(({ type }) => !own.some((one) => one.type === type)).map((one) => ({ ...one, archived: true }));
    const all = [...own, ...leftOut];
    return { ...newest, eventTypes: { version: saved.version + 1, own: all, priorities }, routing: withRows(newest, all) };
  });
  return viewEventTypes(settings.eventTypes);
}

/** Whether an event of this type may come, which priority it has unless it says otherwise, and what its data must be like. */
export function typeOf(
  types: EventTypes,
  type: string,
): { name: string; priority: Priority; check(data: Record<string, unknown>): Issue[] } | null {
  if (isEventType(type)) return { name: type, priority: types.priorities[type] ?? "normal", check: () => [] };
  const own = types.own.find((one) => one.type === type);
  if (!own || own.archived) return null;
  return { name: own.name, priority: own.priority, check: (data) => (own.schema === null ? [] : checkData(own.schema, data)) };
}

function readForm(form: Form): Pick<EventTypes, "own" | "priorities"> {
  const issues: Issue[] = [];
  const own: OwnEventType[] = [];
  const priorities: EventTypes["priorities"] = {};
  form.types.forEach(({ builtIn: _builtIn, ...entry }, index) => {
    const path = ["types", index];
    if (isEventType(entry.type)) {
      const priority = PRIORITIES.find((known) => known === entry.priority);
      if (!priority) issues.push({ path: [...path, "priority"].join("."), message: "low, normal or high" });
      else if (priority !== "normal") priorities[entry.type] = priority;
      return;
    }
    const parsed = ownEventTypeSchema.safeParse(entry);
    if (!parsed.success) return void issues.push(...issuesOf(parsed.error, path));
    if (own.some(({ type }) => type === parsed.data.type))
      issues.push({ path: [...path, "type"].join("."), message: "This name is there twice" });
    issues.push(...schemaIssues(parsed.data.schema, [...path, "schema"].join(".")));
    own.push(parsed.data);
  });
  if (issues.length > 0) throw invalid("settings.invalid", "The event types are not as they should be; see errors.", issues);
  return { own, priorities };
}

function withRows({ routing }: Settings, own: OwnEventType[]): Settings["routing"] {
  const missing = own.filter(({ type }) => !Object.hasOwn(routing.cells, type));
  if (missing.length === 0) return routing;
  return {
    version: routing.version + 1,
    cells: { ...routing.cells, ...Object.fromEntries(missing.map(({ type, defaults }) => [type, defaults])) },
  };
}

/** The types that the matrix has a row for. */
export const routedTypes = ({ own }: EventTypes): string[] => [...EVENT_TYPES, ...own.map(({ type }) => type)];

/** A schema that can't be used is refused when it is saved, not when the first event comes. */
function schemaIssues(schema: OwnEventType["schema"], path: string): Issue[] {
  if (schema === null) return [];
  const issues = dataSchemaIssues(schema, path).slice(0, MOST_ISSUES);
  if (issues.length > 0) return issues;
  try {
    new Validator(schema as Schema, DRAFT).validate({});
    return [];
  } catch (error) {
    return [{ path, message: `This is not a JSON Schema that can be used: ${error instanceof Error ? error.message : String(error)}` }];
  }
}

const DRAFT = "2020-12";
const MOST_ISSUES = 20;
const validators = new WeakMap<object, Validator>();

function checkData(schema: Record<string, unknown>, data: Record<string, unknown>): Issue[] {
  let validator = validators.get(schema);
  if (!validator) validators.set(schema, (validator = new Validator(schema as Schema, DRAFT, false)));
  return validator
    .validate(data)
    .errors.slice(0, MOST_ISSUES)
    .map(({ instanceLocation, error }) => ({
      path: ["data", ...instanceLocation.replace(/^#\/?/, "").split("/")].filter(Boolean).join("."),
      message: error,
    }));
}
