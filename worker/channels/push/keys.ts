import { createECDH, createHash } from "node:crypto";
import webPush from "web-push";
import type { Issue } from "@carillon/shared/events";
import type { PushSettings } from "@carillon/shared/push-settings";
import type { Configuration } from "../channel.ts";

export type VapidPair = { publicKey: string; privateKey: string };

/** A new pair for Generate VAPID Keys: base64url, the public one uncompressed as browsers want it. */
export const generateKeys = (): VapidPair => webPush.generateVAPIDKeys();

/** Whether the two belong together. */
export function isPair({ publicKey, privateKey }: VapidPair): boolean {
  const bytes = Buffer.from(privateKey, "base64url");
  if (bytes.length !== 32) return false;
  const curve = createECDH("prime256v1");
  try {
    curve.setPrivateKey(bytes);
  } catch {
    return false; // zero, or past the curve's order
  }
  return curve.getPublicKey().equals(Buffer.from(publicKey, "base64url"));
}

/** The live pairs: the current one, and the one before while browsers still hold it. */
export function pairsOf(settings: PushSettings, secrets: Record<string, string>): VapidPair[] {
  const pairs = [{ publicKey: settings.publicKey, privateKey: secrets["privateKey"] ?? "" }];
  const previous = secrets["previousPrivateKey"];
  if (settings.previousPublicKey && previous) pairs.push({ publicKey: settings.previousPublicKey, privateKey: previous });
  return pairs;
}

/** What speaks against saving these: a public key and a private one that do not belong together. */
export async function verifyPairs({ settings, secrets }: Configuration<PushSettings>): Promise<Issue[]> {
  const isWrong = (pair: VapidPair): boolean => !isPair(pair);
  return pairsOf(settings, secrets)
    .filter(isWrong)
    .map(({ publicKey }) => ({
      path: publicKey === settings.publicKey ? "publicKey" : "previousPublicKey",
      message: "The private key does not belong to this public key",
    }));
}

/** RFC 8292 allows 24 hours, web-push signs for 12. */
const REUSE = 60 * 60_000;
const MAX_CACHED = 1_000;
const headers = new Map<string, { value: string; until: number }>();

/** The signed Authorization header for one push service, made once an hour: signing is most of what a message costs. */
export function authorizationOf(endpoint: string, subject: string, pair: VapidPair): string {
  const audience = new URL(endpoint).origin;
  const key = createHash("sha256").update([audience, subject, pair.publicKey, pair.privateKey].join("\n")).digest("base64url");
  const known = headers.get(key);
  if (known && known.until > performance.now()) return known.value;
  const { Authorization: value } = webPush.getVapidHeaders(audience, subject, pair.publicKey, pair.privateKey, "aes128gcm");
  if (headers.size >= MAX_CACHED) headers.clear();
  headers.set(key, { value, until: performance.now() + REUSE });
  return value;
}
