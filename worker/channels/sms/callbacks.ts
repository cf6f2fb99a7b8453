import { validateRequest } from "twilio/lib/webhooks/webhooks.js";
import { parseAttemptRef } from "@carillon/shared/attempt-ref";
import type { Outcome, Receipt, Reply, Webhook } from "../channel.ts";
import { outcomeOfCode } from "./errors.ts";

/** Twilio calls for every status of a message, and for every text that a person sends to our number. */
export const twilioWebhook: Webhook = {
  isGenuine: ({ url, headers, body }, { authToken = "" }) =>
    isFromTwilio(authToken, headers.get("x-twilio-signature"), url, new URLSearchParams(body)),
  read({ url, body }) {
    const form = new URLSearchParams(body);
    const receipt = parseStatusCallback(url, form);
    const reply = parseReply(form);
    return { receipts: receipt ? [receipt] : [], replies: reply ? [reply] : [], templates: [], unread: 0 };
  },
};

/**
 * Whether Twilio signed this request: HMAC-SHA1 over the public address with its query and the sorted form fields.
 * @param url as Twilio called it, on our public host, not as a proxy passed it on
 */
export function isFromTwilio(authToken: string, signature: string | null, url: string, form: URLSearchParams): boolean {
  // Anybody can sign with an empty key.
  if (authToken === "" || !signature || !URL.canParse(url)) return false;
  return validateRequest(authToken, signature, url, fieldsOf(form));
}

/** A field that comes twice is signed as a list. */
function fieldsOf(form: URLSearchParams): Record<string, string | string[]> {
  const fields = Object.create(null) as Record<string, string | string[]>;
  for (const name of form.keys()) {
    const all = form.getAll(name);
    fields[name] = all.length > 1 ? all : (all[0] ?? "");
  }
  return fields;
}

const STATES: Readonly<Record<string, Receipt["state"]>> = {
  sent: "sent",
  delivered: "delivered",
  read: "read",
  failed: "failed",
  undelivered: "failed",
  canceled: "failed",
};

/** Null for what is no news: still on its way inside Twilio, a status we do not know, or a callback that names no delivery. */
export function parseStatusCallback(url: string, form: URLSearchParams): Receipt | null {
  const ref = URL.parse(url)?.searchParams.get("delivery");
  const status = form.get("MessageStatus") ?? form.get("SmsStatus") ?? "";
  const state = Object.hasOwn(STATES, status) ? STATES[status] : undefined;
  if (!ref || !state) return null;
  const code = Number(form.get("ErrorCode")) || null;
  return {
    ...parseAttemptRef(ref),
    state,
    code: code === null ? null : String(code),
    providerId: form.get("MessageSid"),
    outcome: state === "failed" ? failure(code, status, form.get("ErrorMessage")) : null,
  };
}

function failure(code: number | null, status: string, words: string | null): Outcome {
  if (code !== null) return outcomeOfCode(code, words ?? undefined);
  return { kind: "permanent", code: status, remedy: "Twilio could not deliver the message and gave no reason." };
}

/** https://help.twilio.com/articles/223134027; a messaging service tells by OptOutType which of its own words was meant. */
const STOP = new Set(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"]);
const START = new Set(["START", "UNSTOP", "YES"]);

/** A message that somebody sent to our number; null if this is none. */
export function parseReply(form: URLSearchParams): Reply | null {
  const from = form.get("From");
  const text = form.get("Body");
  if (!from || text === null) return null;
  const word = (form.get("OptOutType") ?? text).trim().toUpperCase();
  return { from, text, optOut: STOP.has(word) ? "stop" : START.has(word) ? "start" : null };
}
