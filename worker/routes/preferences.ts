import * as z from "zod";
import { preferencesSchema, type Preferences } from "@carillon/shared/preferences";
import { invalid, notFound } from "../errors.ts";
import { shardOf } from "../pipeline/place.ts";
import { publish } from "../pipeline/publish.ts";
import type { Ports } from "../ports.ts";
import { readOrg } from "../settings/org.ts";
import { isBehind, withRules } from "../settings/with-rules.ts";
import type { Behind, ShardCalls } from "../shard/calls.ts";

/** What may be written; what else an answer holds may be sent back and is ignored. */
export const preferencesBodySchema = z
  .looseObject({})
  .transform((body) =>
    Object.fromEntries(Object.keys(preferencesSchema.shape).flatMap((name) => (name in body ? [[name, body[name]]] : []))),
  )
  .pipe(preferencesSchema);

export const preferencesAnswerSchema = preferencesSchema.extend({ routing: z.looseObject({}), organisation: z.looseObject({}) });

type Place = { org: string; shards: number };

export async function showPreferences(ports: Ports, place: Place, user: string) {
  const { preferences } = await askFor(ports, place, user, async (shard) => {
    const answer = await shard.preferences(user);
    return answer && "behind" in answer ? answer : { preferences: answer };
  });
  if (!preferences) throw notFound("user");
  return preferences;
}

/** @throws 422 `preferences.locked` or `preferences.outside-bounds`, naming the cell or the bound */
export async function savePreferences(ports: Ports, place: Place, user: string, preferences: Preferences) {
  const answer = await askFor(ports, place, user, (shard) => shard.setPreferences(user, preferences));
  ports.background(publish(ports, place.org, shardOf(user, place.shards), answer.wakes));
  if ("saved" in answer) return answer.saved;
  throw invalid(answer.code, WORDS[answer.code] ?? "These preferences are not allowed; see errors.", answer.issues);
}

/** Asks a person's shard; one that has never heard of any settings is told them first. */
async function askFor<Answer extends object>(
  ports: Ports,
  { org, shards }: Place,
  user: string,
  ask: (shard: ShardCalls) => Promise<Behind | Answer>,
): Promise<Answer> {
  const shard = shardOf(user, shards);
  const answer = await ask(ports.shards.get(org, shard));
  if (!isBehind(answer)) return answer;
  const place = await readOrg(ports, org);
  if (!place) throw notFound("organisation");
  return withRules(ports, place, shard, ask);
}
const WORDS: Record<string, string> = {
  "preferences.locked": "Some of these choices are locked by your organisation; see errors.",
  "preferences.outside-bounds": "These quiet hours go beyond your organisation's bounds; see errors.",
};
