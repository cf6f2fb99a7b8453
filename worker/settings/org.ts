import type { Command, Reply, Store } from "../ports.ts";

/** An organisation as the registry knows it; `version` is that of its newest settings. */
export type Org = { org: string; name: string; shards: number; version: number };

/** All that there are, by name; two round trips. */
export async function readOrgs({ store }: { store: Store }): Promise<Org[]> {
  const [names] = await store.run(["SMEMBERS", "orgs"]);
  const orgs = (Array.isArray(names) ? names.map(String) : []).sort();
  const replies = await store.run(...orgs.map((org) => recordOf(org)));
  return orgs.flatMap((org, index) => toOrg(org, replies[index]) ?? []);
}

/** One command. Null if there is no such organisation. */
export async function readOrg({ store }: { store: Store }, org: string): Promise<Org | null> {
  const [reply] = await store.run(recordOf(org));
  return toOrg(org, reply);
}

const recordOf = (org: string): Command => ["HMGET", `org:${org}`, "version", "shards", "name"];

function toOrg(org: string, reply: Reply | undefined): Org | null {
  const [version, shards, name] = Array.isArray(reply) ? reply : [];
  if (version == null || shards == null) return null;
  return { org, name: String(name ?? org), shards: Number(shards), version: Number(version) };
}
