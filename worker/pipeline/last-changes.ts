import type { Ports } from "../ports.ts";
import type { TransferAnswer } from "../shard/transfer/transfer.ts";
import { everyShard } from "./across.ts";

/** A hold that nobody ends is over by itself after this long. */
const HOLD_MS = 3_000;

/**
 * The last changes of a backup, of all shards as of one instant (`at`): all of them are held while each is asked, so that what one has
 * handed to another is in one of the two copies at least; calls wait for as long, some milliseconds, and none is refused. Not
 * `isWhole`: there was more than one answer holds, or a hold was over too soon. What was answered counts all the same, and it is to be
 * asked again from there.
 */
export async function lastChanges(
  ports: Pick<Ports, "shards" | "clock">,
  org: string,
  asked: { backup: string; after: number }[],
): Promise<{ at: number; isWhole: boolean; parts: TransferAnswer[] }> {
  const shards = everyShard(ports, { org, shards: asked.length });
  try {
    await Promise.all(shards.map((shard) => shard.transfer({ act: "hold", ms: HOLD_MS })));
    const at = ports.clock.now();
    const parts = await Promise.all(shards.map((shard, index) => shard.transfer({ act: "changes", ...asked[index]! })));
    return { at, parts, isWhole: parts.every((part) => "isHeld" in part && part.isHeld && part.isAll) };
  } finally {
    await Promise.allSettled(shards.map((shard) => shard.transfer({ act: "letGo" })));
  }
}
