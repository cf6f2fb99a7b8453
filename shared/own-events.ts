import * as z from "zod";
import { CHANNELS, type Channel } from "./channels.ts";
import {
  ALERT_TYPE,
  EVENT_DESCRIPTIONS,
  EVENT_TYPES,
  PRIORITIES,
  defaultRouting,
  isEventType,
  routingCellSchema,
  type Priority,
  type RoutingCell,
} from "./event-types.ts";

type Row = Record<Channel, RoutingCell>;

/** A row of the routing matrix: every channel. */
export const routingRowSchema = z.strictObject(
  Object.fromEntries(CHANNELS.map((channel) => [channel, routingCellSchema])) as Record<Channel, typeof routingCellSchema>,
);

/** How an organisation's own event type is called in events; never one of the built-in ones. */
const ownTypeName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{1,49}$/, "2 to 50 small letters, digits or _, beginning with a letter")
  .refine((name) => !isEventType(name) && name !== ALERT_TYPE, "This is a built-in event");

/** A JSON Schema for `data`, as an object; anything else is refused when it is saved. */
const dataSchema = z.record(z.string(), z.unknown());

/** An event type that an organisation has added. Archived ones take no new events; what was accepted stays. */
export const ownEventTypeSchema = z.strictObject({
  type: ownTypeName,
  name: z.string().trim().min(1, "Give it a name").max(80),
  description: z.string().trim().max(300).default(""),
  priority: z.enum(PRIORITIES).default("normal"),
  schema: dataSchema.nullable().default(null),
  /** The row of the routing matrix that it begins with, and goes back to; what the matrix says now stands there. */
  defaults: routingRowSchema.default(ownTypeRow),
  archived: z.boolean().default(false),
});
export type OwnEventType = z.infer<typeof ownEventTypeSchema>;

/** Own types, and the priorities of built-in ones where they are not normal. */
export type EventTypes = { version: number; own: OwnEventType[]; priorities: Partial<Record<string, Priority>> };

/** A type as the API lists it; of a built-in one only the priority may be changed. */
export type EventTypeView = OwnEventType & { builtIn: boolean };

const MOST_OWN = 100;
/** What is sent back: the whole list. Built-in ones that are left out keep their priority normal. */
export const eventTypesPutSchema = z.object({
  version: z.int(),
  types: z.array(z.looseObject({ type: z.string(), builtIn: z.boolean().optional() })).max(EVENT_TYPES.length + MOST_OWN),
});

export const initialEventTypes = (): EventTypes => ({ version: 1, own: [], priorities: {} });

export function viewEventTypes({ version, own, priorities }: EventTypes): { version: number; types: EventTypeView[] } {
  const rows = defaultRouting();
  const builtIn = EVENT_TYPES.map((type): EventTypeView => ({
    type,
    name: type,
    description: EVENT_DESCRIPTIONS[type],
    priority: priorities[type] ?? "normal",
    schema: null,
    defaults: rows[type]!,
    archived: false,
    builtIn: true,
  }));
  return { version, types: [...builtIn, ...own.map((one) => ({ ...one, builtIn: false }))] };
}

/** The routing row of a new own type: the bell, and nothing that costs or interrupts before somebody chose it. */
export function ownTypeRow(): Row {
  const row = {} as Row;
  for (const channel of CHANNELS) {
    row[channel] = { when: channel === "in-app" ? "on" : "off", locked: channel === "sms" || channel === "whatsapp" };
  }
  return row;
}
