import { minuteOfDay } from "./quiet-hours.ts";
import { DAY_MINUTES, MINUTE, spanAt } from "./zones.ts";

/**
 * When that is told which came in at an instant, for somebody who wants it collected: the next quarter of an hour, full hour, or time of
 * day on the wall clock of the zone, and the instant itself for `now`. What a clock change skips comes with the change.
 */
export function nextDigest(wish: string, zone: string, instant: number): number {
  if (wish === "now") return instant;
  const { period, phase } = rhythmOf(wish);
  for (let from = instant; ;) {
    const { to, offset } = spanAt(zone, from);
    const next = (Math.floor((from + offset - phase) / period) + 1) * period + phase;
    if (next - offset < to) return next - offset;
    const wall = to + spanAt(zone, to).offset;
    if (wall >= next || (wall - phase) % period === 0) return to;
    from = to;
  }
}

/** In ms of the wall clock. */
function rhythmOf(wish: string): { period: number; phase: number } {
  if (wish === "15m") return { period: 15 * MINUTE, phase: 0 };
  if (wish === "hourly") return { period: 60 * MINUTE, phase: 0 };
  return { period: DAY_MINUTES * MINUTE, phase: minuteOfDay(wish.slice("daily@".length)) * MINUTE };
}
