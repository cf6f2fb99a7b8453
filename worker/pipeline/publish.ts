import { Unavailable } from "../errors.ts";
import { log } from "../log.ts";
import type { Ports } from "../ports.ts";
import type { Wake } from "../shard/calls.ts";

/**
 * Hands wake-ups to the queue, and notes with the shard that those for later are on their way. Never throws: the ledger is
 * the outbox, and its sweep publishes again what was not confirmed.
 */
export async function publish(ports: Pick<Ports, "queue" | "shards" | "clock">, org: string, shard: number, wakes: Wake[]): Promise<void> {
  if (wakes.length === 0) return;
  const { queue, shards, clock } = ports;
  const furthest = clock.now() + queue.maxDelay;
  try {
    // What lies further ahead than the queue can see goes in hops: the job finds nothing due and the sweep sends it on.
    await queue.publish(wakes.map((wake) => ({ org, shard, channel: wake.channel, at: Math.min(wake.at, furthest), number: wake.number })));
    const later = wakes.filter((wake) => wake.at > clock.now());
    if (later.length > 0) await shards.get(org, shard).confirm(later);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    log("warn", "wake-ups left to the sweep", { org, shard, count: wakes.length, part: error.part });
    await tell(shards.get(org, shard).missed(wakes));
  }
}

/** A shard that can't be told takes the wake-ups for lost after a while, by itself. */
async function tell(missed: Promise<void>): Promise<void> {
  try {
    await missed;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
}
