import { ZONE_DATA } from "./zone-data.ts";

/** The days of the week, Monday first, as every table and page shows them. */
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number];

/** The wall clock of a zone; month 1 to 12, day 1 to 31, hour 0 to 23. Seconds are left out: quiet hours go by the minute. */
export type WallClock = { year: number; month: number; day: number; weekday: Day; hour: number; minute: number };

/** `offset` (ms, east is positive) holds for every instant `from ≤ t < to` (ms). It may hold beyond, too: a span may end without a change. */
export type Span = { from: number; to: number; offset: number };

/** At `at` (ms) the offset (ms) changes. */
export type OffsetChange = { at: number; offsetBefore: number; offsetAfter: number };

/** The instants from `from` to before `to` for which the answers do not depend on the runtime's own time-zone data. */
export const CARRIED_YEARS = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2037, 0, 1) } as const;

/**
 * The offset of an IANA zone at an instant, in ms, east is positive.
 *
 * From 2026 to 2036 it comes from the data that Carillon carries, because the data of Deno and Node lag behind (a law may change within
 * weeks). Other years, and zones whose offset has not changed since 2018, come from the runtime's Intl; names are taken in any case.
 * A name that neither knows is a RangeError; ask `isKnownZone` first.
 */
export function offsetAt(zone: string, instant: number): number {
  return spanAt(zone, instant).offset;
}

/** The span of constant offset around an instant, for rules that go from change to change. Throws as `offsetAt` does. */
export function spanAt(zone: string, instant: number): Span {
  return findSpan(knownZone(zone), instant);
}

/** The wall clock of a zone at an instant. Throws as `offsetAt` does. */
export function wallClockAt(zone: string, instant: number): WallClock {
  const wall = new Date(instant + offsetAt(zone, instant));
  return {
    year: wall.getUTCFullYear(),
    month: wall.getUTCMonth() + 1,
    day: wall.getUTCDate(),
    weekday: DAYS[(wall.getUTCDay() + 6) % 7]!,
    hour: wall.getUTCHours(),
    minute: wall.getUTCMinutes(),
  };
}

/** Minutes of the wall clock since Monday 00:00, 0 to 10,079. */
export function minuteOfWeek(instant: number, offset: number): number {
  // 1970-01-01 was a Thursday.
  const minute = (Math.floor((instant + offset) / MINUTE) + 3 * DAY_MINUTES) % WEEK_MINUTES;
  return minute < 0 ? minute + WEEK_MINUTES : minute;
}

/** The first change of the offset after an instant, or null when none is known for two years, nor in the carried years. */
export function nextChange(zone: string, instant: number): OffsetChange | null {
  const known = knownZone(zone);
  const horizon = Math.max(instant + 2 * 366 * DAY, CARRIED_YEARS.to);
  let span = findSpan(known, instant);
  while (span.to < horizon) {
    const next = findSpan(known, span.to);
    if (next.offset !== span.offset) return { at: span.to, offsetBefore: span.offset, offsetAfter: next.offset };
    span = next;
  }
  return null;
}

/** Whether `offsetAt` can tell the zone's offset: the carried data name it, or the runtime's Intl does. */
export function isKnownZone(zone: string): boolean {
  try {
    knownZone(zone);
    return true;
  } catch {
    return false;
  }
}

export const MINUTE = 60_000;
export const DAY_MINUTES = 24 * 60;
export const WEEK_MINUTES = 7 * DAY_MINUTES;
const DAY = DAY_MINUTES * MINUTE;

/** Spans of Intl are found and kept in chunks of this length; a year's changes and a bit. */
const CHUNK = 400 * DAY;
/** Since 1970 no zone has changed its offset twice within this (America/Boa_Vista in 2000: 6.96 days). */
const PROBE = 6 * DAY;
const MAX_CHUNKS = 64;

type Zone = {
  name: string;
  /** Of the carried years, in order and without a gap; null for a zone that is left to Intl. */
  carried: Span[] | null;
  /** What Intl said of other times, by the chunk's number. */
  chunks: Map<number, Span[]>;
};

const zones = new Map<string, Zone>();
let isDataRead = false;

function knownZone(name: string): Zone {
  if (!isDataRead) readData();
  const zone = zones.get(name) ?? zones.get(name.toLowerCase());
  if (zone) return zone;
  const asked: Zone = { name, carried: null, chunks: new Map() };
  formatOf(name); // A RangeError for a name that Intl does not know.
  // Kept under one spelling, so that there can't be more of them than there are zones.
  zones.set(name.toLowerCase(), asked);
  return asked;
}

