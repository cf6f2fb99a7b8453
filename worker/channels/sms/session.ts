import { attemptRef } from "@carillon/shared/attempt-ref";
import type { SmsSettings } from "@carillon/shared/sms-settings";
import type { Configuration, Message, Outcome, SenderIdentity, Session } from "../channel.ts";
import { NoAnswer, absoluteLink, isPublicUrl } from "../provider.ts";
import { TwilioRefusal, createClient, type Since, type TwilioClient, type TwilioMessage } from "./client.ts";
import { outcomeOfAnswer, outcomeOfCode, outcomeOfSilence } from "./errors.ts";

/** How long one answer may take, ms. A try and its look-up together must end inside the shard's lease of 60 s. */
export type Patience = { answer: number };
export const PATIENCE: Patience = { answer: 15_000 };

/** https://www.twilio.com/docs/messaging/api/message-resource: characters of a Body, seconds of a ValidityPeriod. */
const MAX_BODY = 1_600;
const MAX_VALIDITY = 36_000;

/** One request for each message. What may have been taken is looked up before it is said to be in doubt, and before it is sent again. */
export function openSession(configuration: Configuration<SmsSettings>, patience: Patience): Session {
  const client = createClient(configuration, patience.answer);
  /** What answers have named, so that no look-up takes one message for another with the same words. */
  const known = new Set<string>();

  async function lookUp(message: Message, since: Since): Promise<Outcome | null> {
    const wanted = { to: message.to.address, body: bodyOf(message, configuration.sender) };
    const found = await client.find(wanted, since, known);
    return found && taken(found, known);
  }

  async function deliver(message: Message): Promise<Outcome> {
    if (message.maybeSentAt !== undefined) {
      const earlier = await lookUp(message, { at: message.maybeSentAt }).catch(outcomeOfLookUp);
      if (earlier) return earlier;
    }
    const startedAt = performance.now();
    try {
      return taken(await client.create({ ...requestOf(message, configuration), ...callbackOf(message, configuration) }), known);
    } catch (error) {
      const outcome = outcomeOf(error);
      if (outcome.kind !== "ambiguous") return outcome;
      const since = { agoMs: performance.now() - startedAt };
      // The look-up that fails leaves the doubt as it was.
      return (await lookUp(message, since).catch(() => null)) ?? outcome;
    }
  }

  return {
    async send(message) {
      try {
        return await deliver(message);
      } catch (error) {
        return outcomeOf(error);
      }
    },
    async close() {},
  };
}

/** The form that Twilio gets. */
export function requestOf(message: Message, configuration: Configuration<SmsSettings>): Parameters<TwilioClient["create"]>[0] {
  const { from, messagingServiceSid } = configuration.settings;
  const validity = message.validForSeconds;
  return {
    to: message.to.address,
    body: bodyOf(message, configuration.sender),
    ...(messagingServiceSid ? { messagingServiceSid } : { from }),
    ...(validity === undefined ? {} : { validityPeriod: Math.max(1, Math.min(MAX_VALIDITY, Math.floor(validity))) }),
  };
}

/** Where Twilio tells what becomes of the message; the address names the delivery and the try. Twilio refuses one that it can't call. */
function callbackOf(message: Message, { sender, endpoints }: Configuration<SmsSettings>): { statusCallback?: string } {
  if (!isPublicUrl(sender.publicUrl) && endpoints?.twilio === undefined) return {};
  const path = `/hooks/twilio/${encodeURIComponent(message.org)}?delivery=${encodeURIComponent(attemptRef(message))}`;
  return { statusCallback: sender.publicUrl + path };
}

/** The text and its link; where both don't fit, the text alone says enough. */
export function bodyOf(message: Pick<Message, "texts" | "link">, { publicUrl }: SenderIdentity): string {
  const link = absoluteLink(message.link, publicUrl);
  const whole = link ? `${message.texts.body}\n${link}` : message.texts.body;
  return whole.length <= MAX_BODY ? whole : message.texts.body;
}

function taken({ sid, status, errorCode }: TwilioMessage, known: Set<string>): Outcome {
  known.add(sid);
  if (errorCode) return { ...outcomeOfCode(errorCode), providerId: sid };
  return { kind: "ok", code: status, providerId: sid };
}

/** Whatever a request can end in. Anything unforeseen may have been sent. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof TwilioRefusal) return outcomeOfAnswer(error.status, error.code, error.said, error.retryAfterMs);
  if (error instanceof NoAnswer) return outcomeOfSilence(error.isSent, error.message);
  return outcomeOfSilence(true, "Twilio's answer could not be read");
}

/** As long as nobody can look, nothing is sent again: the doubt remains, or the account's fault is told. */
function outcomeOfLookUp(error: unknown): Outcome {
  const outcome = outcomeOf(error);
  if (outcome.kind === "fault" || outcome.kind === "retry") return outcome;
  return {
    kind: "retry",
    code: "look-up",
    unreachable: true,
    remedy: "Twilio could not be asked about the earlier try; it is asked again.",
  };
}
