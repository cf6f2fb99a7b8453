import * as z from "zod";
import { channelSchema, type Channel } from "./channels.ts";
import type { Priority, RoutingCell, RoutingCells } from "./event-types.ts";
import type { Issue } from "./events.ts";
import { localeSchema } from "./people.ts";
import { personQuietHoursSchema } from "./quiet-bounds.ts";
import type { Reason } from "./reasons.ts";
import { timeZoneSchema } from "./time-zone.ts";

/** At once, every quarter of an hour, every full hour, or daily at a time of day in the person's zone. */
const digestSchema = z.string().regex(/^(now|15m|hourly|daily@([01]\d|2[0-3]):[0-5]\d)$/, "One of now, 15m, hourly, daily@HH:MM");
const eventTypeSchema = z.string().min(1).max(100);

/**
 * What a person has chosen. A cell that is absent follows the matrix. `quietHours` null = the organisation's; whether they lie inside its
 * bounds is told by `checkAgainstBounds`. `timeZone` and `locale` null = what the CRM or the organisation says.
 */
export const preferencesSchema = z.strictObject({
  cells: z.record(eventTypeSchema, z.partialRecord(channelSchema, z.boolean())).default(() => ({})),
  digest: z.record(eventTypeSchema, digestSchema).default(() => ({})),
  quietHours: personQuietHoursSchema.nullable().default(null),
  timeZone: timeZoneSchema.nullable().default(null),
  locale: localeSchema.nullable().default(null),
});
export type Preferences = z.infer<typeof preferencesSchema>;

/** What a person has said of one cell: absent follows the matrix, false never sends, true sends where that is not locked. */
export type CellPreference = boolean | undefined;

/**
 * Whether a cell of the matrix, together with a person's preference, sends an event of this priority, and why.
 * A locked cell does not hear the preference, whenever it was locked. An urgent-only cell stays urgent-only when the person wants it. A mute
 * is named before what the matrix says, so that a person who muted a cell reads just that. A cell that the matrix does not have is off.
 */
export function routeFor(cell: RoutingCell | undefined, preference: CellPreference, priority: Priority): { send: boolean; why: Reason } {
  if (!cell) return { send: false, why: "matrix-off" };
  const wish = cell.locked ? undefined : preference;
  if (wish === false) return { send: false, why: "user-muted" };
  if (cell.when === "urgent") return priority === "high" ? { send: true, why: "matrix" } : { send: false, why: "urgent-only" };
  return cell.when === "on" || wish === true ? { send: true, why: "matrix" } : { send: false, why: "matrix-off" };
}

/** What a person has said of a cell. */
export function preferenceOf(cells: Preferences["cells"], type: string, channel: Channel): CellPreference {
  return Object.hasOwn(cells, type) ? cells[type]?.[channel] : undefined;
}

/** The cells in which a person wants to change something that is locked, or that the matrix does not have. */
export function checkAgainstLocks(cells: Preferences["cells"], routing: RoutingCells): Issue[] {
  const issues: Issue[] = [];
  for (const [type, channel] of entriesOf(cells)) {
    const cell = cellOf(routing, type, channel);
    if (cell && !cell.locked) continue;
    const message = cell ? "Your organisation has locked this choice" : "There is no such event";
    issues.push({ path: `cells.${type}.${channel}`, message });
  }
  return issues;
}

/** The cells that count today: what has been locked since, and events that are gone, are left out. */
export function cellsInForce(cells: Preferences["cells"], routing: RoutingCells): Preferences["cells"] {
  const inForce: Preferences["cells"] = {};
  for (const [type, channel, wish] of entriesOf(cells)) {
    if (cellOf(routing, type, channel)?.locked !== false) continue;
    inForce[type] = { ...inForce[type], [channel]: wish };
  }
  return inForce;
}

function entriesOf(cells: Preferences["cells"]): [type: string, channel: Channel, wish: boolean][] {
  return Object.entries(cells).flatMap(([type, row]) =>
    channelSchema.options.flatMap((channel): [string, Channel, boolean][] => {
      const wish = row[channel];
      return wish === undefined ? [] : [[type, channel, wish]];
    }),
  );
}

const cellOf = (routing: RoutingCells, type: string, channel: Channel): RoutingCell | undefined =>
  Object.hasOwn(routing, type) ? routing[type]?.[channel] : undefined;
