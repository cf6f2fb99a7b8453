import type { Role } from "@carillon/shared/access";
import type { Channel, ExternalChannel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import type { InboxFilter, InboxItem, InboxMark } from "@carillon/shared/inbox";
import type { Delivery, Ledger, State } from "@carillon/shared/ledger";
import type { User, UserFields } from "@carillon/shared/people";
import type { Release, Settings } from "@carillon/shared/settings";
import type { Message, Outcome } from "../channels/channel.ts";

/**
 * What a shard can be asked. Every call is one transaction and idempotent where a repeat is possible; an answer is given only
 * after it is durable. Arguments and answers are plain data, because on Workers they cross a process border. A call rejects with
 * Unavailable when the shard can't be reached; whether it was carried out is then unknown.
 */
export type ShardCalls = {
  /** Takes on newer rules and acts on what they change (parks, releases, cancels). Older ones are ignored. */
  apply(rules: Rules, releases?: Partial<Record<Channel, Release>>): Promise<{ wakes: Wake[] }>;

  accept(call: { version: number; events: { event: Event; hash: string }[] }): Promise<Behind | { results: Accepted[]; wakes: Wake[] }>;
  event(id: string): Promise<EventView | null>;

  putUsers(users: { id: string; fields: UserFields }[]): Promise<User[]>;
  user(id: string): Promise<User | null>;
  /** Removes a person from people, inboxes, search and log texts. False if there was none. */
  eraseUser(id: string): Promise<boolean>;

  /** Claims the first due delivery of a channel; null when nothing is due. `job` names the wake-up that this answers. */
  begin(call: { version: number; channel: ExternalChannel; job: { at: number; number: string } }): Promise<Behind | Served>;
  /** Settles the claimed delivery and claims the next, in one transaction. `isLast` settles only. */
  next(call: {
    version: number;
    channel: ExternalChannel;
    job: { at: number; number: string };
    claim: string;
    outcome: Outcome;
    ms: number;
    isLast: boolean;
  }): Promise<Served>;
  /** Wake-ups the queue has stored; an unconfirmed one is published again. */
  confirm(wakes: Wake[]): Promise<void>;
  /** Wake-ups the queue could not take: they are not on their way, and the timer publishes anew within seconds. */
  missed(wakes: Wake[]): Promise<void>;
  /** A green test: the channel's fault ends and what it parked is released. */
  clearFault(channel: Channel): Promise<{ wakes: Wake[] }>;

  inbox(call: InboxQuery): Promise<{ data: InboxItem[]; unread: number; next: string | null }>;
  mark(call: { user: string; mark: InboxMark; ids: string[] | "all" }): Promise<{ unread: number }>;
  socketTicket(user: string, expiresAt: number): Promise<string>;

  deliveries(query: DeliveryQuery): Promise<{ data: Delivery[]; next: string | null }>;
  delivery(id: string): Promise<Delivery | null>;
  /** Sends failed, skipped-for-address or expired-lease deliveries once more; answers how many. Sent ones are left alone. */
  retry(ids: string[]): Promise<{ retried: number; wakes: Wake[] }>;
  ledger(range: { from: number | null; to: number | null }): Promise<Ledger>;
  channelStatus(channel: Channel): Promise<ChannelStatus>;

  /** Shard 0 only: writes down a settings change before it is made, so that a crash can't leave it half done. */
  intend(change: SettingsChange): Promise<{ taken: boolean }>;
  settled(version: number): Promise<void>;
  audit(entry: AuditEntry): Promise<void>;
  auditLog(query: { limit: number; cursor: string | null }): Promise<{ data: (AuditEntry & { n: number })[]; next: string | null }>;

  /** Arms what a crash may have disarmed. Called by the cron over the registry of organisations. */
  rearm(): Promise<void>;
};

/** The caller's settings are newer than the shard's: call `apply` and repeat. */
export type Behind = { behind: true };

/** A wake-up to be published. */
export type Wake = { channel: ExternalChannel; at: number; number: string };

export type Accepted = { id: string; accepted: number; duplicate: boolean } | { id: string; reused: true };

/** A claimed delivery, ready to be built and sent; or nothing (more) to do, with wake-ups to publish for what remains. */
export type Claim = { id: string; attempt: number; message: Message };
export type Served = { claim: Claim | null; wakes: Wake[]; faulted?: { why: string } };

export type EventView = {
  id: string;
  type: string;
  priority: string;
  actor: string | null;
  data: Record<string, unknown>;
  link: string | null;
  occurredAt: string | null;
  acceptedAt: string;
  recipients: string[];
  deliveries: Delivery[];
};

export type InboxQuery = { user: string; filter: InboxFilter; q: string | null; type: string | null; limit: number; cursor: string | null };

export type DeliveryQuery = {
  state: State | null;
  channel: Channel | null;
  type: string | null;
  user: string | null;
  from: number | null;
  to: number | null;
  q: string | null;
  limit: number;
  cursor: string | null;
};

export type ChannelStatus = {
  fault: { why: string; remedy: string | null; since: number } | null;
  parked: number;
  oldestParked: number | null;
};

export type SettingsChange = { version: number; settings: Settings; releases: Partial<Record<Channel, Release>> };

export type AuditEntry = { at: number; who: string; role: Role | null; act: string; what: string; detail: Record<string, unknown> | null };
