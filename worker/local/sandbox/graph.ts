import { SAMPLE_TEMPLATES } from "@carillon/shared/whatsapp-samples";
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./certificate.ts";
import { namesIn, readMessage, textOf, type GraphError, type StoredTemplate } from "./graph-contract.ts";
import { json, type Reply, type Route } from "./http.ts";
import type { MessageStore } from "./message-store.ts";
import { BEHAVIOURS, magicCode } from "./twilio-magic.ts";

export type GraphAccount = {
  phoneNumberId: string;
  businessAccountId: string;
  accessToken: string;
  appSecret: string;
  verifyToken: string;
};
export type GraphSandbox = {
  account: GraphAccount;
  routes: Route[];
  /** Checks the address as Meta does and sends all webhooks there from then on. Throws when it does not answer the challenge. */
  connect(webhookUrl: string): Promise<void>;
  /** A template's new status, told by webhook: APPROVED, PAUSED, DISABLED, PENDING, REJECTED. Makes the template if there is none. */
  setTemplate(template: { name: string; language: string; status?: string; quality?: string; body?: string }): void;
  /** Makes the token worthless until it is called again, as Meta may. */
  revoke(isRevoked: boolean): void;
  /** Resolves when every webhook so far was sent. */
  settled(): Promise<void>;
};

/** What Meta takes first and tells by webhook afterwards. */
const LATER: ReadonlySet<number> = new Set([131_026, 131_047, 131_049, 130_472]);
const STATUS: Record<number, number> = {
  190: 401,
  0: 401,
  10: 403,
  3: 403,
  4: 429,
  80_007: 429,
  130_429: 429,
  131_056: 429,
  131_000: 500,
  131_016: 500,
};

const SLOW = 3_000;
const TRIES = 3;
const BETWEEN_TRIES = 200;
const MOST_ON_A_PAGE = 5;

