import type { TestStage } from "@carillon/shared/channels";
import type { Event } from "@carillon/shared/events";

/**
 * What became of one try, in the words of reliability: `retry` backs off, `permanent` is about this message,
 * `gone` about the address, `fault` about the channel (parks, burns no attempt), `ambiguous` may have been delivered.
 */
export type OutcomeKind = "ok" | "retry" | "permanent" | "gone" | "fault" | "ambiguous";
export type Outcome = {
  kind: OutcomeKind;
  /** The provider's code, e.g. `550 5.1.1`. */
  code?: string;
  /** The provider's own words, at most 500 characters, without secrets. */
  said?: string;
  /** What a person can do about it. */
  remedy?: string;
  /** For retry and ambiguous: not before this many ms have passed. */
  afterMs?: number;
  /** For retry: not later than after this many ms, because the cause passes soon or not at all. */
  atMostMs?: number;
  /** For retry: it is the other end as a whole that fails; several in a row are a fault. */
  unreachable?: boolean;
  /** The provider's own id of what it took, by which its later messages name it. */
  providerId?: string;
  /** For permanent: the provider held it until it was no longer of use. */
  expired?: boolean;
  /** For gone: the address may be tried again after this many ms; without it, when somebody changes it. */
  goneForMs?: number;
  /** For gone: the person opted out by a reply and may come back by one (STOP, START). */
  optedOut?: boolean;
  /** For fault: only messages of this WhatsApp template are concerned. */
  template?: { name: string; language: string };
  /** Push: endpoints that no longer exist, whatever became of the others. */
  gone?: string[];
};

/** Everything a channel needs to build one message. Texts are final. */
export type Message = {
  /** Stable over all attempts of this delivery; begins with the shard's number. */
  deliveryId: string;
  org: string;
  to: { id: string; name: string | null; address: string; locale: string };
  event: Pick<Event, "id" | "type" | "priority">;
  texts: Texts;
  link: string | null;
  /** A newer message with the same key replaces an older one at the provider too, where it can. */
  collapseKey?: string | null;
  /** After this many seconds nobody wants it any more: it expires, or the person's next quiet time begins. */
  validForSeconds?: number;
  /** When the first ambiguous try was made, ms: the provider is asked before anything is sent again. */
  maybeSentAt?: number;
  /** WhatsApp: what the template's variables stand for, by their names, written for the reader. Missing ones are left out. */
  values?: Record<string, string>;
  /** Push: the person's browsers. */
  subscriptions?: PushSubscription[];
};

/** RFC 8291: where a browser listens and how it is written to. `publicKey` is the VAPID key it was made with, if known. */
export type PushSubscription = { endpoint: string; p256dh: string; auth: string; publicKey?: string };

/** What the templates make for a channel of text. */
export type Texts = { title: string; body: string; action: string; locale: string };

/** Sends one after the other to one provider with what is kept between them (a connection, a token). */
export type Session = {
  /** Never throws: whatever happens is an outcome. */
  send(message: Message): Promise<Outcome>;
  close(): Promise<void>;
};

/**
 * A channel that leaves the house: opens a session with settings and opened secrets, and tests values that need not be saved.
 * It reads no store, knows no quiet hours and logs no secret.
 */
export type ChannelAdapter<Settings> = {
  open(configuration: Configuration<Settings>): Session;
  /** The stages in order, as they end; the last is `{stage: "done", ok}`. `to` is where the test message goes. */
  test(configuration: Configuration<Settings>, to: string): AsyncIterable<TestStage>;
};
export type Configuration<Settings> = {
  settings: Settings;
  secrets: Record<string, string>;
  sender: SenderIdentity;
  /** For local use only: servers on this machine or in a private network, any port, no encryption. */
  allowPrivateHosts: boolean;
  /** Where providers are, when not at their own addresses: local use and tests. `pushHosts` (`host` or `host:port`) may also be http. */
  endpoints?: { twilio?: string; graph?: string; pushHosts?: readonly string[] };
};
/** Where our messages come from: names the links and the Message-ID's domain. */
export type SenderIdentity = { publicUrl: string; orgName: string };
