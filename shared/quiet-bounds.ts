import * as z from "zod";
import type { Channel } from "./channels.ts";
import type { Issue } from "./events.ts";
import {
  daysSchema,
  minuteOfDay,
  refuseImpossibleWeek,
  timeOfDaySchema,
  type QuietBounds,
  type QuietHours,
  type QuietWeek,
} from "./quiet-hours.ts";
import { DAYS, DAY_MINUTES, isKnownZone, type Day } from "./zones.ts";

/**
 * A person's own quiet hours: `enabled: false` is none at all. They take the place of the organisation's, days included; what the person
 * does not choose (on which nights, which channels are held) stays the organisation's.
 */
export const personQuietHoursSchema = z
  .strictObject({
    enabled: z.boolean(),
    start: timeOfDaySchema.default("20:00"),
    end: timeOfDaySchema.default("08:00"),
    quietDays: daysSchema.default(() => []),
    urgentPasses: z.boolean().default(true),
  })
  .superRefine((own, context) => refuseImpossibleWeek(own, context));
export type PersonQuietHours = z.infer<typeof personQuietHoursSchema>;

/** Quiet hours in force for one person: a week for `compileQuietHours`, the zone that it is read in, and what is held. */
export type EffectiveQuietHours = QuietWeek & {
  timeZone: string;
  urgentPasses: boolean;
  heldChannels: readonly Channel[];
  whose: "organisation" | "person";
};

/**
 * What holds for a person, or null when nothing is ever quiet for the person.
 *
 * `own` null = the organisation's quiet hours as they are; bounds do not touch those. Otherwise the person's own, cut to today's bounds, so
 * that bounds that tighten take effect at once on what is stored: of a window the part inside, of two parts the longer one; of the days
 * those that are allowed; urgent passes where it may not be refused.
 * The zone is the first known one of event, person, organisation.
 */
export function effectiveQuietHours(
  org: QuietHours,
  own: PersonQuietHours | null,
  zones: { event: string | null; person: string | null },
): EffectiveQuietHours | null {
  const timeZone = [zones.event, zones.person, org.timeZone].find((zone) => zone !== null && isKnownZone(zone)) ?? "UTC";
  const { heldChannels } = org;
  if (own === null) {
    if (!org.enabled) return null;
    const { start, end, nights, quietDays, urgentPasses } = org;
    return { start, end, nights, quietDays, urgentPasses, heldChannels, timeZone, whose: "organisation" };
  }
  const limits = limitsOf(org);
  if (!own.enabled || !limits) return null;
  const window = cut(own, limits.window);
  const quietDays = own.quietDays.filter((day) => limits.days.includes(day));
  const nights = window ? nightsOf(org, limits.window, window) : [];
  if (nights.length === 0 && quietDays.length === 0) return null;
  return {
    start: window ? timeOf(limits.window.start + window.from) : own.start,
    end: window ? timeOf(limits.window.start + window.to) : own.end,
    nights,
    quietDays,
    urgentPasses: own.urgentPasses || !limits.mayRefuseUrgent,
    heldChannels,
    timeZone,
    whose: "person",
  };
}

/** Something in a person's quiet hours that lies outside, and the bound that says so; `organisation`: there are no quiet hours to shorten. */
export type BoundIssue = Issue & { bound: keyof QuietBounds | "organisation" };

/**
 * Whether a person may have these quiet hours; every issue names its bound. None at all are always allowed.
 *
 * The bounds are a line from `earliestStart` to `latestEnd`, over midnight when the end is the earlier time of day. A window is inside if it
 * begins on the line and ends on it without leaving it in between: with 20:00 to 08:00, 22:00–06:00 and 01:00–08:00 are inside, 19:00–07:00
 * starts too early, 21:00–09:00 ends too late, and so does 07:00–21:00, which leaves the line and comes back. If the two are the same time,
 * the line is the whole day from that time on. The window belongs to the organisation's nights: one that starts after midnight belongs to
 * the night that began the evening before.
 * All-day quiet are at most the organisation's quiet days and `extraDays`; `urgentPasses: false` needs `mayRefuseUrgent`.
 * Without bounds the line is the organisation's window, no day is extra, and urgent events may be refused only if the organisation does so.
 * While the organisation's quiet hours are off and no bounds are set, there is nothing to shorten, and persons have none either.
 */
