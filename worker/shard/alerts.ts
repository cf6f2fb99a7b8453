import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { ALERT_TYPE } from "@carillon/shared/event-types";
import type { Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import { takeShare } from "./accept.ts";
import { hourOf } from "./ledger/tally.ts";
import type { Fault } from "./ledger/gates.ts";
import type { Parts } from "./parts.ts";

const ONLY_THE_BELL = Object.fromEntries(
  CHANNELS.map((channel) => [channel, { when: channel === "in-app" ? "on" : "off", locked: true }]),
) as Record<Channel, { when: "on" | "off"; locked: boolean }>;

const NAMES: Record<Channel, string> = { "in-app": "In-App", email: "Email", sms: "SMS", whatsapp: "WhatsApp", push: "Browser Push" };

/** A channel, or one of its templates, has stopped: the admins' bells say why, and what to do. */
export function tellOfFault(
  parts: Parts,
  channel: Channel,
  { why, remedy }: Fault,
  now: number,
  template?: { name: string; language: string },
): void {
  const what = template
    ? `${NAMES[channel]}: template ${template.name} (${template.language}) can't be used`
    : `${NAMES[channel]} has stopped`;
  tell(
    parts,
    `fault.${channel}.${template ? `${template.name}.${template.language}.` : ""}${momentOf(parts, now)}`,
    what,
    [why, remedy ?? ""].filter(Boolean).join(" "),
    `/${channel}`,
    now,
  );
}

/** Deliveries end undelivered: one item per channel and hour, however many they are. */
export function tellOfFailure(parts: Parts, channel: Channel, now: number): void {
  const text = "Deliveries have failed for good. The delivery log says which and why, and can send them again.";
  tell(
    parts,
    `failed.${channel}.${hourOf(now)}`,
    `${NAMES[channel]}: undelivered messages`,
    text,
    `/delivery-log?state=failed&channel=${channel}`,
    now,
  );
}

/** Each shard finds out by itself that a provider is away; what several say within ten minutes is one alert. */
const momentOf = ({ gates }: Parts, now: number): number => ((gates.rules()?.shards ?? 1) === 1 ? now : Math.floor(now / 600_000));

/** The admins' bells may be in any shard. Nobody is told where no admin has one. */
function tell(parts: Parts, id: string, name: string, text: string, link: string, now: number): void {
  const rules = parts.gates.rules();
  if (!rules || parts.events.hashOf(`alert.${id}`) !== null) return;
  const shards = rules.shards ?? 1;
  if (shards === 1 && parts.people.admins().length === 0) return;
  const event: Event = {
    id: `alert.${id}`,
    type: ALERT_TYPE,
    typeName: name,
    priority: "high",
    actor: null,
    recipients: [],
    data: { text },
    link,
    occurredAt: null,
    deliverAt: null,
    expiresAt: null,
    collapseKey: null,
    resolves: [],
  };
  const n = parts.events.next();
  takeAlert(parts, rules, event, now);
  for (let shard = 0; shard < shards; shard++) if (shard !== parts.shard) parts.shares.add(shard, n, event);
}

/** Tells the admins of this shard, once. */
export function takeAlert(parts: Parts, rules: Rules, event: Event, now: number): void {
  const recipients = parts.people.admins().map((admin) => ({ id: admin.id, fields: null }));
  takeShare(parts, { ...rules, cells: { ...rules.cells, [ALERT_TYPE]: ONLY_THE_BELL } }, { ...event, recipients }, now);
}
