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
  /** For retry: not before this many ms have passed. */
  afterMs?: number;
  /** For retry: it is the other end as a whole that fails; several in a row are a fault. */
  unreachable?: boolean;
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
};

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
  /** The outcome that a successful try has: `sent` unless the provider's answer proves delivery. */
};
export type Configuration<Settings> = {
  settings: Settings;
  secrets: Record<string, string>;
  sender: SenderIdentity;
  /** For local use only: servers on this machine or in a private network, any port, no encryption. */
  allowPrivateHosts: boolean;
};
/** Where our messages come from: names the links and the Message-ID's domain. */
export type SenderIdentity = { publicUrl: string; orgName: string };
