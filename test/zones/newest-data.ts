import { createRequire } from "node:module";
import moment from "moment-timezone";

/** The years whose offset changes Carillon carries itself: 2026 to 2036, in ms, `to` excluded. */
export const CARRIED = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2037, 0, 1) };

/** The release of the time-zone database that npm's moment-timezone carries as plain data, whatever the runtime's own Intl knows. */
export const release: string = (createRequire(import.meta.url)("moment-timezone/data/packed/latest.json") as { version: string }).version;

/** Every zone and link, in alphabetical order. */
export const zoneNames: string[] = moment.tz.names().sort();

export type OffsetChange = { at: number; before: number; after: number };

/** The offset of a zone at an instant, both in ms; east is positive. */
export function offsetOf(zone: string, instant: number): number {
  return 0 - zoneOf(zone).utcOffset(instant) * 60_000;
}

/** The instants in [from, to) at which the offset changes; offsets in ms. What only changes the zone's abbreviation is left out. */
export function changesOf(zone: string, from: number, to: number): OffsetChange[] {
  const { untils, offsets } = zoneOf(zone);
  const changes: OffsetChange[] = [];
  for (let index = 0; index + 1 < offsets.length; index++) {
    const at = untils[index]!;
    if (at >= from && at < to && offsets[index] !== offsets[index + 1])
      changes.push({ at, before: 0 - offsets[index]! * 60_000, after: 0 - offsets[index + 1]! * 60_000 });
  }
  return changes;
}

const zones = new Map<string, moment.MomentZone>();
function zoneOf(name: string): moment.MomentZone {
  const zone = zones.get(name) ?? moment.tz.zone(name);
  if (!zone) throw new Error(`moment-timezone has no ${name}`);
  zones.set(name, zone);
  return zone;
}
