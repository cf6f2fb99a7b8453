import { pruneHistory } from "../settings/retention.ts";
import { readOrgs } from "../settings/org.ts";
import type { Ports } from "../ports.ts";

/** Arms the timers of every shard of every organisation: what a crash has disarmed rings again. Past settings go when it is time. */
export async function rearmAll(ports: Pick<Ports, "store" | "shards" | "clock">): Promise<void> {
  for (const org of await readOrgs(ports)) {
    await rearmOrg(ports, org);
    await pruneHistory(ports, org);
  }
}

/** The same for one organisation; a shard that was restored opens by it. */
export async function rearmOrg({ shards }: Pick<Ports, "shards">, { org, shards: count }: { org: string; shards: number }): Promise<void> {
  for (let shard = 0; shard < count; shard++) await shards.get(org, shard).rearm();
}
