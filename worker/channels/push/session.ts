import webPush from "web-push";
import type { PushSettings } from "@carillon/shared/push-settings";
import type { Configuration, Message, Outcome, PushSubscription, Session } from "../channel.ts";
import { NoAnswer, ask, said, type Answer } from "../provider.ts";
import { whyNotEndpoint } from "./endpoint-policy.ts";
import { combine, outcomeOfSilence, outcomeOfStatus } from "./errors.ts";
import { authorizationOf, isPair, pairsOf, type VapidPair } from "./keys.ts";
import { SHORT_PLAIN, payloadOf, topicOf } from "./payload.ts";

/** How long a push service may take for one browser, ms. */
export type Patience = { answer: number };
export const PATIENCE: Patience = { answer: 10_000 };

const DAY_SECONDS = 86_400;
/** No push service keeps a message longer. */
const MAX_TTL = 28 * DAY_SECONDS;
/** workerd has six connections for a request; a person has at most twenty browsers. */
const AT_ONCE = 5;
const SLOWED_IN_A_ROW = 3;

/** One request for each of a person's browsers, encrypted for it alone. */
export function openSession(configuration: Configuration<PushSettings>, patience: Patience): Session {
  const { settings, secrets } = configuration;
  const pairs = pairsOf(settings, secrets);
  const isUsable = pairs.every(isPair);
  let slowed = 0;

  /** A service that slows us down mostly means the one browser; when it goes on from person to person, it means us. */
  function noteSlowed(outcome: Outcome): Outcome {
    slowed = outcome.code === "429" ? slowed + 1 : 0;
    return slowed < SLOWED_IN_A_ROW ? outcome : { ...outcome, restMs: outcome.afterMs ?? null };
  }

  return {
    async send(message) {
      if (!isUsable) return { kind: "fault", code: "keys", remedy: "The VAPID keys do not belong together: generate new ones." };
      const outcomes: { endpoint: string; outcome: Outcome }[] = [];
      const waiting = [...(message.subscriptions ?? [])];
      while (waiting.length > 0) {
        const some = waiting.splice(0, AT_ONCE);
        const ended = await Promise.all(some.map((one) => sendTo(one, message, configuration, pairs, patience)));
        outcomes.push(...ended.map((outcome, index) => ({ endpoint: some[index]?.endpoint ?? "", outcome })));
      }
      return noteSlowed(combine(outcomes));
    },
    async close() {},
  };
}

/** Never throws: whatever happens is an outcome. */
export async function sendTo(
  subscription: PushSubscription,
  message: Message,
  configuration: Configuration<PushSettings>,
  pairs: VapidPair[],
  patience: Patience,
): Promise<Outcome> {
  const { settings, sender, secrets, endpoints } = configuration;
  const refusal = whyNotEndpoint(subscription.endpoint, endpoints?.pushHosts);
  if (refusal) return { kind: "gone", code: "endpoint-policy", remedy: `${refusal}.` };
  const pair = subscription.publicKey ? pairs.find(({ publicKey }) => publicKey === subscription.publicKey) : pairs[0];
  if (!pair)
    return { kind: "gone", code: "old-key", remedy: "This browser subscribed with keys that are no longer live; it subscribes anew." };

  const post = (max?: number): Promise<Answer> => {
    const request = requestOf(subscription, message, payloadOf(message, sender.publicUrl, max), pair, settings.subject);
    return ask(subscription.endpoint, request, patience.answer);
  };
  try {
    let answer = await post();
    if (answer.status === 413) answer = await post(SHORT_PLAIN);
    return outcomeOfStatus(answer.status, said(answer.text, secrets), answer.retryAfterMs);
  } catch (error) {
    if (error instanceof NoAnswer) return outcomeOfSilence(error.message);
    // What can't be encrypted for this browser never can.
    return { kind: "gone", code: "bad-keys", remedy: "This browser's keys can't be used; it subscribes anew." };
  }
}

/** Encrypted and signed (RFC 8291, 8292). Throws for keys that are none. */
export function requestOf(
  { endpoint, p256dh, auth }: PushSubscription,
  message: Message,
  payload: string,
  pair: VapidPair,
  subject: string,
): RequestInit {
  // Without vapidDetails: the signature is made once an hour instead.
  const { headers, body } = webPush.generateRequestDetails({ endpoint, keys: { p256dh, auth } }, payload, {
    contentEncoding: "aes128gcm",
    TTL: Math.max(0, Math.min(MAX_TTL, Math.floor(message.validForSeconds ?? DAY_SECONDS))),
    urgency: message.event.priority,
    topic: topicOf(message),
  });
  const { "Content-Length": _length, ...rest } = headers as Record<string, string | number>;
  return {
    method: "POST",
    headers: {
      ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)])),
      authorization: authorizationOf(endpoint, subject, pair),
    },
    body: new Uint8Array(body),
  };
}
