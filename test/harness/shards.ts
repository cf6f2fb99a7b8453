import { shardOf } from "@carillon/worker/pipeline/place";

/** How many shards an organisation of the tests has that does not say it itself: `CARILLON_SHARDS`, or one. */
export const SHARDS = Number(process.env.CARILLON_SHARDS ?? 1);

/** The numbers of shards that a test with a run for each goes through: one and four, or what `CARILLON_SHARDS` says. */
export const SHARD_COUNTS = process.env.CARILLON_SHARDS === undefined ? [1, 4] : [SHARDS];

/** This name, lengthened where it has to be, of a person in this shard. */
export function nameIn(shard: number, shards: number, name: string): string {
  for (let n = 0; ; n++) {
    const candidate = n === 0 ? name : `${name}-${n}`;
    if (shardOf(candidate, shards) === shard) return candidate;
  }
}
