import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import { parseAttemptRef } from "@carillon/shared/attempt-ref";
import type { Outcome, ProviderNews, Receipt, Reply, Webhook } from "../channel.ts";
import { outcomeOfCode } from "./errors.ts";
import { verdictOf } from "./template-status.ts";

/** Meta checks the address once with GET, then posts statuses, replies and changes of templates, many in one body. */
export const metaWebhook: Webhook = {
  isGenuine: ({ method, url, headers, body }, { appSecret = "", verifyToken = "" }) =>
    method === "GET"
      ? answerHandshake(new URL(url).searchParams, verifyToken) !== null
      : isFromMeta(appSecret, headers.get("x-hub-signature-256"), new TextEncoder().encode(body)),
  read({ body }) {
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return { receipts: [], replies: [], templates: [], unread: 1 };
    }
    return parseWebhook(value);
  },
};

/** Whether Meta signed this body: X-Hub-Signature-256, HMAC-SHA256 over the raw bytes. */
export function isFromMeta(appSecret: string, signature: string | null, body: Uint8Array): boolean {
  // Anybody can sign with an empty key.
  if (appSecret === "" || !signature?.startsWith("sha256=")) return false;
  const expected = createHmac("sha256", appSecret).update(body).digest("hex");
  return isSame(signature.slice("sha256=".length), expected);
}

/** What to answer when Meta checks the webhook's address (GET); null = 403. */
export function answerHandshake(query: URLSearchParams, verifyToken: string): string | null {
  const isKnown = query.get("hub.mode") === "subscribe" && verifyToken !== "" && isSame(query.get("hub.verify_token") ?? "", verifyToken);
  return isKnown ? query.get("hub.challenge") : null;
}

/** In constant time, whatever the lengths. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

const payloadSchema = z.object({
  entry: z.array(z.object({ changes: z.array(z.object({ field: z.string(), value: z.unknown() })) })),
});
const messagesSchema = z.object({ statuses: z.array(z.unknown()).optional(), messages: z.array(z.unknown()).optional() });
const statusSchema = z.object({
  id: z.string(),
  status: z.string(),
  biz_opaque_callback_data: z.string().optional(),
  errors: z
    .array(
      z.object({
        code: z.number(),
        title: z.string().optional(),
        message: z.string().optional(),
        error_data: z.object({ details: z.string().optional() }).optional(),
      }),
    )
    .optional(),
});
const replySchema = z.object({
  from: z.string(),
  text: z.object({ body: z.string() }).optional(),
  button: z.object({ text: z.string() }).optional(),
});
const templateSchema = z.object({ message_template_name: z.string(), message_template_language: z.string() });
const templateStatusSchema = templateSchema.extend({
  event: z.string(),
  reason: z.string().nullish(),
  /** Why it was paused. */
  other_info: z.object({ description: z.string().optional() }).nullish(),
  /** Why it was rejected. */
  rejection_info: z.object({ reason: z.string().optional() }).nullish(),
});
const templateQualitySchema = templateSchema.extend({ new_quality_score: z.string() });

const STATES = new Set(["sent", "delivered", "read", "failed"]);
const isState = (status: string): status is Receipt["state"] => STATES.has(status);

/** Everything one webhook brings, after its signature was found good. Takes any JSON and never throws. */
export function parseWebhook(body: unknown): ProviderNews {
  const news: ProviderNews = { receipts: [], templates: [], replies: [], unread: 0 };
  const payload = payloadSchema.safeParse(body);
  if (!payload.success) return { ...news, unread: 1 };
  for (const { field, value } of payload.data.entry.flatMap(({ changes }) => changes)) {
    if (field === "messages") readMessages(value, news);
    else if (field === "message_template_status_update") readTemplate(templateStatusSchema.safeParse(value).data, news);
    else if (field === "message_template_quality_update") readTemplate(templateQualitySchema.safeParse(value).data, news);
  }
  return news;
}

function readMessages(value: unknown, news: ProviderNews): void {
  const parsed = messagesSchema.safeParse(value);
  if (!parsed.success) news.unread++;
  for (const one of parsed.data?.statuses ?? []) {
    const status = statusSchema.safeParse(one);
    if (!status.success) news.unread++;
    else if (status.data.biz_opaque_callback_data && isState(status.data.status))
      news.receipts.push(receiptOf(status.data, status.data.status));
  }
  for (const one of parsed.data?.messages ?? []) {
    const message = replySchema.safeParse(one);
    if (message.success) news.replies.push(replyOf(message.data));
    else news.unread++;
  }
}

function receiptOf(status: z.infer<typeof statusSchema>, state: Receipt["state"]): Receipt {
  const [error] = status.errors ?? [];
  const words = [error?.title ?? error?.message, error?.error_data?.details].filter(Boolean).join(": ");
  const failure: Outcome | undefined = error ? outcomeOfCode(error.code, words.slice(0, 500)) : undefined;
  const unexplained: Outcome = { kind: "permanent", code: "failed", remedy: "Meta could not deliver the message and gave no reason." };
  return {
    ...parseAttemptRef(status.biz_opaque_callback_data ?? ""),
    state,
    code: error ? String(error.code) : null,
    providerId: status.id,
    outcome: state === "failed" ? (failure ?? unexplained) : null,
  };
}

const STOP = new Set(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "STOP PROMOTIONS"]);
const START = new Set(["START", "UNSTOP"]);

function replyOf({ from, text, button }: z.infer<typeof replySchema>): Reply {
  const words = text?.body ?? button?.text ?? "";
  const word = words.trim().toUpperCase();
  return { from: `+${from.replace(/^\+/, "")}`, text: words, optOut: STOP.has(word) ? "stop" : START.has(word) ? "start" : null };
}

function readTemplate(
  change: z.infer<typeof templateStatusSchema> | z.infer<typeof templateQualitySchema> | undefined,
  news: ProviderNews,
): void {
  if (!change) {
    news.unread++;
    return;
  }
  const template = { name: change.message_template_name, language: change.message_template_language.replace("-", "_") };
  if ("event" in change) news.templates.push({ ...template, ...statusOf(change) });
  else news.templates.push({ ...template, quality: change.new_quality_score.toUpperCase() });
}

function statusOf({ event, reason = null, other_info: other, rejection_info: rejection }: z.infer<typeof templateStatusSchema>) {
  const status = event.toUpperCase();
  return { status, reason, verdict: verdictOf(status, reason, other?.description ?? rejection?.reason ?? null) };
}
