import type { Audience, GroupKind } from "./audience.ts";
import { CHANNELS, type Channel } from "./channels.ts";
import type { Decision } from "./decide.ts";
import type { Priority } from "./event-types.ts";
import type { Cost } from "./prices.ts";
import type { Reason } from "./reasons.ts";
import type { Language, TextChannel } from "./texts.ts";

type Reasons = Partial<Record<Reason, number>>;
/** What becomes of an event on one channel, in people; by the reason where that is not the rule. */
export type ChannelCounts = { send: number; hold: Reasons; park: Reasons; skip: Reasons };

/** What was decided for some people. `reached`: how many of them are told on one channel at least, now or later. */
export type Counts = {
  people: number;
  reached: number;
  channels: Record<Channel, ChannelCounts>;
  /** How many SMS leave, now or later, by the language of their text. */
  sms: Partial<Record<Language, number>>;
  /** When the first and the last message leaves, ms; null for none. */
  firstAt: number | null;
  lastAt: number | null;
};

/** What an event would do. `text` has what a person reads on each channel, in English. */
export type EventPreview = Omit<Counts, "sms" | "channels" | "firstAt" | "lastAt"> & {
  channels: Record<Channel, ChannelCounts & { segments?: number }>;
  cost: Partial<Record<Channel, Cost>>;
  firstAt: string | null;
  lastAt: string | null;
  decidedAt: string;
  text: Record<TextChannel, { title: string; text: string }>;
};

/** `GET /admin/api/audiences`: whom an event can be for, and how many people they are. */
export type Audiences = { people: number; groups: { kind: GroupKind; name: string; people: number }[] };

/** `told`: all of its people were, but for whoever has left its audience since. */
export const BROADCAST_STATES = ["telling", "told", "cancelled"] as const;
export type BroadcastState = (typeof BROADCAST_STATES)[number];

/** An event that is or was told slice by slice, and how far it is. `sent` tells who sent it from the admin page, and to whom. */
export type Broadcast = {
  id: string;
  type: string;
  /** The name of the organisation's own type; null for a built-in one. */
  typeName: string | null;
  /** What its people read; null while nobody was told. */
  title: string | null;
  priority: Priority;
  acceptedAt: string;
  deliverAt: string | null;
  people: number;
  told: number;
  state: BroadcastState;
  sent: { by: string; audience: Audience } | null;
};

export const noCounts = (): Counts => ({
  people: 0,
  reached: 0,
  channels: Object.fromEntries(CHANNELS.map((channel) => [channel, { send: 0, hold: {}, park: {}, skip: {} }])) as Counts["channels"],
  sms: {},
  firstAt: null,
  lastAt: null,
});

/** Counts what was decided for one person, a decision a channel. `at` is when a message leaves that is sent at once. */
export function countPerson(counts: Counts, decisions: Decision[], language: Language, at: number): void {
  let isReached = false;
  decisions.forEach((decision, index) => {
    const channel = CHANNELS[index]!;
    if (decision.do === "send") counts.channels[channel].send++;
    else add(counts.channels[channel][decision.do], decision.why, 1);
    if (decision.do === "park" || decision.do === "skip") return;
    isReached = true;
    if (channel === "sms") add(counts.sms, language, 1);
    span(counts, decision.do === "hold" ? decision.until : at);
  });
  counts.people++;
  if (isReached) counts.reached++;
}

/** Adds what was decided for others. */
export function addCounts(counts: Counts, others: Counts): void {
  counts.people += others.people;
  counts.reached += others.reached;
  for (const channel of CHANNELS) {
    const [sum, more] = [counts.channels[channel], others.channels[channel]];
    sum.send += more.send;
    for (const part of ["hold", "park", "skip"] as const) addAll(sum[part], more[part]);
  }
  addAll(counts.sms, others.sms);
  for (const at of [others.firstAt, others.lastAt]) if (at !== null) span(counts, at);
}

/** How many messages leave on a channel, now or later. */
export const leaving = ({ send, hold }: ChannelCounts): number => send + total(hold);

export const total = (numbers: Partial<Record<string, number>>): number =>
  Object.values(numbers).reduce<number>((sum, n) => sum + (n ?? 0), 0);

function span(counts: Counts, at: number): void {
  counts.firstAt = Math.min(counts.firstAt ?? at, at);
  counts.lastAt = Math.max(counts.lastAt ?? at, at);
}

function addAll<Name extends string>(sums: Partial<Record<Name, number>>, more: Partial<Record<Name, number>>): void {
  for (const name of Object.keys(more) as Name[]) add(sums, name, more[name]!);
}

function add<Name extends string>(sums: Partial<Record<Name, number>>, name: Name, n: number): void {
  sums[name] = (sums[name] ?? 0) + n;
}
