import { minuteOfDay, quietRanges, timeOfDaySchema, type QuietWeek } from "@carillon/shared/quiet-hours";
import { DAY_MINUTES, DAYS, WEEK_MINUTES, type Day } from "@carillon/shared/zones";
import { DAY_NAMES, shortDay } from "../words/zoned-time.ts";

/** Minutes of a day that are quiet: by the hours, or because the whole day is. */
export type Piece = { from: number; to: number; kind: "hours" | "day" };
export type DayPicture = { day: Day; pieces: Piece[] };

/** Half-typed times can be neither drawn nor told. */
export const isDrawable = ({ start, end }: { start: string; end: string }): boolean =>
  timeOfDaySchema.safeParse(start).success && timeOfDaySchema.safeParse(end).success;

/** The week day by day, with what reaches over from the night before. */
export function pictureOf(week: QuietWeek): DayPicture[] {
  const hours = quietRanges({ ...week, quietDays: [] });
  return DAYS.map((day, index) => {
    if (week.quietDays.includes(day)) return { day, pieces: [{ from: 0, to: DAY_MINUTES, kind: "day" }] };
    const midnight = index * DAY_MINUTES;
    const pieces = hours
      .map(({ from, to }) => ({ from: Math.max(from - midnight, 0), to: Math.min(to - midnight, DAY_MINUTES), kind: "hours" as const }))
      .filter(({ from, to }) => from < to);
    return { day, pieces };
  });
}

/** "20:00", and "24:00" for the end of a day. */
export const timeWords = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** A day of the picture for those who do not see it. */
export function dayWords({ pieces }: DayPicture): string {
  if (pieces.length === 0) return "not quiet";
  if (pieces[0]?.kind === "day") return "quiet all day";
  return `quiet ${pieces.map(({ from, to }) => `${timeWords(from)} to ${timeWords(to)}`).join(" and ")}`;
}

/** "Fri 20:00 – Mon 08:00": each stretch of quiet in one piece, the one over Sunday's midnight too. */
export function stretchesOf(week: QuietWeek): string[] {
  const ranges = quietRanges(week);
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first?.from === 0 && first.to === WEEK_MINUTES) return ["the whole week"];
  if (ranges.length > 1 && first?.from === 0 && last?.to === WEEK_MINUTES) {
    last.to += first.to;
    ranges.shift();
  }
  return ranges.map(({ from, to }) => `${momentWords(from)} – ${momentWords(to)}`);
}

/** What the hours mean on one evening: Friday's if there is one, since its end lies on another day than one thinks. */
export function exampleOf({ start, end, nights }: QuietWeek): string | null {
  const day = nights.includes("fri") ? "fri" : nights[0];
  if (!day || start === end) return null;
  const isOvernight = minuteOfDay(end) < minuteOfDay(start);
  const from = DAYS.indexOf(day) * DAY_MINUTES + minuteOfDay(start);
  const to = (DAYS.indexOf(day) + (isOvernight ? 1 : 0)) * DAY_MINUTES + minuteOfDay(end);
  return `${momentWords(from)} – ${momentWords(to)}`;
}

function momentWords(minute: number): string {
  const ofWeek = minute % WEEK_MINUTES;
  return `${shortDay(DAYS[Math.floor(ofWeek / DAY_MINUTES)]!)} ${timeWords(ofWeek % DAY_MINUTES)}`;
}

/** "Monday to Friday", "Saturday and Sunday", "every day", "no day". */
export function daysWords(days: readonly Day[]): string {
  if (days.length === 0) return "no day";
  if (days.length === DAYS.length) return "every day";
  const names = days.map((day) => DAY_NAMES[day]);
  const isRow = days.every((day, index) => index === 0 || DAYS.indexOf(day) === DAYS.indexOf(days[index - 1]!) + 1);
  if (isRow && names.length > 2) return `${names[0]} to ${names.at(-1)}`;
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
