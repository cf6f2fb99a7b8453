import { pruneHistory } from "../settings/retention.ts";
import { readOrgs } from "../settings/org.ts";
import type { Ports } from "../ports.ts";

/** Arms the timers of every shard of every organisation: what a crash has disarmed rings again. Past settings go when it is time. */
export async function rearmAll(ports: Pick<Ports, "store" | "shards" | "clock">): Promise<void> {
  for (const org of await readOrgs(ports)) {
    for (let shard = 0; shard < org.shards; shard++) await ports.shards.get(org.org, shard).rearm();
    await pruneHistory(ports, org);
  }
}
