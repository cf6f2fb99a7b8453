import { DAYS, type Day } from "@carillon/shared/zones";
import type { QuietWeek } from "@carillon/shared/quiet-hours";
import { pick, whole } from "../properties/seeds.ts";

/** A zone and instants (ms) near which its offset changes; none for a zone without changes. */
export type ZoneWithChanges = { zone: string; changes: number[] };
export type RandomCase = { week: QuietWeek; zone: string; instant: number };

const HOUR = 3_600_000;

/** Half of the instants lie near a clock change, half of the windows begin or end where clocks are wont to change. */
export function randomCase(random: () => number, zones: readonly ZoneWithChanges[]): RandomCase {
  const { zone, changes } = pick(random, zones);
  const isNear = changes.length > 0 && random() < 0.5;
  const instant = isNear
    ? pick(random, changes) + whole(random, -30 * HOUR, 12 * HOUR)
    : whole(random, Date.UTC(2026, 0, 8), Date.UTC(2036, 11, 20));
  return { week: randomWeek(random), zone, instant };
}

export function randomWeek(random: () => number): QuietWeek {
  const start = randomTime(random);
  let end = randomTime(random);
  while (end === start) end = randomTime(random);
  const nights = random() < 0.5 ? DAYS : DAYS.filter(() => random() < 0.6);
  return { start, end, nights, quietDays: randomDays(random) };
}

/** Never all seven. */
export function randomDays(random: () => number): Day[] {
  const share = pick(random, [0, 0, 0.2, 0.5, 0.9]);
  const days = DAYS.filter(() => random() < share);
  return days.length === DAYS.length ? days.slice(1) : days;
}

export function randomTime(random: () => number): string {
  const minute = pick(random, [whole(random, 0, 1_439), whole(random, 0, 240), whole(random, 1_380, 1_439), whole(random, 0, 47) * 30]);
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
