import { readOrgs } from "../settings/org.ts";
import type { Ports } from "../ports.ts";

/** Arms the timers of every shard of every organisation: what a crash has disarmed rings again. */
export async function rearmAll(ports: Pick<Ports, "store" | "shards">): Promise<void> {
  for (const { org, shards } of await readOrgs(ports)) {
    for (let shard = 0; shard < shards; shard++) await ports.shards.get(org, shard).rearm();
  }
}
