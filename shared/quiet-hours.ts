import * as z from "zod";
import { channelSchema, type Channel } from "./channels.ts";
import { timeZoneSchema } from "./time-zone.ts";
import { DAYS, DAY_MINUTES, MINUTE, WEEK_MINUTES, isKnownZone, minuteOfWeek, spanAt, type Day, type Span } from "./zones.ts";

/** `HH:MM` of the wall clock, 00:00 to 23:59. */
export const timeOfDaySchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "A time such as 20:00");
/** Days of the week, each once and Monday first, in whatever order they were named. */
export const daysSchema = z
  .array(z.enum(DAYS))
  .max(50)
  .overwrite((days) => DAYS.filter((day) => days.includes(day)));

/**
 * How far persons may go with quiet hours of their own; see quiet-bounds.ts.
 * `earliestStart` = `latestEnd` leaves the whole day to them, from that time on.
 */
export const quietBoundsSchema = z.strictObject({
  earliestStart: timeOfDaySchema,
  latestEnd: timeOfDaySchema,
  extraDays: daysSchema.default(() => []),
  mayRefuseUrgent: z.boolean().default(false),
});
export type QuietBounds = z.infer<typeof quietBoundsSchema>;

/** What the form offers, and what an absent field means. Off until an admin saves it. */
export const OFFERED_QUIET_HOURS = {
  start: "20:00",
  end: "08:00",
  nights: DAYS,
  quietDays: ["sat", "sun"],
  timeZone: "UTC",
  urgentPasses: true,
  heldChannels: ["email", "sms", "whatsapp", "push"],
} as const satisfies {
  start: string;
  end: string;
  nights: readonly Day[];
  quietDays: readonly Day[];
  timeZone: string;
  urgentPasses: boolean;
  heldChannels: readonly Channel[];
};

/** An organisation's quiet hours as an admin saves them and as they are stored. `bounds: null` = the organisation's own window. */
export const quietHoursSchema = z
  .strictObject({
    version: z.int(),
    enabled: z.boolean(),
    start: timeOfDaySchema.default(OFFERED_QUIET_HOURS.start),
    end: timeOfDaySchema.default(OFFERED_QUIET_HOURS.end),
    nights: daysSchema.default(() => [...OFFERED_QUIET_HOURS.nights]),
    quietDays: daysSchema.default(() => [...OFFERED_QUIET_HOURS.quietDays]),
    timeZone: timeZoneSchema.default(OFFERED_QUIET_HOURS.timeZone),
    urgentPasses: z.boolean().default(OFFERED_QUIET_HOURS.urgentPasses),
    heldChannels: z
      .array(channelSchema)
      .max(50)
      .overwrite((channels) => channelSchema.options.filter((channel) => channels.includes(channel)))
      .default(() => [...OFFERED_QUIET_HOURS.heldChannels]),
    bounds: quietBoundsSchema.nullable().default(null),
    /** More than five that were held for one person on one channel go out as one message. */
    catchUp: z.boolean().default(true),
  })
  .superRefine(refuseImpossibleWeek);
export type QuietHours = z.infer<typeof quietHoursSchema>;

/** The quiet hours of a new organisation: what the form offers, switched off. */
export function initialQuietHours(): QuietHours {
  return quietHoursSchema.parse({ version: 1, enabled: false });
}

/** For schemas that hold a week: a window without length and a week without an open minute are refused, in words for the form. */
export function refuseImpossibleWeek(
  week: { start: string; end: string; nights?: readonly Day[]; quietDays: readonly Day[] },
  context: z.RefinementCtx,
): void {
  if (week.start === week.end) {
    context.addIssue({
      code: "custom",
      path: ["end"],
      message: `Start and end are both ${week.start}, so it is not clear which hours are meant. Choose another end; for whole days, list them as days that are quiet all day.`,
    });
  }
  if (isQuietAllWeek(quietRanges({ ...week, nights: week.nights ?? DAYS }))) {
    context.addIssue({
      code: "custom",
      path: ["quietDays"],
      message: "The whole week would be quiet, so what is held would never be delivered. Take at least one day out of the quiet days.",
    });
  }
}

/** What makes a minute quiet. `nights` are the days on which the window starts; it may end on the day after. `quietDays` are quiet all day. */
export type QuietWeek = { start: string; end: string; nights: readonly Day[]; quietDays: readonly Day[] };

