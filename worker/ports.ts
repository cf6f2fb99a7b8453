import type { Admin } from "@carillon/shared/access";
import type { Channel, ExternalChannel } from "@carillon/shared/channels";
import type { SettingsOf } from "@carillon/shared/channel-settings";
import type { Issue } from "@carillon/shared/events";
import type { WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import type { ChannelAdapter, Configuration, Outcome, Webhook } from "./channels/channel.ts";
import type { ShardCalls } from "./shard/calls.ts";

/** Time is a port so that tests own the clock. */
export type Clock = {
  /** Milliseconds since 1970. */
  now(): number;
};

export type Command = readonly [name: string, ...args: (string | number)[]];
export type Reply = string | number | null | Reply[];

/**
 * What an organisation shares: settings, API keys, sessions. Speaks Redis's commands and answers its plain replies
 * (strings stay strings). Throws Unavailable when the other side can't be reached within its patience; a write may then have happened.
 */
export type Store = {
  /** All commands in one round trip, in order, not atomic. An error reply of one command throws. */
  run(...commands: Command[]): Promise<Reply[]>;
  /** The same as one transaction (MULTI … EXEC). */
  atomic(...commands: Command[]): Promise<Reply[]>;
  /** Whether it answers at all, for /readyz. */
  isReady(): Promise<boolean>;
};

/** A wake-up: "look at what is due on this channel of this shard". Never a list of what to send. */
export type Job = {
  org: string;
  shard: number;
  channel: ExternalChannel;
  /** The instant it was planned for, ms. The queue never delivers earlier. */
  at: number;
  /** Tells repeated publishings for one instant apart, so that the queue's deduplication swallows none but true doubles. */
  number: string;
};

/** `shard.channel.instant.number`: two publishings with one id within ten minutes may be delivered once. */
export const jobId = (job: Job): string => `${job.org}.${job.shard}.${job.channel}.${job.at}.${job.number}`;

/** Delivers every published job at least once and not before `at`; may be late, double and out of order. */
export type Queue = {
  /** All jobs in one request. Throws Unavailable if it can't be said that they were stored. */
  publish(jobs: Job[]): Promise<void>;
  /** The furthest a job may lie ahead, ms; what lies further goes in hops. */
  readonly maxDelay: number;
  isReady(): Promise<boolean>;
};

/** The shards of all organisations. Numbers run from 0 to the organisation's shard count minus 1. */
export type Shards = { get(org: string, shard: number): ShardCalls };

/** Seals and opens secrets (AES-256-GCM). `place` is bound in as additional data: a value moved elsewhere does not open. */
export type Vault = {
  seal(plain: string, place: SecretPlace): Promise<string>;
  /** Throws SealBroken for a wrong key, place or a changed byte. */
  open(sealed: string, place: SecretPlace): Promise<string>;
  /** A key of its own for each purpose, for signing tokens. */
  signingKey(purpose: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The same, and behind it those of older settings keys: what goes out for years is verified with each of them. */
  signingKeys(purpose: string): Promise<Uint8Array<ArrayBuffer>[]>;
};
/** `push-generated`: a VAPID key that is not saved yet, under its public one. */
export type SecretPlace = { org: string; channel: Channel | "push-generated"; field: string };

/** The part of a Durable Object's SQLite that the shard uses; node:sqlite offers the same through an adapter. */
export type SqlValue = string | number | null | ArrayBuffer;
export type Sql = {
  /** One statement. Binds strings, numbers, null and buffers only. */
  exec<T extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): { toArray(): T[]; readonly rowsWritten: number };
  /** All or nothing; may be nested. */
  transaction<T>(work: () => T): T;
};

/** Who asks, as a record in the audit log. */
export type Actor = { kind: "admin"; admin: Admin } | { kind: "key"; id: string } | { kind: "system" };

/** Work that goes on after the answer (Workers: waitUntil). Never rejects. */
export type Background = (work: Promise<unknown>) => void;

/** What a deployment has decided, read once from its environment. */
export type Config = {
  /** Where browsers and providers reach us, without a slash at the end. */
  publicUrl: string;
  /** SMTP hosts may be private names and unusual ports: local use only. */
  allowPrivateHosts: boolean;
  /** Stand-ins for providers, each for one account only: every other account is at the provider itself. */
  standIns: {
    twilio?: { url: string; account: string };
    graph?: { url: string; account: string };
    /** Hosts that may be push services besides the known ones. */
    pushHosts?: readonly string[];
  };
  /** Makes the first organisation, once. */
  bootstrapToken: string | null;
  /** Opens /metrics; without it there is no such page. */
  metricsToken?: string;
  /** Only on a loopback address: the demo page, fresh sign-in links for the start-up output, kill points for tests. */
  local: { token: string; demoKey: string; sandboxUrl: string } | null;
};

/**
 * The channels that leave the house. `check` says what the page's schema can't (the host policy); `verify` asks the provider about
 * values that are to be saved beside those that are, and never throws.
 */
export type ChannelPort<Settings> = ChannelAdapter<Settings> & {
  check?(settings: Settings, rules: { allowPrivateHosts: boolean }): Issue[];
  verify?(next: Configuration<Settings>, saved: Settings | null): Promise<Issue[]>;
};
export type Channels = { [Name in ExternalChannel]: ChannelPort<SettingsOf<Name>> } & {
  sms: { webhook: Webhook };
  /** All templates of the account, or why they could not be fetched; never throws. */
  whatsapp: {
    webhook: Webhook;
    templates(configuration: Configuration<SettingsOf<"whatsapp">>): Promise<{ templates: WhatsAppTemplate[] } | { outcome: Outcome }>;
  };
  push: {
    /** A new VAPID pair, base64url. */
    generateKeys(): { publicKey: string; privateKey: string };
    /** What speaks against writing to a browser there; null if nothing does. `extraHosts` are those of `Config.standIns`. */
    whyNotEndpoint(endpoint: string, extraHosts?: readonly string[]): string | null;
  };
};

/** A channel that is not known by name. Its settings must have passed its own schema. */
export const channelPort = (channels: Channels, channel: ExternalChannel): ChannelPort<Record<string, unknown>> => channels[channel];

/** What the routes work with: the outside, the channels, and the app itself (for the demo page, which calls it as a CRM would). */
export type Ports = Outside & { channels: Channels; self(request: Request): Promise<Response> };

/** Everything that the core needs from outside; a runtime makes it, `createApp` takes it. */
export type Outside = {
  clock: Clock;
  store: Store;
  queue: Queue;
  shards: Shards;
  vault: Vault;
  background: Background;
  config: Config;
  /** Built pages and scripts; null when there is no such file. */
  asset(path: string): Promise<Response | null>;
  /** Opens a socket of a person at the shard that the ticket names. */
  socket(request: Request, org: string, shard: number, ticket: string): Promise<Response>;
  /** Whether this request is from the queue. */
  isFromQueue(request: Request, body: string): Promise<boolean>;
};
