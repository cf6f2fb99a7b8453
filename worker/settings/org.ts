import type { Store } from "../ports.ts";

/** An organisation as the registry knows it; `version` is that of its newest settings. */
export type Org = { org: string; name: string; shards: number; version: number };

/** One command. Null if there is no such organisation. */
export async function readOrg({ store }: { store: Store }, org: string): Promise<Org | null> {
  const [reply] = await store.run(["HMGET", `org:${org}`, "version", "shards", "name"]);
  const [version, shards, name] = Array.isArray(reply) ? reply : [];
  if (version == null || shards == null) return null;
  return { org, name: String(name ?? org), shards: Number(shards), version: Number(version) };
}
