import * as z from "zod";
import { preferencesSchema, type Preferences } from "@carillon/shared/preferences";
import { invalid, notFound } from "../errors.ts";
import { shardOf } from "../pipeline/place.ts";
import { publish } from "../pipeline/publish.ts";
import type { Ports } from "../ports.ts";

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
  const preferences = await ports.shards.get(place.org, shardOf(user, place.shards)).preferences(user);
  if (!preferences) throw notFound("user");
  return preferences;
}

/** @throws 422 `preferences.locked` or `preferences.outside-bounds`, naming the cell or the bound */
export async function savePreferences(ports: Ports, place: Place, user: string, preferences: Preferences) {
  const shard = shardOf(user, place.shards);
  const answer = await ports.shards.get(place.org, shard).setPreferences(user, preferences);
  ports.background(publish(ports, place.org, shard, answer.wakes));
  if ("saved" in answer) return answer.saved;
  throw invalid(answer.code, WORDS[answer.code] ?? "These preferences are not allowed; see errors.", answer.issues);
}
const WORDS: Record<string, string> = {
  "preferences.locked": "Some of these choices are locked by your organisation; see errors.",
  "preferences.outside-bounds": "These quiet hours go beyond your organisation's bounds; see errors.",
};