export function checkAgainstBounds(own: PersonQuietHours, org: QuietHours): BoundIssue[] {
  if (!own.enabled) return [];
  const limits = limitsOf(org);
  if (!limits) {
    const message = "Quiet hours are switched off for your organisation, and no bounds are set within which you could have your own";
    return [{ path: "quietHours.enabled", bound: "organisation", message }];
  }
  const issues: BoundIssue[] = [];
  const { earliestStart, latestEnd } = limits;
  const { start, length } = limits.window;
  const from = after(start, minuteOfDay(own.start));
  const isStartInside = from < length;
  if (!isStartInside) {
    const message = `Starts outside the bounds: quiet hours may start at ${earliestStart} at the earliest (earliestStart) and end at ${latestEnd} at the latest`;
    issues.push({ path: "quietHours.start", bound: "earliestStart", message });
  }
  const isEndInside = (after(start, minuteOfDay(own.end)) || DAY_MINUTES) <= length;
  const isWhole = from + after(minuteOfDay(own.start), minuteOfDay(own.end)) <= length;
  if (!isEndInside || (isStartInside && !isWhole)) {
    const message = `Ends outside the bounds: quiet hours may end at ${latestEnd} at the latest (latestEnd) and start at ${earliestStart} at the earliest`;
    issues.push({ path: "quietHours.end", bound: "latestEnd", message });
  }
  own.quietDays.forEach((day, index) => {
    if (limits.days.includes(day)) return;
    const message = `${day} may not be quiet all day; allowed are ${limits.days.join(", ") || "none"} (extraDays)`;
    issues.push({ path: `quietHours.quietDays.${index}`, bound: "extraDays", message });
  });
  if (!own.urgentPasses && !limits.mayRefuseUrgent) {
    const message = "Urgent notifications pass quiet hours; your organisation does not let you refuse them (mayRefuseUrgent)";
    issues.push({ path: "quietHours.urgentPasses", bound: "mayRefuseUrgent", message });
  }
  return issues;
}

/** Minutes on the clock's circle: `start` is a minute of the day, `length` 1 to 1,440. */
type Line = { start: number; length: number };

type Limits = { earliestStart: string; latestEnd: string; window: Line; days: readonly Day[]; mayRefuseUrgent: boolean };

/** What persons may do today, in one form for bounds that are set and for those that follow from the organisation's own quiet hours. */
export function limitsOf(org: QuietHours): Limits | null {
  if (org.bounds === null && !org.enabled) return null;
  const { earliestStart, latestEnd, extraDays, mayRefuseUrgent } = org.bounds ?? {
    earliestStart: org.start,
    latestEnd: org.end,
    extraDays: [],
    mayRefuseUrgent: !org.urgentPasses,
  };
  const days = DAYS.filter((day) => org.quietDays.includes(day) || extraDays.includes(day));
  return { earliestStart, latestEnd, window: lineOf(earliestStart, latestEnd), days, mayRefuseUrgent };
}

/** The part of a window on a line, in minutes from the line's start; the longer of two parts, null when there is none. */
function cut(own: { start: string; end: string }, line: Line): { from: number; to: number } | null {
  const from = after(line.start, minuteOfDay(own.start));
  const to = from + after(minuteOfDay(own.start), minuteOfDay(own.end));
  const first = { from, to: Math.min(to, line.length) };
  const second = { from: 0, to: Math.min(to - DAY_MINUTES, line.length) };
  const longer = second.to > first.to - first.from ? second : first;
  return longer.from < longer.to ? longer : null;
}

/**
 * The nights on which a person's window starts. The organisation names the days on which its own window starts; the line belongs to the
 * evening with which it overlaps that window most, and what starts on the line after midnight starts a day later.
 */
function nightsOf(org: QuietHours, line: Line, window: { from: number }): Day[] {
  const own = lineOf(org.start, org.end);
  const overlap = (shift: number): number => {
    const start = line.start + shift * DAY_MINUTES;
    return Math.max(0, Math.min(start + line.length, own.start + own.length) - Math.max(start, own.start));
  };
  let shift = 0;
  for (const other of [-1, 1]) if (overlap(other) > overlap(shift)) shift = other;
  if (line.start + window.from >= DAY_MINUTES) shift++;
  return DAYS.filter((_, index) => org.nights.includes(DAYS[(index - shift + 7) % 7]!));
}

function lineOf(start: string, end: string): Line {
  const from = minuteOfDay(start);
  return { start: from, length: after(from, minuteOfDay(end)) || DAY_MINUTES };
}

/** Minutes from one time of day to the next occurrence of another, 0 to 1,439. */
const after = (from: number, to: number): number => (to - from + DAY_MINUTES) % DAY_MINUTES;

const timeOf = (minute: number): string => {
  const ofDay = minute % DAY_MINUTES;
  return `${String(Math.floor(ofDay / 60)).padStart(2, "0")}:${String(ofDay % 60).padStart(2, "0")}`;
};