/** Quiet hours of one week in one zone, ready to be asked about instants (ms since 1970). */
export type Quiet = {
  isQuiet(instant: number): boolean;
  /** The start of the first minute that is not quiet, without jitter; the same instant if it is not quiet. */
  until(instant: number): number;
  /** The start of the first minute that is quiet; the same instant if it is quiet, Infinity if none ever is. */
  next(instant: number): number;
};

/**
 * An instant is quiet if and only if its wall-clock minute in the zone lies in a window or on a quiet day, minute by minute: in an hour
 * that occurs twice a window may open, close and open again; what a clock change skips does not exist.
 *
 * Made in some µs; each answer takes a fraction of one, since it goes from clock change to clock change and not from minute to minute.
 * An unknown zone, and a week without an open minute (which the schema refuses), are a RangeError.
 */
export function compileQuietHours(week: QuietWeek, zone: string): Quiet {
  if (!isKnownZone(zone)) throw new RangeError(`unknown time zone: ${zone}`);
  const ranges = quietRanges(week);
  if (isQuietAllWeek(ranges)) throw new RangeError("quiet all week");
  if (ranges.length === 0) return { isQuiet: () => false, until: (instant) => instant, next: () => Infinity };

  // Most questions fall into the span of the one before.
  let latest: Span = { from: Infinity, to: -Infinity, offset: 0 };
  const spanOf = (instant: number): Span => {
    if (!(instant >= latest.from && instant < latest.to)) latest = spanAt(zone, instant);
    return latest;
  };
  const rangeOf = (minute: number): MinuteRange | null => {
    for (const range of ranges) if (minute < range.to) return minute >= range.from ? range : null;
    return null;
  };
  const last = ranges.at(-1)!;
  const overSunday = last.to === WEEK_MINUTES && ranges[0]!.from === 0 ? ranges[0]!.to : 0;

  return {
    isQuiet: (instant) => rangeOf(minuteOfWeek(instant, spanOf(instant).offset)) !== null,
    until(instant) {
      let at = instant;
      for (;;) {
        const { to, offset } = spanOf(at);
        const minute = minuteOfWeek(at, offset);
        const range = rangeOf(minute);
        if (!range) return at;
        const end = range === last ? range.to + overSunday : range.to;
        const startOfMinute = Math.floor((at + offset) / MINUTE) * MINUTE - offset;
        const open = startOfMinute + (end - minute) * MINUTE;
        if (open < to) return open;
        // The clock changes before the range ends: what the wall clock shows from there on decides.
        at = to;
      }
    },
    next(instant) {
      let at = instant;
      for (;;) {
        const { to, offset } = spanOf(at);
        const minute = minuteOfWeek(at, offset);
        if (rangeOf(minute)) return at;
        const start = ranges.find(({ from }) => from > minute)?.from ?? ranges[0]!.from + WEEK_MINUTES;
        const startOfMinute = Math.floor((at + offset) / MINUTE) * MINUTE - offset;
        const quiet = startOfMinute + (start - minute) * MINUTE;
        if (quiet < to) return quiet;
        at = to;
      }
    },
  };
}

/** Minutes since Monday 00:00, `to` excluded. */
export type MinuteRange = { from: number; to: number };

/** The quiet minutes of a week on the wall clock: in order, apart from each other, none beyond Sunday 24:00. Also the page's picture. */
export function quietRanges(week: QuietWeek): MinuteRange[] {
  const start = minuteOfDay(week.start);
  const length = (minuteOfDay(week.end) - start + DAY_MINUTES) % DAY_MINUTES;
  const pieces: MinuteRange[] = [];
  const add = (from: number, to: number): void => {
    if (from < to) pieces.push({ from, to: Math.min(to, WEEK_MINUTES) });
    if (to > WEEK_MINUTES) pieces.push({ from: 0, to: to - WEEK_MINUTES });
  };
  for (const day of week.nights) add(startOf(day) + start, startOf(day) + start + length);
  for (const day of week.quietDays) add(startOf(day), startOf(day) + DAY_MINUTES);
  pieces.sort((one, other) => one.from - other.from);

  const ranges: MinuteRange[] = [];
  for (const piece of pieces) {
    const last = ranges.at(-1);
    if (last && piece.from <= last.to) last.to = Math.max(last.to, piece.to);
    else ranges.push(piece);
  }
  return ranges;
}

/** `"20:30"` → 1,230. */
export function minuteOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

const startOf = (day: Day): number => DAYS.indexOf(day) * DAY_MINUTES;
const isQuietAllWeek = ([first]: MinuteRange[]): boolean => first !== undefined && first.from === 0 && first.to === WEEK_MINUTES;
