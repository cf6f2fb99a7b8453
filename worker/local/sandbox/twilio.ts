import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./certificate.ts";
import { json, type Reply, type Route } from "./http.ts";
import type { MessageStore } from "./message-store.ts";
import { refuseMessage, type Refusal, type TwilioAccount } from "./twilio-contract.ts";
import { BEHAVIOURS, magicCode } from "./twilio-magic.ts";

export type TwilioSandbox = {
  account: TwilioAccount;
  routes: Route[];
  /** Where replies go, as the number's own setting at Twilio says. */
  connect(inboundUrl: string): void;
  /** Makes the auth token worthless until it is called again, as a provider may. */
  suspend(isSuspended: boolean): void;
  /** Resolves when every callback so far was sent. */
  settled(): Promise<void>;
};

const SLOW = 3_000;
const TRIES = 3;
const BETWEEN_TRIES = 200;

type Resource = Record<string, string | number | null> & { sid: string; to: string; from: string; body: string };

/** Twilio's Messages as far as we use it: checks, stores before it answers, calls back with its signature. */
export function createTwilio(store: MessageStore, folder: string, now: () => number): TwilioSandbox {
  const account = ownAccount(folder);
  const statuses = new Map<string, { status: string; errorCode: number | null }>();
  const optedOut = new Set<string>();
  const callbacks = new Set<Promise<void>>();
  let inboundUrl: string | null = null;
  let isSuspended = false;
  const root = `/twilio/2010-04-01/Accounts/${account.accountSid}`;

  async function create(body: Buffer): Promise<Reply> {
    const form = new URLSearchParams(body.toString("utf8"));
    const to = form.get("To") ?? "";
    const refused = refuseMessage(form, account);
    if (refused) return refusal(refused);
    if (optedOut.has(to)) return refusal({ status: 400, code: 21610, message: "Attempt to send to unsubscribed recipient" });
    const code = magicCode(to);
    if (code === BEHAVIOURS.silent) return await silence();
    if (code === BEHAVIOURS.unavailable) return refusal({ status: 503, code: 20503, message: "Service unavailable, said the sandbox" });
    if (code !== null && code < 30_000) return refusal(refusalOf(code));
    const resource = resourceOf(form);
    await store.add({ channel: "sms", to, at: now(), text: resource.body, raw: JSON.stringify(resource) });
    if (code === BEHAVIOURS.lost) return await silence();
    if (code === BEHAVIOURS.slow) await new Promise((resolve) => setTimeout(resolve, SLOW));
    report(form.get("StatusCallback"), resource, code !== null && code < 100_000 ? code : null);
    return json(201, resource);
  }

  function resourceOf(form: URLSearchParams): Resource {
    const sid = `SM${randomBytes(16).toString("hex")}`;
    return {
      sid,
      account_sid: account.accountSid,
      api_version: "2010-04-01",
      to: form.get("To") ?? "",
      from: form.get("From") ?? account.from,
      messaging_service_sid: form.get("MessagingServiceSid"),
      body: form.get("Body") ?? "",
      direction: "outbound-api",
      status: form.has("MessagingServiceSid") ? "accepted" : "queued",
      date_created: new Date(now()).toUTCString().replace("GMT", "+0000"),
      date_updated: new Date(now()).toUTCString().replace("GMT", "+0000"),
      date_sent: null,
      error_code: null,
      error_message: null,
      num_media: "0",
      num_segments: "1",
      price: null,
      price_unit: "USD",
      uri: `/2010-04-01/Accounts/${account.accountSid}/Messages/${sid}.json`,
      validity_period: form.get("ValidityPeriod"),
    };
  }

  const shown = (resource: Resource): Resource => {
    const known = statuses.get(resource.sid);
    return known ? { ...resource, status: known.status, error_code: known.errorCode } : resource;
  };

  /** sent and delivered, or undelivered with the code, one after the other in the background. */
  function report(url: string | null, resource: Resource, code: number | null): void {
    const steps = code === null ? ["sent", "delivered"] : code === 30_036 ? ["failed"] : ["sent", "undelivered"];
    track(async () => {
      for (const status of steps) {
        const isLast = status === steps.at(-1);
        const errorCode = isLast ? code : null;
        statuses.set(resource.sid, { status, errorCode });
        if (!url) continue;
        await post(url, {
          AccountSid: account.accountSid,
          ApiVersion: "2010-04-01",
          MessageSid: resource.sid,
          MessageStatus: status,
          SmsSid: resource.sid,
          SmsStatus: status,
          From: resource.from,
          To: resource.to,
          ...(errorCode === null ? {} : { ErrorCode: String(errorCode) }),
        });
      }
    });
  }

  /** Form and signature as Twilio sends them; a server that is away is tried thrice. */
  async function post(url: string, fields: Record<string, string>): Promise<void> {
    const signed =
      url +
      Object.keys(fields)
        .sort()
        .map((name) => name + fields[name])
        .join("");
    const signature = createHmac("sha1", account.authToken).update(signed).digest("base64");
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await fetch(url, {
          method: "POST",
          body: new URLSearchParams(fields),
          headers: { "x-twilio-signature": signature },
          redirect: "manual",
        });
        await answer.body?.cancel();
        if (answer.status < 500 || attempt >= TRIES) return;
      } catch (error) {
        if (attempt >= TRIES) {
          console.warn(`The sandbox's Twilio could not call ${new URL(url).origin}: ${String(error)}`);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES * attempt));
    }
  }

  function track(work: () => Promise<void>): void {
    const running = work().finally(() => callbacks.delete(running));
    callbacks.add(running);
  }

  async function list(url: URL): Promise<Reply> {
    const to = url.searchParams.get("To");
    const from = url.searchParams.get("From");
    const limit = Number(url.searchParams.get("PageSize") ?? 50);
    const stored = await store.list({ channel: "sms", to, limit });
    const messages = stored.map(({ raw }) => shown(JSON.parse(raw) as Resource)).filter((one) => !from || one.from === from);
    return json(200, { messages, page: 0, page_size: limit, uri: url.pathname, next_page_uri: null, previous_page_uri: null });
  }

  /** A person's answer: STOP and START are Twilio's own business first, then ours. */
  async function reply(body: Buffer): Promise<Reply> {
    const { from, text } = JSON.parse(body.toString("utf8")) as { from?: unknown; text?: unknown };
    if (typeof from !== "string" || typeof text !== "string") return json(400, { error: "{from, text}" });
    const word = text.trim().toUpperCase();
    if (word === "STOP") optedOut.add(from);
    if (word === "START") optedOut.delete(from);
    const url = inboundUrl;
    const sid = `SM${randomBytes(16).toString("hex")}`;
    if (url) {
      track(() =>
        post(url, {
          AccountSid: account.accountSid,
          ApiVersion: "2010-04-01",
          MessageSid: sid,
          SmsSid: sid,
          From: from,
          To: account.from,
          Body: text,
          NumMedia: "0",
          NumSegments: "1",
          ...(word === "STOP" || word === "START" ? { OptOutType: word } : {}),
        }),
      );
    }
    return json(202, { told: url !== null });
  }

  const route: Route = async ({ method, url, body, headers }) => {
    if (!url.pathname.startsWith("/twilio/")) return null;
    if (url.pathname === "/twilio/sandbox/replies" && method === "POST") {
      // Another site's page can't send JSON here unasked.
      return headers["content-type"] === "application/json" ? await reply(body) : json(415, { error: "Send JSON" });
    }
    if (isSuspended || !isSignedIn(headers.authorization, account)) {
      return refusal({ status: 401, code: 20003, message: "Authenticate" });
    }
    if (url.pathname === `${root}.json` && method === "GET") {
      return json(200, { sid: account.accountSid, status: "active", type: "Full", friendly_name: "Sandbox account" });
    }
    if (url.pathname === `${root}/IncomingPhoneNumbers.json` && method === "GET") return numbers(url, account);
    if (url.pathname === `${root}/Messages.json`) return method === "POST" ? await create(body) : method === "GET" ? await list(url) : null;
    return refusal({ status: 404, code: 20404, message: `The requested resource ${url.pathname} was not found` });
  };

  return {
    account,
    routes: [route],
    connect: (url) => (inboundUrl = url),
    suspend: (suspended) => (isSuspended = suspended),
    async settled() {
      while (callbacks.size > 0) await Promise.all(callbacks);
    },
  };
}

