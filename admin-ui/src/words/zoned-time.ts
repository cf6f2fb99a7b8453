import { isKnownZone, MINUTE, offsetAt, wallClockAt, type Day } from "@carillon/shared/zones";

/** Carillon's own zone data speak here, not the browser's, which may lag behind a law. */

export const DAY_NAMES: Record<Day, string> = {
  mon: "Monday",
  tue: "Tuesday",
  wed: "Wednesday",
  thu: "Thursday",
  fri: "Friday",
  sat: "Saturday",
  sun: "Sunday",
};
export const shortDay = (day: Day): string => DAY_NAMES[day].slice(0, 3);

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (value: number): string => String(value).padStart(2, "0");

/** "Tue 24 Nov, 08:00" on the zone's wall clock. */
export function inZone(instant: number, zone: string): string {
  const { month, day, weekday, hour, minute } = wallClockAt(zone, instant);
  return `${shortDay(weekday)} ${day} ${MONTHS[month - 1]}, ${two(hour)}:${two(minute)}`;
}

/** "Sun 28 Mar 2027": a date further away needs its year. */
export function dateInZone(instant: number, zone: string): string {
  const { year, month, day, weekday } = wallClockAt(zone, instant);
  return `${shortDay(weekday)} ${day} ${MONTHS[month - 1]} ${year}`;
}

/** "UTC+05:30". */
export function offsetWords(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  return `UTC${offset < 0 ? "−" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** What an input of type datetime-local shows for an instant. */
export function toLocalInput(instant: number, zone: string): string {
  const { year, month, day, hour, minute } = wallClockAt(zone, instant);
  return `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

/**
 * The instant of a wall-clock time in a zone; null for what is no time or no zone. Of a time that occurs twice the first,
 * of one that a clock change skips the instant as late after the change.
 */
export function fromLocalInput(text: string, zone: string): number | null {
  const wall = Date.parse(`${text}Z`);
  if (Number.isNaN(wall) || !isKnownZone(zone)) return null;
  const candidates = [-DAY, DAY].map((step) => wall - offsetAt(zone, wall + step));
  const [before, after] = candidates as [number, number];
  if (before + offsetAt(zone, before) === wall) return before;
  return after + offsetAt(zone, after) === wall ? after : before;
}
const DAY = 24 * 60 * MINUTE;

/** The zone of whoever looks at the page. */
export const ownZone = (): string => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return isKnownZone(zone) ? zone : "UTC";
};
