import type { Client, RequestOpts } from "twilio/lib/base/BaseTwilio.js";
import Domain from "twilio/lib/base/Domain.js";
import Version from "twilio/lib/base/Version.js";
import type V2010 from "twilio/lib/rest/api/V2010.js";
import { IncomingPhoneNumberListInstance } from "twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js";
import { MessageListInstance, type MessageListInstanceCreateOptions } from "twilio/lib/rest/api/v2010/account/message.js";
import * as z from "zod";
import type { SmsSettings } from "@carillon/shared/sms-settings";
import type { Configuration } from "../channel.ts";
import { NoAnswer, ask, said } from "../provider.ts";

export type TwilioMessage = { sid: string; status: string; errorCode: number | null };
export type TwilioClient = {
  create(message: MessageListInstanceCreateOptions): Promise<TwilioMessage>;
  /** The newest message of ours with these words, made at `since` or later by Twilio's clock, that is not in `except`. */
  find(wanted: { to: string; body: string }, since: Since, except: ReadonlySet<string>): Promise<TwilioMessage | null>;
  account(): Promise<{ status: string; type: string; name: string }>;
  /** Whether a number of this account can send SMS; null if the account has no such number. */
  maySend(number: string): Promise<boolean | null>;
};
/** An instant of our clock, or how long ago. */
export type Since = { at: number } | { agoMs: number };

/** Twilio said no. */
export class TwilioRefusal extends Error {
  readonly status: number;
  readonly code: number | null;
  readonly said: string;
  readonly retryAfterMs: number | undefined;
  constructor(status: number, code: number | null, words: string, retryAfterMs: number | undefined) {
    super(words);
    this.name = "TwilioRefusal";
    this.status = status;
    this.code = code;
    this.said = words;
    this.retryAfterMs = retryAfterMs;
  }
}

const TWILIO = "https://api.twilio.com";
/** Twilio's clock and ours, and what it says in whole seconds. */
const SKEW = 60_000;
const ROUNDING = 2_000;
/** More than one person gets in the time that a try and its look-up take. */
const LOOK_AT = 50;

const refusalSchema = z.object({ code: z.number().nullish(), message: z.string().nullish() });
const accountSchema = z.object({ status: z.string(), type: z.string().nullish(), friendly_name: z.string().nullish() });

/**
 * Twilio's own resource classes over fetch. Their client class would bring axios and 100 KiB along; a `Version` over a `Domain`
 * is all that the resources ask for. Every method throws TwilioRefusal or NoAnswer.
 */
export function createClient({ settings, secrets, endpoints }: Configuration<SmsSettings>, patienceMs: number): TwilioClient {
  const authorization = `Basic ${Buffer.from(`${settings.accountSid}:${secrets["authToken"] ?? ""}`).toString("base64")}`;
  let now: number | undefined;

  async function request({ method = "get", uri = "", params = {}, data, headers = {} }: RequestOpts) {
    const query = form(params).toString();
    const answer = await ask(
      query ? `${uri}?${query}` : uri,
      {
        method: method.toUpperCase(),
        headers: { ...(headers as Record<string, string>), authorization },
        ...(data ? { body: form(data) } : {}),
      },
      patienceMs,
    );
    now = answer.date;
    const body = parsed(answer.text);
    if (answer.status >= 200 && answer.status < 300) {
      if (body === undefined) throw new NoAnswer(true, new Error("no JSON"));
      return { statusCode: answer.status, body: answer.text };
    }
    const refusal = refusalSchema.safeParse(body);
    const words = (refusal.data?.message ?? answer.text) || `HTTP ${answer.status}`;
    throw new TwilioRefusal(answer.status, refusal.data?.code ?? null, said(words, secrets), answer.retryAfterMs);
  }

  const domain = new (classIn(Domain))({ request } as Client, endpoints?.twilio ?? TWILIO);
  const version = new (classIn(Version))(domain, "2010-04-01") as V2010.default;
  const messages = MessageListInstance(version, settings.accountSid);
  const numbers = IncomingPhoneNumberListInstance(version, settings.accountSid);

  return {
    async create(message) {
      return await messages.create(message);
    },
    async find({ to, body }, since, except) {
      const from = settings.messagingServiceSid ? {} : { from: settings.from };
      const newest = await messages.list({ to, ...from, limit: LOOK_AT, pageSize: LOOK_AT });
      const earliest = "at" in since ? since.at - SKEW : now === undefined ? Infinity : now - since.agoMs - ROUNDING;
      return (
        newest.find(
          ({ sid, body: sent, direction, dateCreated }) =>
            direction !== "inbound" && !except.has(sid) && dateCreated?.getTime() >= earliest && isSameText(sent, body),
        ) ?? null
      );
    },
    async account() {
      const answer = await version.fetch({ uri: `/Accounts/${settings.accountSid}.json`, method: "get" });
      const { status, type, friendly_name: name } = accountSchema.parse(answer);
      return { status, type: type ?? "", name: name ?? "" };
    },
    async maySend(number) {
      const [found] = await numbers.list({ phoneNumber: number, limit: 1, pageSize: 1 });
      return found ? Boolean(found.capabilities.sms) : null;
    },
  };
}

/** Node, Deno and esbuild leave `default` in a CommonJS module, vitest has taken it out. */
const classIn = <Class>(module: { default: Class }): Class => module.default ?? (module as unknown as Class);

/** Twilio may write a prefix (trial accounts) and other quotes and dashes (smart encoding). */
function isSameText(sent: string, wanted: string): boolean {
  const letters = lettersOf(wanted);
  return letters === "" ? sent === wanted : lettersOf(sent).endsWith(letters);
}
const lettersOf = (text: string): string => text.replace(/[^\p{L}\p{N}]+/gu, "");

function form(fields: object): URLSearchParams {
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null) all.append(name, String(one));
  }
  return all;
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
