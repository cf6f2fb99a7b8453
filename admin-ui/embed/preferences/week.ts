import type { PersonQuietHours } from "@carillon/shared/quiet-bounds";
import type { QuietHours, QuietWeek } from "@carillon/shared/quiet-hours";
import type { Day } from "@carillon/shared/zones";

export const DAYS: readonly Day[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES = 1_440;

export type Bounds = { start: string; end: string; days: Day[]; mayRefuseUrgent: boolean };

/** Within what a person may have own quiet hours; null while the organisation has none. The server judges, this only tells beforehand. */
export function boundsOf(org: QuietHours): Bounds | null {
  const { bounds } = org;
  if (!bounds && !org.enabled) return null;
  return {
    start: bounds?.earliestStart ?? org.start,
    end: bounds?.latestEnd ?? org.end,
    days: DAYS.filter((day) => org.quietDays.includes(day) || bounds?.extraDays.includes(day)),
    mayRefuseUrgent: bounds?.mayRefuseUrgent ?? !org.urgentPasses,
  };
}

/** What the form begins with: all that is allowed; where that is the whole day, of the organisation's own hours what is allowed of them. */
export function offerOf(org: QuietHours, bounds: Bounds): PersonQuietHours {
  const { quietDays, urgentPasses } = org;
  const isWholeDay = bounds.start === bounds.end;
  const isWithinDay = after(minuteOf(bounds.start), minuteOf(org.start)) + lengthOf(org) <= DAY_MINUTES;
  return {
    enabled: true,
    start: isWholeDay ? org.start : bounds.start,
    end: isWholeDay && isWithinDay ? org.end : bounds.end,
    quietDays: [...quietDays],
    urgentPasses,
  };
}

/** The week of a person's own quiet hours: they start on the organisation's nights, those after midnight a day later. */
export function ownWeek(org: QuietHours, bounds: Bounds, own: PersonQuietHours): QuietWeek {
  const line = minuteOf(bounds.start);
  const evening = minuteOf(org.start);
  const overlap = (shift: number): number => {
    const from = line + shift * DAY_MINUTES;
    return Math.max(0, Math.min(from + lengthOf(bounds), evening + lengthOf(org)) - Math.max(from, evening));
  };
  let shift = 0;
  for (const other of [-1, 1]) if (overlap(other) > overlap(shift)) shift = other;
  if (line + after(line, minuteOf(own.start)) >= DAY_MINUTES) shift++;
  const nights = DAYS.filter((_, index) => org.nights.includes(DAYS[(index - shift + 7) % 7]!));
  return { start: own.start, end: own.end, quietDays: own.quietDays, nights };
}

/** Whether a minute of a day (0 = Monday) is quiet. */
export function isQuiet(week: QuietWeek, day: number, minute: number): boolean {
  if (week.quietDays.includes(DAYS[day]!)) return true;
  const startedOn = minute < minuteOf(week.start) ? (day + 6) % 7 : day;
  return week.nights.includes(DAYS[startedOn]!) && isWithin(week, minute);
}

/** Whether a minute of the day lies between two times of day, over midnight if the end is the earlier one. */
export const isWithin = (span: { start: string; end: string }, minute: number): boolean =>
  after(minuteOf(span.start), minute) < lengthOf(span);

/** A picture in a box of 1,440 × 7: a bar wherever it holds. At these times of day, and at no other, that may change. */
export function drawWeek(times: string[], holds: (day: number, minute: number) => boolean): string {
  const edges = [0, ...times.map(minuteOf).sort((one, other) => one - other), DAY_MINUTES];
  let path = "";
  for (let day = 0; day < 7; day++) {
    let from = 0;
    edges.forEach((edge, index) => {
      if (edge < DAY_MINUTES && holds(day, edge)) return;
      if (from < edge) path += `M${from} ${day}h${edge - from}v.8h${from - edge}z`;
      from = edges[index + 1]!;
    });
  }
  return path;
}

const minuteOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
const after = (from: number, to: number): number => (to - from + DAY_MINUTES) % DAY_MINUTES;
const lengthOf = ({ start, end }: { start: string; end: string }): number => after(minuteOf(start), minuteOf(end)) || DAY_MINUTES;
