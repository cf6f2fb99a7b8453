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
  /**
   * For retry: the provider slows down all that we send, and not only this message. Nothing more goes there before so many ms have
   * passed; null where it did not say how many.
   */
  restMs?: number | null;
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
  /** Which of its tries this is, from 1; absent in a test of settings. */
  attempt?: number;
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
  /** It speaks for several deliveries at once, of whatever kinds. */
  isBundle?: true;
  /** Email: where the person mutes this kind of mail; absent where that is not theirs to choose. */
  unsubscribeUrl?: string;
  /** Push: where the browser tells that the message was shown and clicked. */
  reportUrl?: string;
};

/** RFC 8291: where a browser listens and how it is written to. `publicKey` is the VAPID key it was made with, if known. */
export type PushSubscription = { endpoint: string; p256dh: string; auth: string; publicKey?: string };

/** A request that a provider makes of its own accord. `url` is as it called us, on our public address and with its query. */
export type WebhookRequest = { method: string; url: string; headers: Headers; body: string };

/** How a provider tells what became of its messages, and what people answered. */
export type Webhook = {
  /** Whether it is the provider's, by its signature; the secrets are the channel's own. */
  isGenuine(request: WebhookRequest, secrets: Record<string, string>): boolean;
  /** What a genuine request tells. Takes any body and never throws. */
  read(request: WebhookRequest): ProviderNews;
};
/** `unread` counts what is in none of the shapes that we know. */
export type ProviderNews = { receipts: Receipt[]; replies: Reply[]; templates: TemplateChange[]; unread: number };

/** How far a message has come. Receipts arrive in any order; only the ledger knows whether one is news. */
export type Receipt = {
  deliveryId: string;
  /** The try that it is about; null where the provider doesn't say. */
  attempt: number | null;
  state: "sent" | "delivered" | "read" | "failed";
  code: string | null;
  providerId: string | null;
  /** For failed: what it means. */
  outcome: Outcome | null;
};
/** A message that a person sent to our number. */
export type Reply = { from: string; text: string; optOut: "stop" | "start" | null };
/** What Meta says of a template, with its language as the list writes it (en_US): its status (PAUSED, APPROVED, …), or its quality. */
export type TemplateChange = { name: string; language: string } & (
  | { status: string; reason: string | null; verdict: TemplateVerdict }
  | { quality: string }
);
/** Whether a template may be sent from now on; if not, why, and what to do. Null: as before. */
export type TemplateVerdict = "usable" | { why: string; remedy: string } | null;

/** What the templates make for a channel of text. */
export type Texts = { title: string; body: string; action: string; locale: string };

/** Sends one after the other to one provider with what is kept between them (a connection, a token). */
export type Session = {
  /** Never throws: whatever happens is an outcome. */
  send(message: Message): Promise<Outcome>;
  close(): Promise<void>;
};

/** `title` is a mail's subject and empty for an SMS; `text` is all that is said in plain text. */
export type Shown = { title: string; text: string; html?: string };

/**
 * A channel that leaves the house: opens a session with settings and opened secrets, and tests values that need not be saved.
 * It reads no store, knows no quiet hours and logs no secret.
 */
export type ChannelAdapter<Settings> = {
  /** What a person would see of a message; without it, title and body as they are. */
  show?(message: Pick<Message, "texts" | "link">, sender: SenderIdentity): Shown;
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
