import { readOrg } from "../settings/org.ts";
import type { Ports } from "../ports.ts";

/** Arms the timers of every shard of every organisation: what a crash has disarmed rings again. */
export async function rearmAll(ports: Pick<Ports, "store" | "shards">): Promise<void> {
  const [orgs] = await ports.store.run(["SMEMBERS", "orgs"]);
  if (!Array.isArray(orgs)) return;
  for (const name of orgs) {
    const org = await readOrg(ports, String(name));
    if (!org) continue;
    for (let shard = 0; shard < org.shards; shard++) await ports.shards.get(org.org, shard).rearm();
  }
}