/** What Twilio answers at once; codes from 30000 on come by callback. */
function refusalOf(code: number): Refusal {
  const status = code === 20_003 ? 401 : code === 20_404 ? 404 : code === 20_429 ? 429 : 400;
  return { status, code, message: `Error ${code}, said the sandbox` };
}

function refusal({ status, code, message }: Refusal): Reply {
  const reply = json(status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
  return status === 429 ? { ...reply, headers: { ...reply.headers, "retry-after": "1" } } : reply;
}

const silence = (): Promise<Reply> => new Promise<Reply>(() => {});

function numbers(url: URL, account: TwilioAccount): Reply {
  const wanted = url.searchParams.get("PhoneNumber");
  const all = [
    { phone_number: account.from, capabilities: { voice: true, sms: true, mms: true, fax: false } },
    { phone_number: account.mute, capabilities: { voice: true, sms: false, mms: false, fax: false } },
  ];
  const found = all
    .filter(({ phone_number }) => !wanted || phone_number === wanted)
    .map((number, index) => ({ sid: `PN${String(index).repeat(32)}`, account_sid: account.accountSid, ...number }));
  return json(200, { incoming_phone_numbers: found, page: 0, page_size: 50, next_page_uri: null, previous_page_uri: null });
}

function isSignedIn(authorization: string | undefined, { accountSid, authToken }: TwilioAccount): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  return timingSafeEqual(digest(authorization ?? ""), digest(expected));
}

/** Credentials of this folder's own, so that nothing goes out by accident. */
function ownAccount(folder: string): TwilioAccount {
  const file = join(folder, "twilio.json");
  if (!existsSync(file)) {
    const account: TwilioAccount = {
      accountSid: `AC${randomBytes(16).toString("hex")}`,
      authToken: randomBytes(16).toString("hex"),
      from: "+15551234567",
      mute: "+15551230000",
      messagingServiceSid: `MG${randomBytes(16).toString("hex")}`,
    };
    writeWhole(file, JSON.stringify(account), 0o600);
  }
  return JSON.parse(readFileSync(file, "utf8")) as TwilioAccount;
}
