import { Unavailable, tooMany } from "../errors.ts";
import type { Clock, Store } from "../ports.ts";

/** `failClosed`: when the store can't be asked, nobody gets through. */
export type Rate = { name: string; max: number; seconds: number; failClosed: boolean };

/** What could be guessed at, or sends something to the outside. */
export const RATES = {
  signIn: { name: "sign-in", max: 20, seconds: 60, failClosed: true },
  test: { name: "test", max: 30, seconds: 60, failClosed: true },
  templates: { name: "templates", max: 30, seconds: 60, failClosed: true },
  browsers: { name: "browsers", max: 60, seconds: 60, failClosed: false },
  reveal: { name: "reveal", max: 30, seconds: 60, failClosed: true },
} as const satisfies Record<string, Rate>;

/**
 * Counts a try of `whose`, in windows of fixed length.
 * @throws 429 with the seconds until the window ends; Unavailable if the rate fails closed
 */
export async function countTry({ store, clock }: { store: Store; clock: Clock }, rate: Rate, whose: string): Promise<void> {
  const now = clock.now();
  const key = keyOf(rate, whose, now);
  let count: unknown;
  try {
    [count] = await store.run(["INCR", key], ["EXPIRE", key, rate.seconds]);
  } catch (error) {
    if (!(error instanceof Unavailable) || rate.failClosed) throw error;
    return;
  }
  const windowMs = rate.seconds * 1_000;
  if (Number(count) > rate.max) throw tooMany("Too many tries; please wait a moment.", Math.ceil((windowMs - (now % windowMs)) / 1_000));
}

/** A success: earlier tries of this window no longer count. */
export async function forgetTries({ store, clock }: { store: Store; clock: Clock }, rate: Rate, whose: string): Promise<void> {
  await store.run(["DEL", keyOf(rate, whose, clock.now())]);
}

const keyOf = (rate: Rate, whose: string, now: number): string => `rate:${rate.name}:${whose}:${Math.floor(now / (rate.seconds * 1_000))}`;
