const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** What is waited after the first, second … failed try: about a day in all, after that a person must look. */
const STEPS = [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 12 * HOUR];
export const MAX_ATTEMPTS = STEPS.length + 1;

/** No provider may put a message off for longer than this, whatever its answer says. */
const MAX_AFTER = 24 * HOUR;

/**
 * How long to wait after `attempts` failed tries, ms; null when there were enough. Full jitter over the upper half of a step,
 * so that what failed together does not come back together. `afterMs` is the provider's own wish and is a lower bound.
 * @param random from 0 (included) to 1 (excluded)
 */
export function backOff(attempts: number, random: number, afterMs = 0): number | null {
  const step = STEPS[attempts - 1];
  if (step === undefined) return null;
  const wish = Number.isFinite(afterMs) ? Math.min(Math.max(afterMs, 0), MAX_AFTER) : 0;
  return Math.round(Math.max(wish, step / 2 + (step / 2) * random));
}
