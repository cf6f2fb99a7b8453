import type { Role } from "@carillon/shared/access";
import type { Audience } from "@carillon/shared/audience";
import type { Audiences } from "@carillon/shared/broadcast";
import type { Channel, ExternalChannel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import type { RoutingCells } from "@carillon/shared/event-types";
import type { Event, Issue } from "@carillon/shared/events";
import type { InboxFilter, InboxItem, InboxMark } from "@carillon/shared/inbox";
import type { DecisionDetails, Delivery, Ledger, State } from "@carillon/shared/ledger";
import type { User, UserFields } from "@carillon/shared/people";
import type { Preferences } from "@carillon/shared/preferences";
import type { QuietHours } from "@carillon/shared/quiet-hours";
import type { Reason } from "@carillon/shared/reasons";
import type { Release, Settings } from "@carillon/shared/settings";
import type { Message, Outcome, PushSubscription } from "../channels/channel.ts";
import type { EventProgress, Progress } from "./fan-out.ts";
import type { ShardMetrics } from "./metrics.ts";
import type { PreviewSlice } from "./preview.ts";
import type { Fault } from "./ledger/gates.ts";
import type { GivenBack, TurnsAsked, TurnsGiven } from "./org/pace.ts";
import type { Handover } from "./shares.ts";
import type { TransferAnswer, TransferStep } from "./transfer/transfer.ts";

/**
 * What a shard can be asked. Every call is one transaction and idempotent where a repeat is possible; an answer is given only
 * after it is durable. Arguments and answers are plain data, because on Workers they cross a process border. A call rejects with
 * Unavailable when the shard can't be reached; whether it was carried out is then unknown.
 */
export type ShardCalls = {
  /** Takes on newer rules and acts on what they change (parks, releases, cancels). Older ones are ignored. */
  apply(rules: Rules, releases?: Partial<Record<Channel, Release>>): Promise<{ wakes: Wake[] }>;

  accept(call: { version: number; events: AcceptedInput[] }): Promise<Behind | { results: Accepted[]; wakes: Wake[] }>;
  /** Takes shares of events whose home is another shard; what this shard has already is left as it is. */
  take(call: { version: number; events: Event[] }): Promise<Behind | { taken: number }>;
  /**
   * Of the home's own host: what is to be handed to that shard next, after it has taken everything up to `taken`; null when nothing
   * waits for it. `version` is that of the rules that it was accepted by.
   */
  handOver(shard: number, taken: number | null): Promise<(Handover & { version: number }) | null>;
  /** An event as far as this shard knows it, for one person or for all; `shards` names those that have the rest. */
  event(id: string, user?: string): Promise<EventPart | null>;

  putUsers(users: { id: string; fields: UserFields }[]): Promise<{ users: User[]; wakes: Wake[] }>;
  user(id: string): Promise<User | null>;
  /** People of the CRM whose id, email or a part of whose name begins with `q`; admins, who have a bell too, are not among them. */
  suggestUsers(call: { q: string; limit: number }): Promise<User[]>;
  countAudience(audience: Audience): Promise<number>;
  /** Whom an event can be for, among this shard's people. */
  audiences(): Promise<Audiences>;
  /** Removes a person from people, inboxes, search and log texts. False if there was none. */
  eraseUser(id: string): Promise<boolean>;

  /** What a person has chosen, and within what; null for somebody unknown. */
  preferences(user: string): Promise<Behind | PreferencesView | null>;
  /** Checks against locks and bounds, stores, and plans anew what waits for the person. */
  setPreferences(
    user: string,
    preferences: Preferences,
  ): Promise<Behind | ({ wakes: Wake[] } & ({ saved: PreferencesView } | { code: string; issues: Issue[] }))>;
  /** What would become of an event, decided by the same code; nothing is stored. `at` null is now. */
  simulate(call: { version: number; event: Event; at: number | null }): Promise<Behind | { decisions: SimulatedDecision[] }>;
  /** The same in numbers, for the next people of the event after the one numbered `after`. */
  preview(call: { version: number; event: Event; at: number; after: number }): Promise<Behind | PreviewSlice>;
  /** The events that were last told slice by slice, newest first. */
  fanOuts(limit: number): Promise<{ id: string; at: number }[]>;
  /** How far each of these events is in this shard; null for one that it does not know. */
  progress(ids: string[]): Promise<(EventProgress | null)[]>;
  /** Cancels what is not sent yet, and what is not even told yet; null for an unknown event. */
  cancel(event: string): Promise<{ cancelled: number; shards: number[] } | null>;
  /** The same of a share, also of one that is still to come. */
  cancelShare(event: string): Promise<{ cancelled: number }>;
  /** Who is quiet just now, and when the next held delivery is released. */
  quietNow(): Promise<QuietNow>;

  /** Claims the first due delivery of a channel; null when nothing is due. `job` names the wake-up that this answers. */
  begin(call: { version: number; channel: ExternalChannel; job: { at: number; number: string } }): Promise<Behind | Served>;
  /**
   * Settles the claimed delivery and claims the next, in one transaction. `isLast` settles only, and so does a version that is no longer
   * the newest; so does `pauses`, for a job that comes back with `begin` or `later`.
   */
  next(call: {
    version: number;
    channel: ExternalChannel;
    job: { at: number; number: string };
    claim: string;
    outcome: Outcome;
    ms: number;
    isLast: boolean;
    pauses?: boolean;
  }): Promise<Served>;
  /** A job can't go on before an instant, for want of turns: it is woken then. `rest` says why, if the provider has slowed us down. */
  later(call: {
    channel: ExternalChannel;
    job: { at: number; number: string };
    at: number;
    rest: { until: number; why: string } | null;
  }): Promise<{ wakes: Wake[] }>;
  /** A provider's later word about a delivery: repeats and what is no news change nothing. Not known: it was never ours. */
  receipt(call: { id: string } & News): Promise<{ known: boolean; wakes: Wake[] }>;
  /** A reply of STOP or START: nothing more goes to this phone on this channel, or it may again. Answers how many people have it. */
  optOut(call: { channel: "sms" | "whatsapp"; phone: string; isOut: boolean; said: string }): Promise<{ people: number; wakes: Wake[] }>;
  /** What is to be sent with this template waits from now on, and the admins are told. One that no event has changes nothing. */
  templateUnusable(template: { name: string; language: string }, stop: { why: string; remedy: string }): Promise<{ wakes: Wake[] }>;
  /** What was parked for want of this template goes on; for all of them if null. */
  templateUsable(template: { name: string; language: string } | null): Promise<{ wakes: Wake[] }>;
  /** Binds a browser to a person. It is taken from whoever had it, and beyond 20 the oldest gives way. */
  putBrowser(user: string, browser: PushSubscription): Promise<{ browsers: number; wakes: Wake[] }>;
  /** The same in the place of one that the person has; null if they have neither, and nothing is stored. */
  replaceBrowser(user: string, endpoint: string, browser: PushSubscription): Promise<{ browsers: number; wakes: Wake[] } | null>;
  /** False if the person has no such browser; `user` null takes it from anybody. */
  removeBrowser(user: string | null, endpoint: string): Promise<boolean>;
  browsersOf(user: string): Promise<PushSubscription[]>;
  /** How many browsers take push messages, of how many people, and how many were made with each VAPID key. */
  pushStatus(): Promise<PushStatus>;
  /** Mutes a type on a channel for a person, or takes that back, as far as it is not locked. Null for somebody unknown. */
  mute(call: {
    user: string;
    type: string;
    channel: ExternalChannel;
    isMuted: boolean;
  }): Promise<Behind | { isMuted: boolean; wakes: Wake[] } | null>;

  /** Wake-ups the queue has stored; an unconfirmed one is published again. */
  confirm(wakes: Wake[]): Promise<void>;
  /** Wake-ups the queue could not take: they are not on their way, and the timer publishes anew within seconds. */
  missed(wakes: Wake[]): Promise<void>;
  /** A green test: the channel's fault ends and what it parked is released. */
  clearFault(channel: Channel): Promise<{ wakes: Wake[] }>;

  /** Another shard has found that the channel has stopped: here too nothing more is tried, and what is due waits. */
  tripped(news: { channel: Channel; fault: Fault }): Promise<void>;

  inbox(call: InboxQuery): Promise<{ data: InboxItem[]; unread: number; next: string | null }>;
  mark(call: { user: string; mark: InboxMark; ids: string[] | "all" }): Promise<{ unread: number }>;
  socketTicket(user: string, expiresAt: number): Promise<string>;

  /** Newest first. `reached`: nothing newer than this instant is left out, ms. */
  deliveries(query: DeliveryQuery): Promise<{ data: Delivery[]; next: string | null; reached: number }>;
  delivery(id: string): Promise<Delivery | null>;
  /** Sends failed, skipped-for-address or expired-lease deliveries once more; answers how many. Sent ones are left alone. */
  retry(ids: string[]): Promise<{ retried: number; wakes: Wake[] }>;
  ledger(range: { from: number | null; to: number | null }): Promise<Ledger>;
  /** The balance of each channel over the whole hours since the one that `since` is in. */
  volume(since: number): Promise<Record<Channel, Ledger>>;
  channelStatus(channel: Channel): Promise<ChannelStatus>;
  /** What would leave if the channel were switched on, by what may be chosen. */
  parkedOutlook(channel: Channel): Promise<ParkedOutlook>;

  /** Shard 0 only: writes down a settings change before it is made, so that a crash can't leave it half done. */
  intend(change: SettingsChange): Promise<{ taken: boolean }>;
  settled(version: number): Promise<void>;
  /** Shard 0 only: a connection to a channel's provider and turns on it, or when to come again. See org/pace.ts. */
  turns(asked: TurnsAsked): Promise<TurnsGiven>;
  /** Shard 0 only: a run is over. Answers the shard that has waited for its connection, and is to be woken now; null if none has. */
  giveBack(back: GivenBack): Promise<number | null>;
  /** A broadcast is noted once, however often it is sent. */
  audit(entry: AuditEntry): Promise<void>;
  /** Shard 0 only: who sent the broadcasts with these ids. */
  broadcasts(ids: string[]): Promise<AuditEntry[]>;
  auditLog(query: { limit: number; cursor: string | null }): Promise<{ data: (AuditEntry & { n: number })[]; next: string | null }>;

  /** How the shard is doing; costs the same however much it holds. */
  metrics(): Promise<ShardMetrics>;

  /** A step of a backup or a restore: the only call that a shard answers while it is held or filled. */
  transfer(step: TransferStep): Promise<TransferAnswer>;

  /** Arms what a crash may have disarmed. Called by the cron over the registry of organisations. */
  rearm(): Promise<void>;
};

/** What a provider tells of a delivery that it took. `outcome` is what a failure means. */
/** `attempt`: the try that it is about, null where the provider doesn't say. */
export type News = {
  attempt: number | null;
  state: "sent" | "delivered" | "read" | "failed";
  said: string | null;
  outcome: Outcome | null;
};
export type PushStatus = { browsers: number; people: number; byKey: Record<string, number> };

/** The caller's settings are newer than the shard's: call `apply` and repeat. */
export type Behind = { behind: true };

/** A wake-up to be published. */
export type Wake = { channel: ExternalChannel; at: number; number: string };

/** `people`: how many an event's audience has over all shards; absent for a list of recipients. */
export type AcceptedInput = { event: Event; hash: string; people?: number };

export type Accepted = { id: string; accepted: number; duplicate: boolean } | { id: string; reused: true };

/** `id` names the delivery and the try. */
export type Claim = { id: string; message: Message };

/**
 * A claimed delivery, ready to be built and sent; or nothing (more) to do, with wake-ups to publish for what remains. `rest`: the
 * provider slows us down. `isPaused`: more is due for the job that pauses.
 */
export type Served = {
  claim: Claim | null;
  wakes: Wake[];
  faulted?: { why: string };
  rest?: { until: number; why: string };
  isPaused?: true;
};

/** A person's preferences as far as they are in force, beside what the organisation says; only the first five may be changed. */
export type PreferencesView = Preferences & {
  routing: RoutingCells;
  organisation: { quietHours: QuietHours; quietNow: { until: string } | null };
};

export type SimulatedDecision = {
  user: string;
  channel: Channel;
  do: "send" | "hold" | "park" | "skip";
  until?: string;
  silent?: boolean;
  why: Reason;
  /** The values that it was taken from. */
  details: DecisionDetails;
};

export type QuietNow = {
  people: number;
  quiet: number;
  users: { id: string; name: string | null; until: string }[];
  held: number;
  nextRelease: string | null;
};

export type EventView = {
  id: string;
  type: string;
  priority: string;
  actor: string | null;
  data: Record<string, unknown>;
  link: string | null;
  occurredAt: string | null;
  acceptedAt: string;
  /** What it was decided by; `/admin/api/settings/history` names who made this version and when. */
  settingsVersion: number;
  /** All of them, as are the deliveries; but of an event that is told slice by slice the first hundred a shard. The log has the rest. */
  recipients: string[];
  deliveries: Delivery[];
  /** How far it is, for an event with more people than can be told at once; absent for all others. */
  fanOut?: Progress;
};
/** `accepted`: how many people it is for in all, as far as this shard knows. */
export type EventPart = EventView & { shards: number[]; accepted: number };

export type InboxQuery = { user: string; filter: InboxFilter; q: string | null; type: string | null; limit: number; cursor: string | null };

export type DeliveryQuery = {
  state: State | null;
  channel: Channel | null;
  type: string | null;
  event?: string | null;
  user: string | null;
  from: number | null;
  to: number | null;
  q: string | null;
  limit: number;
  cursor: string | null;
};

/** `segments`: as how many SMS they count with Twilio; null for every other channel. `people`: of how many different people. */
export type ParkedOutlook = { parked: number; urgent: number; people: number; segments: number | null };

export type ChannelStatus = {
  /** WhatsApp templates that can't be used, and for which events they are wanted. */
  templateFaults: { type: string; name: string; language: string; why: string; remedy: string | null; since: number }[];
  fault: { why: string; remedy: string | null; since: number } | null;
  /** The provider slows us down: until when it is left alone. */
  rest: { until: number; why: string } | null;
  parked: number;
  oldestParked: number | null;
  /** How many have been claimed and are on their way. */
  sending: number;
};

export type SettingsChange = { version: number; settings: Settings; releases: Partial<Record<Channel, Release>> };

export type AuditEntry = { at: number; who: string; role: Role | null; act: string; what: string; detail: Record<string, unknown> | null };