function readData(): void {
  for (const line of ZONE_DATA.trim().split("\n")) {
    const [names = "", offsets = "", changes = ""] = line.split("|");
    const carried = spansOf(offsets.split(",").map(Number), changes);
    for (const name of names.split(" ")) {
      const zone: Zone = { name, carried, chunks: new Map() };
      zones.set(name, zone);
      zones.set(name.toLowerCase(), zone);
    }
  }
  isDataRead = true;
}

function spansOf(offsets: number[], changes: string): Span[] {
  const spans: Span[] = [{ from: CARRIED_YEARS.from, to: CARRIED_YEARS.to, offset: offsets[0]! * MINUTE }];
  for (const change of changes === "" ? [] : changes.split(" ")) {
    const last = spans.at(-1)!;
    last.to = last.from + Number.parseInt(change.slice(0, -1), 36) * MINUTE;
    const offset = offsets[change.charCodeAt(change.length - 1) - "A".charCodeAt(0)]!;
    spans.push({ from: last.to, to: CARRIED_YEARS.to, offset: offset * MINUTE });
  }
  return spans;
}

function findSpan(zone: Zone, instant: number): Span {
  if (zone.carried && instant >= CARRIED_YEARS.from && instant < CARRIED_YEARS.to) return search(zone.carried, instant);
  const number = Math.floor(instant / CHUNK);
  let chunk = zone.chunks.get(number);
  if (!chunk) {
    chunk = askIntl(zone, number);
    // Only a caller that walks through the centuries comes here.
    if (zone.chunks.size >= MAX_CHUNKS) zone.chunks.clear();
    zone.chunks.set(number, chunk);
  }
  const span = search(chunk, instant);
  if (!zone.carried) return span;
  // The carried years begin and end inside a chunk: there they, and not Intl, have the word.
  if (instant < CARRIED_YEARS.from) return span.to <= CARRIED_YEARS.from ? span : { ...span, to: CARRIED_YEARS.from };
  return span.from >= CARRIED_YEARS.to ? span : { ...span, from: CARRIED_YEARS.to };
}

/** Spans lie in order without a gap, and `instant` lies in one of them. */
function search(spans: Span[], instant: number): Span {
  let low = 0;
  let high = spans.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (spans[middle]!.from <= instant) low = middle;
    else high = middle - 1;
  }
  return spans[low]!;
}

/** Probes the chunk for changes and narrows each one down to the millisecond. About 200 µs, once per zone and chunk. */
function askIntl(zone: Zone, number: number): Span[] {
  const ask = offsetByIntl(zone);
  const end = (number + 1) * CHUNK;
  let span: Span = { from: number * CHUNK, to: end, offset: ask(number * CHUNK) };
  const spans = [span];
  for (let at = span.from; at < end; at += PROBE) {
    const next = Math.min(at + PROBE, end);
    if (ask(next) === span.offset) continue;
    let [low, high] = [at, next];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (ask(middle) === span.offset) low = middle;
      else high = middle;
    }
    if (high === end) break;
    span.to = high;
    span = { from: high, to: end, offset: ask(high) };
    spans.push(span);
  }
  return spans;
}

function offsetByIntl(zone: Zone): (instant: number) => number {
  let format: Intl.DateTimeFormat;
  try {
    format = formatOf(zone.name);
  } catch {
    // A zone younger than the runtime's data: the nearest year that is carried is the best guess.
    const carried = zone.carried!;
    return (instant) => (instant < CARRIED_YEARS.from ? carried[0]! : carried.at(-1)!).offset;
  }
  return (instant) => {
    const second = Math.floor(instant / 1_000) * 1_000;
    const at = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    let isBeforeChrist = false;
    for (const { type, value } of format.formatToParts(second)) {
      if (type in at) at[type as keyof typeof at] = Number(value);
      else if (type === "era") isBeforeChrist = value.startsWith("B");
    }
    const wall = new Date(0);
    wall.setUTCFullYear(isBeforeChrist ? 1 - at.year : at.year, at.month - 1, at.day);
    wall.setUTCHours(at.hour, at.minute, at.second);
    return wall.getTime() - second;
  };
}

/** Made anew for each chunk and not kept: each holds some 30 kB. */
function formatOf(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
}
