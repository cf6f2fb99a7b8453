import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { ExternalChannel } from "@carillon/shared/channels";
import type { Settings } from "@carillon/shared/settings";
import type { Message } from "../channels/channel.ts";
import type { Config, Vault } from "../ports.ts";

/**
 * What goes out with a message and comes back without a sign-in: parts that name one thing, and our signature, `acme~0-3k~<signature>`.
 * Each purpose has a key of its own. It does not expire: a mail is kept for years.
 */
type Purpose = "unsubscribe" | "push-report" | "push-renewal";
type Signer = { vault: Vault };

/** Mutes a kind of mail for a person. */
export type Unsubscribe = { org: string; user: string; type: string };
/** A push message that a browser tells about. */
export type Reported = { org: string; delivery: string };
/** Whose browser it is that brings its next address. */
export type Renewed = { org: string; user: string };

/** A message with the addresses that its channel writes into it. */
export async function withLinks(
  ports: Signer & { config: Config },
  settings: Settings,
  channel: ExternalChannel,
  message: Message,
): Promise<Message> {
  const { org, to, event, deliveryId } = message;
  if (channel === "push") return { ...message, reportUrl: await reportUrl(ports, { org, delivery: deliveryId }) };
  // A catch-up tells of many kinds, and what is locked is not the person's to mute.
  const isFree = settings.routing.cells[event.type]?.[channel]?.locked === false;
  if (channel !== "email" || message.isBundle || !isFree) return message;
  return { ...message, unsubscribeUrl: await unsubscribeUrl(ports, { org, user: to.id, type: event.type }) };
}

export const unsubscribeUrl = async (ports: Signer & { config: Config }, { org, user, type }: Unsubscribe): Promise<string> =>
  `${ports.config.publicUrl}/u/${encodeURIComponent(await sign(ports, "unsubscribe", [org, user, type]))}`;

export async function readUnsubscribe(ports: Signer, text: string): Promise<Unsubscribe | null> {
  const parts = await open(ports, "unsubscribe", text, 3);
  return parts && { org: parts[0]!, user: parts[1]!, type: parts[2]! };
}

export const reportUrl = async (ports: Signer & { config: Config }, { org, delivery }: Reported): Promise<string> =>
  `${ports.config.publicUrl}/hooks/push/${await sign(ports, "push-report", [org, delivery])}`;

export async function readReport(ports: Signer, text: string): Promise<Reported | null> {
  const parts = await open(ports, "push-report", text, 2);
  return parts && { org: parts[0]!, delivery: parts[1]! };
}

/** What a service worker shows when its browser's address changes while nobody is signed in. It is good for this one address only. */
export const renewalProof = (ports: Signer, { org, user }: Renewed, endpoint: string): Promise<string> =>
  sign(ports, "push-renewal", [org, user], endpoint);

export async function readRenewal(ports: Signer, text: string, endpoint: string): Promise<Renewed | null> {
  const parts = await open(ports, "push-renewal", text, 2, endpoint);
  return parts && { org: parts[0]!, user: parts[1]! };
}

/** Unreserved in addresses (RFC 3986 2.3), and in no organisation's, person's or type's name. */
const SEPARATOR = "~";

/** `bound` is signed and not told: whoever brings the text back must know it. */
async function sign({ vault }: Signer, purpose: Purpose, parts: string[], bound = ""): Promise<string> {
  const text = parts.join(SEPARATOR);
  return `${text}${SEPARATOR}${signatureOf(await vault.signingKey(purpose), text, bound)}`;
}

/** The parts, or null for a text that is not ours, of another purpose, or changed. */
async function open({ vault }: Signer, purpose: Purpose, text: string, count: number, bound = ""): Promise<string[] | null> {
  const parts = text.split(SEPARATOR);
  const signature = parts.pop() ?? "";
  if (parts.length !== count) return null;
  const keys = await vault.signingKeys(purpose);
  const isOurs = keys.some((key) => isSame(signature, signatureOf(key, parts.join(SEPARATOR), bound)));
  return isOurs ? parts : null;
}

/** HMAC-SHA256, cut to 132 bits (RFC 2104 5): addresses are read by people, too. */
const signatureOf = (key: Uint8Array, text: string, bound: string): string =>
  createHmac("sha256", key).update(`${text}\n${bound}`).digest("base64url").slice(0, 22);

/** In constant time, whatever the lengths. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
