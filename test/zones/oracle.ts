import { DAYS } from "@carillon/shared/zones";
import type { QuietWeek } from "@carillon/shared/quiet-hours";
import { offsetOf } from "./newest-data.ts";

/** The definition of product.md, read aloud: is this minute of this weekday (0 = Monday) quiet? Slow, and shares no code with the product. */
export function isMinuteQuiet(week: QuietWeek, weekday: number, minute: number): boolean {
  const today = DAYS[weekday]!;
  const yesterday = DAYS[(weekday + 6) % 7]!;
  if (week.quietDays.includes(today)) return true;
  const [start, end] = [clock(week.start), clock(week.end)];
  if (start < end) return week.nights.includes(today) && start <= minute && minute < end;
  return (week.nights.includes(today) && minute >= start) || (week.nights.includes(yesterday) && minute < end);
}

export type Wall = { weekday: number; minute: number };
export function wallOf(zone: string, instant: number): Wall {
  const wall = new Date(instant + offsetOf(zone, instant));
  return { weekday: (wall.getUTCDay() + 6) % 7, minute: wall.getUTCHours() * 60 + wall.getUTCMinutes() };
}

export function isInstantQuiet(week: QuietWeek, zone: string, instant: number): boolean {
  const { weekday, minute } = wallOf(zone, instant);
  return isMinuteQuiet(week, weekday, minute);
}

/** Walks on from minute to minute. All offsets and changes from 2026 to 2036 are whole minutes, so a minute begins everywhere at once. */
export function firstOpenMinute(week: QuietWeek, zone: string, instant: number): number {
  if (!isInstantQuiet(week, zone, instant)) return instant;
  let at = Math.floor(instant / 60_000) * 60_000;
  while (isInstantQuiet(week, zone, at)) at += 60_000;
  return at;
}

const clocks = new Map<string, number>();
function clock(time: string): number {
  let minute = clocks.get(time);
  if (minute === undefined) {
    minute = Number(time.split(":")[0]) * 60 + Number(time.split(":")[1]);
    clocks.set(time, minute);
  }
  return minute;
}