/** WhatsApp's Cloud API as far as we use it: checks, stores before it answers, tells by signed webhook what became of it. */
export function createGraph(store: MessageStore, folder: string, now: () => number): GraphSandbox {
  const account = ownAccount(folder);
  const templates = new Map<string, StoredTemplate>();
  for (const { name, language, category, body, examples } of Object.values(SAMPLE_TEMPLATES)) {
    addTemplate({ name, language, category, body, examples, status: "APPROVED", quality: "GREEN" });
  }
  const webhooks = new Set<Promise<void>>();
  let webhookUrl: string | null = null;
  let isRevoked = false;

  function addTemplate(template: Omit<StoredTemplate, "id">): StoredTemplate {
    const stored = { id: String(1_000_000_000_000_000 + templates.size), ...template };
    templates.set(`${template.name} ${template.language}`, stored);
    return stored;
  }

  async function send(body: Buffer): Promise<Reply> {
    const parsed = parsedObject(body);
    if (!parsed) return refusal({ status: 400, code: 100, message: "(#100) The body is no JSON object" });
    const message = readMessage(parsed, (name, language) => templates.get(`${name} ${language}`) ?? null);
    if ("code" in message) return refusal(message);
    const code = magicCode(message.to);
    if (code === BEHAVIOURS.silent) return await silence();
    if (code === BEHAVIOURS.unavailable) return { status: 503, headers: {}, body: "Service unavailable, said the sandbox" };
    const isBehaviour = code === BEHAVIOURS.lost || code === BEHAVIOURS.slow;
    if (code !== null && !isBehaviour && !LATER.has(code)) {
      return refusal({ status: STATUS[code] ?? 400, code, message: `(#${code}) Error ${code}, said the sandbox` });
    }
    const id = `wamid.${randomBytes(24).toString("base64url")}`;
    const { to, template } = message;
    await store.add({
      channel: "whatsapp",
      to,
      at: now(),
      subject: template.name,
      text: textOf(message),
      raw: JSON.stringify({ id, ...parsed }),
    });
    report(id, to, message.callbackData, code !== null && LATER.has(code) ? code : null);
    if (code === BEHAVIOURS.lost) return await silence();
    if (code === BEHAVIOURS.slow) await new Promise((resolve) => setTimeout(resolve, SLOW));
    return json(200, {
      messaging_product: "whatsapp",
      contacts: [{ input: to, wa_id: to.slice(1) }],
      messages: [{ id, message_status: "accepted" }],
    });
  }

  /** sent and delivered, or failed with the code, each in a webhook of its own. */
  function report(id: string, to: string, callbackData: string | null, code: number | null): void {
    const errors =
      code === null ? {} : { errors: [{ code, title: `Error ${code}, said the sandbox`, error_data: { details: "by webhook" } }] };
    track(async () => {
      for (const status of code === null ? ["sent", "delivered"] : ["failed"]) {
        await tell("messages", {
          messaging_product: "whatsapp",
          metadata: { display_phone_number: "15551234567", phone_number_id: account.phoneNumberId },
          statuses: [
            {
              id,
              status,
              timestamp: String(Math.floor(now() / 1_000)),
              recipient_id: to.slice(1),
              ...(callbackData === null ? {} : { biz_opaque_callback_data: callbackData }),
              ...errors,
            },
          ],
        });
      }
    });
  }

  /** Body and signature as Meta sends them; a server that is away is tried thrice. */
  async function tell(field: string, value: Record<string, unknown>): Promise<void> {
    const url = webhookUrl;
    if (!url) return;
    const entry = [{ id: account.businessAccountId, time: Math.floor(now() / 1_000), changes: [{ field, value }] }];
    const body = JSON.stringify({ object: "whatsapp_business_account", entry });
    const signature = `sha256=${createHmac("sha256", account.appSecret).update(body).digest("hex")}`;
    for (let attempt = 1; ; attempt++) {
      try {
        const headers = { "content-type": "application/json", "x-hub-signature-256": signature };
        const answer = await fetch(url, { method: "POST", body, headers, redirect: "manual" });
        await answer.body?.cancel();
        if (answer.status < 500 || attempt >= TRIES) return;
      } catch (error) {
        if (attempt >= TRIES) {
          console.warn(`The sandbox's Graph could not call ${new URL(url).origin}: ${String(error)}`);
          return;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_TRIES * attempt));
    }
  }

  function track(work: () => Promise<void>): void {
    const running = work().finally(() => webhooks.delete(running));
    webhooks.add(running);
  }

  /** In pages of five, so that whoever lists them meets a second page. */
  function list(url: URL): Reply {
    const all = [...templates.values()];
    const start = Number(url.searchParams.get("after") ?? 0);
    const size = Math.min(Number(url.searchParams.get("limit") ?? 25), MOST_ON_A_PAGE);
    const page = all.slice(start, start + size);
    const isLast = start + size >= all.length;
    const after = String(start + size);
    return json(200, {
      data: page.map(({ body, examples, quality, ...template }) => ({
        ...template,
        quality_score: { score: quality },
        components: [{ type: "BODY", text: body, ...(examples.length > 0 ? { example: { body_text: [examples] } } : {}) }],
      })),
      paging: { cursors: { before: String(start), after }, ...(isLast ? {} : { next: `https://graph.facebook.com/next?after=${after}` }) },
    });
  }

  const route: Route = async ({ method, url, body, headers }) => {
    const path = /^\/graph\/v\d+\.\d+\/(\d+)(\/\w+)?$/.exec(url.pathname);
    if (!path) return null;
    if (isRevoked || !isSignedIn(headers.authorization, account)) {
      return refusal({ status: 401, code: 190, message: `Malformed access token ${headers.authorization?.slice("Bearer ".length)}` });
    }
    const [, id, call = ""] = path;
    if (method === "POST" && id === account.phoneNumberId && call === "/messages") return await send(body);
    if (method === "GET" && id === account.phoneNumberId && call === "") {
      return json(200, { id, display_phone_number: "+1 555-123-4567", verified_name: "Sandbox", quality_rating: "GREEN" });
    }
    if (method === "GET" && id === account.businessAccountId && call === "/message_templates") return list(url);
    return refusal({
      status: 400,
      code: 100,
      message: `Unsupported ${method.toLowerCase()} request. Object with ID '${id}' does not exist`,
    });
  };

  return {
    account,
    routes: [route],
    async connect(url) {
      const challenge = randomBytes(8).toString("hex");
      const query = new URLSearchParams({ "hub.mode": "subscribe", "hub.verify_token": account.verifyToken, "hub.challenge": challenge });
      const answer = await fetch(`${url}?${query}`, { redirect: "manual" });
      const text = await answer.text();
      if (answer.status !== 200 || text !== challenge) throw new Error(`${url} did not answer Meta's challenge: ${answer.status}`);
      webhookUrl = url;
    },
    setTemplate({ name, language, status, quality, body }) {
      const known = templates.get(`${name} ${language}`);
      const template =
        known ?? addTemplate({ name, language, status: "PENDING", category: "UTILITY", quality: "UNKNOWN", body: "Hello", examples: [] });
      if (body !== undefined) Object.assign(template, { body, examples: namesIn(body).map(() => "Acme") });
      const named = { message_template_id: Number(template.id), message_template_name: name, message_template_language: language };
      if (status !== undefined) {
        template.status = status;
        track(() => tell("message_template_status_update", { event: status, reason: "NONE", ...named }));
      }
      if (quality !== undefined) {
        const previous = template.quality;
        template.quality = quality;
        track(() => tell("message_template_quality_update", { previous_quality_score: previous, new_quality_score: quality, ...named }));
      }
    },
    revoke: (revoked) => (isRevoked = revoked),
    async settled() {
      while (webhooks.size > 0) await Promise.all(webhooks);
    },
  };
}

function refusal({ status, code, message, details }: GraphError): Reply {
  return json(status, {
    error: {
      message,
      type: status === 401 ? "OAuthException" : "GraphMethodException",
      code,
      ...(details ? { error_data: { messaging_product: "whatsapp", details } } : {}),
      fbtrace_id: randomBytes(8).toString("base64url"),
    },
  });
}

const silence = (): Promise<Reply> => new Promise<Reply>(() => {});

function parsedObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value = JSON.parse(body.toString("utf8")) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isSignedIn(authorization: string | undefined, { accessToken }: GraphAccount): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${accessToken}`));
}

/** Credentials of this folder's own, so that nothing goes out by accident. */
function ownAccount(folder: string): GraphAccount {
  const file = join(folder, "graph.json");
  if (!existsSync(file)) {
    const account: GraphAccount = {
      phoneNumberId: "106540352242922",
      businessAccountId: "102290129340398",
      accessToken: `EAAB${randomBytes(24).toString("hex")}`,
      appSecret: randomBytes(16).toString("hex"),
      verifyToken: randomBytes(12).toString("hex"),
    };
    writeWhole(file, JSON.stringify(account), 0o600);
  }
  return JSON.parse(readFileSync(file, "utf8")) as GraphAccount;
}
