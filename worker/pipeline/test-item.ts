import type { Ports } from "../ports.ts";
import { withRules } from "../settings/with-rules.ts";
import { newEventId, shardOf } from "./place.ts";

/** Puts a real item into one person's bell, as the in-app test does. */
export async function sendTestItem(ports: Ports, place: { org: string; shards: number; version: number }, user: string): Promise<void> {
  const shard = shardOf(user, place.shards);
  const event = {
    id: newEventId(shard),
    type: "note_added",
    typeName: null,
    recipients: [{ id: user, fields: null }],
    actor: null,
    priority: "normal" as const,
    data: { text: "This is a test. If you can read it in the bell, in-app notifications work.", actorName: "Carillon" },
    link: null,
    occurredAt: null,
    collapseKey: null,
    resolves: [],
    deliverAt: null,
    expiresAt: null,
  };
  await withRules(ports, place, shard, (calls) => calls.accept({ version: place.version, events: [{ event, hash: event.id }] }));
}
