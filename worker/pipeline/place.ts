/**
 * Which shard a person or an event belongs to. FNV-1a: stable for ever, because the answer is where the data lies.
 * @returns 0 … shards − 1
 */
export function shardOf(name: string, shards: number): number {
  if (shards === 1) return 0;
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % shards;
}

/** The home of an event: its dedupe row, GET and cancel live there. An id that we made names its shard. */
export function homeOf(event: string, shards: number): number {
  const named = /^e(\d{1,6})_/.exec(event);
  const shard = named ? Number(named[1]) : shards;
  return shard < shards ? shard : shardOf(event, shards);
}

/** A new event id for an event that came without one. */
export const newEventId = (shard: number): string => `e${shard}_${crypto.randomUUID().replaceAll("-", "")}`;

/** The shard that an id of ours begins with; null when it can't be one. */
export function shardNamedBy(id: string, shards: number): number | null {
  const match = /^(\d{1,6})-/.exec(id);
  const shard = match ? Number(match[1]) : shards;
  return shard < shards ? shard : null;
}
