import { LIMITS } from "@carillon/shared/limits";
import { paceOf } from "@carillon/shared/pace";
import type { Settings } from "@carillon/shared/settings";
import { Unavailable } from "../errors.ts";
import type { Job, Ports } from "../ports.ts";
import { publish } from "./publish.ts";

/** What comes later than this is not claimed before its turn: more urgent ones may come, or the channel be switched off. */
const SOON_MS = 250;
/** A connection without turns is asked for again after this long, so that its lease runs on and nobody waits for it for ever. */
const ASK_AGAIN_MS = 5_000;

type Rest = { until: number; why: string };
/** How long until the next message may be claimed, ms; or that this run should end, and when to come again. */
type Turn = { inMs: number } | { notBefore: number; rest: Rest | null };

/** Keeps one run of a job to the pace of its channel. A run without a pace asks nobody. */
export type Pacer = {
  /** The next turn, asked for at shard 0 where none is in hand. Throws Unavailable. */
  next(): Promise<Turn>;
  /** The next turn if it is in hand and comes soon, taken; null if the run has to pause and ask. */
  soon(): { inMs: number } | null;
  /** One message and its settling took so long. */
  took(ms: number): void;
  /** The run is over, its session closed. `rest`: the provider has slowed us down. Never throws: a lease ends by itself. */
  end(rest: Rest | null): Promise<void>;
};

const AT_ONCE = { inMs: 0 };
const UNPACED: Pacer = { next: async () => AT_ONCE, soon: () => AT_ONCE, took() {}, async end() {} };

export function pacerOf(ports: Ports, job: Job, settings: Settings): Pacer {
  const pace = paceOf(settings.channels[job.channel].settings);
  if (!pace) return UNPACED;
  const { clock, shards } = ports;
  const keeper = shards.get(job.org, 0);
  const run = { channel: job.channel, shard: job.shard, run: `${job.shard}.${crypto.randomUUID()}` };
  let turns: number[] | null = [];
  let lateMs = 0;
  let askedAt = -Infinity;
  let isHolding = false;
  let used = 0;
  let spent = 0;
  let longest = 0;

  /** A turn that is over is lost: to use it now would be to send faster than agreed. */
  function take(withinMs: number): { inMs: number } | null {
    const now = clock.now();
    if (turns === null) return now - askedAt < ASK_AGAIN_MS ? AT_ONCE : null;
    turns = turns.filter((turn) => turn + lateMs > now);
    const [first] = turns;
    if (first === undefined || first - now > withinMs) return null;
    turns.shift();
    return { inMs: Math.max(0, Math.ceil(first - now)) };
  }

  return {
    soon: () => take(SOON_MS),
    took(ms) {
      used++;
      spent += ms;
      longest = Math.max(longest, ms);
    },
    async next() {
      const inHand = take(Infinity);
      if (inHand) return inHand;
      // How many it can use is known once it has sent one.
      const count = used === 0 ? 1 : LIMITS.jobPeople - used;
      // Between the mean and the longest: most find their turn not over yet, and few turns lie idle.
      const eachMs = used === 0 ? 0 : (spent / used + longest) / 2;
      const given = await keeper.turns({ ...run, pace, count, eachMs });
      if ("notBefore" in given) return given;
      isHolding = true;
      ({ turns, lateMs } = given);
      askedAt = clock.now();
      // However long the way to shard 0 was: the first of what it gave may be used, or a slow way would leave none.
      return take(Infinity) ?? AT_ONCE;
    },
    async end(rest) {
      if (!isHolding) return;
      try {
        const next = await keeper.giveBack({ ...run, unused: turns ?? [], rest });
        if (next !== null) await publish(ports, job.org, next, [{ channel: job.channel, at: clock.now(), number: newNumber() }]);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
      }
    },
  };
}

const newNumber = (): string => crypto.randomUUID().slice(0, 13);
