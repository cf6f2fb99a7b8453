import { EXTERNAL_CHANNELS, type ExternalChannel } from "@carillon/shared/channels";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { rulesWith } from "../harness/rules.ts";
import type { Cost, Step } from "./cost.ts";
import type { Counted, CountedShard } from "./start-counted.ts";

export const T0 = Date.UTC(2026, 10, 23, 9);

export const input = (id: string, recipients: string[]) => {
  const event = toEvent(eventSchema.parse({ id, type: "task_assigned", recipients, data: { task: { title: `Call ${id}` } } }), id);
  return { version: 1, events: [{ event, hash: "hash" }] };
};

export const rowsOf = (costs: Cost[]): number => costs.reduce((total, { rowsWritten }) => total + rowsWritten, 0);

/** A shard of people who can be reached on every channel; in-app and `channels` are on. */
export async function makeShard(
  counted: Counted,
  name: string,
  people: string[],
  channels: readonly ExternalChannel[] = ["email", "sms"],
): Promise<CountedShard> {
  const shard = counted.shard(name);
  const users = people.map((id) => ({ id, fields: { email: `${id}@example.com`, phone: "+4915112345601", whatsappOptIn: true } }));
  const browserOf = (id: string) => ({ endpoint: `https://push.example.com/${id}`, p256dh: "key", auth: "auth" });
  const steps: Step[] = [
    { call: "apply", args: [rulesWith("in-app", ...channels)] },
    { call: "putUsers", args: [users] },
    ...people.map((id): Step => ({ call: "putBrowser", args: [id, browserOf(id)] })),
  ];
  await shard.run(steps, T0);
  return shard;
}

/** What the stations of an event cost, and the ids of its deliveries. */
export type Life = { costs: Record<string, Cost>; deliveries: Partial<Record<ExternalChannel, string>> };

/** One event for u1 through all its stations, as the worker drives it: accepted, sent on each channel, read in the bell. */
export async function live(
  shard: CountedShard,
  id: string,
  now: number,
  channels: readonly ExternalChannel[] = ["email", "sms"],
): Promise<Life> {
  await shard.run([], now);
  const costs: Life["costs"] = {};
  const deliveries: Life["deliveries"] = {};
  costs["accept"] = (await shard.ask("accept", input(id, ["u1"]))).cost;
  for (const channel of EXTERNAL_CHANNELS.filter((one) => channels.includes(one))) {
    const job = { at: now, number: `${id}-${channel}` };
    const begun = await shard.ask("begin", { version: 1, channel, job });
    if ("behind" in begun.answer || !begun.answer.claim) throw new Error(`Nothing is due on ${channel}`);
    const { id: claim, message } = begun.answer.claim;
    const outcome = { kind: "ok", code: "201", said: "Created" } as const;
    const ended = await shard.ask("next", { version: 1, channel, job, claim, outcome, ms: 12, isLast: false });
    if (ended.answer.claim) throw new Error(`More than one is due on ${channel}`);
    costs[`${channel}: claim`] = begun.cost;
    costs[`${channel}: settle`] = ended.cost;
    deliveries[channel] = message.deliveryId;
  }
  const { answer } = await shard.ask("inbox", { user: "u1", filter: "all", q: null, type: null, limit: 1, cursor: null });
  costs["read"] = (await shard.ask("mark", { user: "u1", mark: "read", ids: [answer.data[0]!.id] })).cost;
  return { costs, deliveries };
}

/** What a provider tells later of a delivery, one word after the other; what each cost. */
export async function hear(shard: CountedShard, id: string, states: ("sent" | "delivered" | "read")[]): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const state of states) costs.push((await shard.ask("receipt", { id, attempt: null, state, said: null, outcome: null })).cost);
  return costs;
}
