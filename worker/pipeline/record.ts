import { mappingFor, type WhatsAppSettings } from "@carillon/shared/whatsapp-settings";
import type { Outcome, ProviderNews, Receipt, Reply, TemplateChange } from "../channels/channel.ts";
import type { Ports } from "../ports.ts";
import { readSettings } from "../settings/store.ts";
import type { ShardCalls, Wake } from "../shard/calls.ts";
import type { Place } from "./accept.ts";
import { shardNamedBy } from "./place.ts";
import { publish } from "./publish.ts";

type RecordPorts = Pick<Ports, "shards" | "store" | "clock" | "queue" | "background">;

/**
 * Writes down what a provider tells: how far messages have come, who wants no more, which templates may be used. All of it can be
 * repeated and come in any order; what is no news and what was never ours changes nothing. Throws Unavailable if a shard can't be reached.
 */
export async function record(ports: RecordPorts, place: Place, channel: "sms" | "whatsapp", news: ProviderNews): Promise<void> {
  await Promise.all(news.receipts.map((receipt) => recordReceipt(ports, place, receipt)));
  for (const reply of news.replies) await recordReply(ports, place, channel, reply);
  for (const template of news.templates) await recordTemplate(ports, place, template);
}

/** The same for a single delivery, whoever tells it. */
export async function recordReceipt(
  ports: RecordPorts,
  place: Place,
  { deliveryId, attempt, state, code, outcome }: Omit<Receipt, "providerId">,
): Promise<void> {
  const shard = shardNamedBy(deliveryId, place.shards);
  if (shard === null) return;
  const calls = ports.shards.get(place.org, shard);
  const meaning = outcome?.template?.name === "" ? await withTemplate(ports, place, calls, deliveryId, outcome) : outcome;
  const { wakes } = await calls.receipt({ id: deliveryId, attempt, state, said: outcome?.said ?? code, outcome: meaning });
  ports.background(publish(ports, place.org, shard, wakes));
}

/** A webhook names no template: it is the one that the delivery's event has in its reader's language. */
async function withTemplate(ports: RecordPorts, place: Place, shard: ShardCalls, id: string, outcome: Outcome): Promise<Outcome> {
  const delivery = await shard.delivery(id);
  const user = delivery && (await shard.user(delivery.user));
  const { settings } = (await readSettings(ports, place.org, place.version)).channels.whatsapp;
  const mapping = delivery && settings && mappingFor(settings as WhatsAppSettings, delivery.type, user?.locale ?? "en");
  return mapping ? { ...outcome, template: { name: mapping.name, language: mapping.language } } : outcome;
}

async function recordReply(ports: RecordPorts, place: Place, channel: "sms" | "whatsapp", { from, text, optOut }: Reply): Promise<void> {
  if (optOut === null) return;
  const said = `Replied ${text.trim().slice(0, 40)}`;
  await onAllShards(ports, place, (shard) => shard.optOut({ channel, phone: from, isOut: optOut === "stop", said }));
}

/** What is to be sent with it waits from now on, or goes on; and it is noted what Meta said, and when. */
async function recordTemplate(ports: RecordPorts, place: Place, template: TemplateChange): Promise<void> {
  if (!("status" in template)) return;
  const { name, language, status, reason, verdict } = template;
  if (verdict === "usable") await onAllShards(ports, place, (shard) => shard.templateUsable({ name, language }));
  else if (verdict) await onAllShards(ports, place, (shard) => shard.templateUnusable({ name, language }, verdict));
  const entry = { at: ports.clock.now(), who: "Meta", role: null, act: "template.status", what: `${name} (${language})` };
  await ports.shards.get(place.org, 0).audit({ ...entry, detail: { status, reason } });
}

async function onAllShards(ports: RecordPorts, place: Place, ask: (shard: ShardCalls) => Promise<{ wakes: Wake[] }>): Promise<void> {
  await Promise.all(
    Array.from({ length: place.shards }, async (_, number) => {
      const { wakes } = await ask(ports.shards.get(place.org, number));
      ports.background(publish(ports, place.org, number, wakes));
    }),
  );
}
