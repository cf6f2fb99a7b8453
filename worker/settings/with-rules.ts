import { Unavailable } from "../errors.ts";
import type { Ports } from "../ports.ts";
import type { Behind, ShardCalls } from "../shard/calls.ts";
import { rulesOf } from "./rules.ts";
import { readSettings } from "./store.ts";

/** Asks a shard; one that has not heard of the newest settings gets the rules first and is asked once more. */
export async function withRules<Answer extends object>(
  ports: Pick<Ports, "shards" | "store">,
  place: { org: string; version: number },
  shard: number,
  ask: (shard: ShardCalls) => Promise<Behind | Answer>,
): Promise<Answer> {
  const calls = ports.shards.get(place.org, shard);
  const answer = await ask(calls);
  if (!isBehind(answer)) return answer;
  await calls.apply(rulesOf(await readSettings(ports, place.org, place.version)));
  const second = await ask(calls);
  if (isBehind(second)) throw new Unavailable("shard", new Error("The shard does not take on the newest settings"));
  return second;
}

export const isBehind = (answer: object): answer is Behind => "behind" in answer;
