/** A provider that slows us down is left alone: until when, why, and how often it has done so without saying for how long. */
export type Rest = { until: number; why: string; times: number };

const SECOND = 1_000;
/** Whatever an answer says, a channel is tried again after an hour. */
const STATED = { least: SECOND, most: 60 * 60 * SECOND };
const GROWING = { first: 2 * SECOND, most: 10 * 60 * SECOND };

/** For as long as the provider asks, inside our bounds; what is no number of ms is none. The longer of two pauses counts. */
export function statedRest(before: Rest | null, ms: number, why: string, now: number): Rest {
  const asked = Number.isNaN(ms) ? STATED.least : Math.min(Math.max(ms, STATED.least), STATED.most);
  const until = Math.round(now + asked);
  return before !== null && before.until >= until ? before : { until, why, times: before?.times ?? 0 };
}

/** Two seconds at first, then twice as long every time. What is told by those that were on their way together counts once. */
export function growingRest(before: Rest | null, why: string, now: number): Rest {
  if (before !== null && before.until > now) return before;
  const times = (before?.times ?? 0) + 1;
  return { until: now + Math.min(GROWING.first * 2 ** (times - 1), GROWING.most), why, times };
}
