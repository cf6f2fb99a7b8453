import { createHash } from "node:crypto";
import { compileRetryDelay } from "../../../embedded/queue/retry-delay.ts";
import { type Flow, readCount, readDuration, readFlow, readRedact, type Redact, words } from "./options.ts";
import { Refused } from "./refused.ts";

/** A request that the queue will make. `body` is base64, header names are in lower case. */
export type Call = {
  url: string;
  method: string;
  headers: Record<string, string>;
  retries: number | null;
  retryDelay: string | null;
  timeoutMs: number;
  delayMs: number;
};
export type Outgoing = Call & {
  body: string;
  callback: Call | null;
  failureCallback: Call | null;
  labels: string[];
  /** The queue it stands in, and the message whose place it holds there: its own, or that of the one whose callback it is. */
  queue?: string;
  root?: string;
  flow?: Flow;
  topic?: string;
  endpoint?: string;
  schedule?: string;
  redact?: Redact;
};
/** `destination` is an address or a URL group's name. */
export type Publication = { destination: string; due: number; outgoing: Outgoing; deduplicationId: string | null };

/** QStash's on its paid plan. */
const TIMEOUT_MS = 2 * 3_600_000;
const MAX_DELAY_MS = 365 * 86_400_000;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const QUEUE_NAME = /^[\w.-]+$/;
const IS_URL = /^https?:\/\//i;

/** Reads destination and headers as https://upstash.com/docs/qstash/api/publish describes them. Throws Refused. */
export function readPublication(destination: string, headers: Headers, body: Uint8Array, now: number): Publication {
  const call = readCall(destination, headers, "upstash-");
  const contentType = headers.get("content-type");
  if (contentType !== null) call.headers["content-type"] = contentType;
  const [queue, flow, redact] = [headers.get("upstash-queue-name"), readFlow(headers), readRedact(headers)];
  const outgoing: Outgoing = {
    ...call,
    body: Buffer.from(body).toString("base64"),
    callback: readCallback(headers, "upstash-callback"),
    failureCallback: readCallback(headers, "upstash-failure-callback"),
    labels: words(headers.get("upstash-label") ?? ""),
    ...(queue === null ? {} : { queue: readQueueName(queue) }),
    ...(flow === null ? {} : { flow }),
    ...(redact === null ? {} : { redact }),
  };
  return { destination, due: readDue(headers, call.delayMs, now), outgoing, deduplicationId: readDeduplicationId(headers, outgoing) };
}

export const isUrl = (destination: string): boolean => IS_URL.test(destination);

export function readQueueName(name: string): string {
  if (!QUEUE_NAME.test(name)) throw new Refused(400, `invalid queue name: ${name}`);
  return name;
}

function readCallback(headers: Headers, name: string): Call | null {
  const url = headers.get(name);
  if (url === null) return null;
  if (!isUrl(url)) throw new Refused(400, `invalid callback url: ${url}`);
  return readCall(url, headers, `${name}-`);
}

function readCall(url: string, headers: Headers, prefix: string): Call {
  const text = (name: string) => headers.get(prefix + name);
  const method = text("method") ?? "POST";
  if (!METHODS.includes(method)) throw new Refused(400, `invalid method ${method}`);
  return {
    url: readUrl(url),
    method,
    headers: forwarded(headers, `${prefix}forward-`),
    retries: readCount(text("retries"), `${prefix}retries`),
    retryDelay: readRetryDelay(text("retry-delay")),
    timeoutMs: Math.min(readDuration(text("timeout"), `${prefix}timeout`) ?? TIMEOUT_MS, TIMEOUT_MS),
    delayMs: readDuration(text("delay"), `${prefix}delay`) ?? 0,
  };
}

function readUrl(text: string): string {
  if (isUrl(text) && !URL.canParse(text)) throw new Refused(400, `invalid destination url: ${text}`);
  return text;
}

function forwarded(headers: Headers, prefix: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of headers) if (name.startsWith(prefix)) result[name.slice(prefix.length)] = value;
  return result;
}

function readRetryDelay(text: string | null): string | null {
  if (text === null) return null;
  try {
    compileRetryDelay(text);
    return text;
  } catch (error) {
    throw new Refused(400, `invalid retry delay: ${error instanceof Error ? error.message : text}`);
  }
}

/** Upstash-Not-Before (unix seconds) wins over Upstash-Delay. */
function readDue(headers: Headers, delayMs: number, now: number): number {
  const notBefore = headers.get("upstash-not-before");
  if (notBefore !== null && !/^\d{1,12}$/.test(notBefore)) throw new Refused(400, `invalid upstash-not-before: ${notBefore}`);
  const due = notBefore === null ? now + delayMs : Math.max(Number(notBefore) * 1000, now);
  if (due - now > MAX_DELAY_MS) throw new Refused(400, "the delay exceeds the maximum of 365 days");
  return Math.ceil(due);
}

function readDeduplicationId(headers: Headers, { url, body, headers: sent }: Outgoing): string | null {
  const given = headers.get("upstash-deduplication-id");
  if (given !== null) return given;
  if (headers.get("upstash-content-based-deduplication")?.toLowerCase() !== "true") return null;
  return `content-${createHash("sha256")
    .update(JSON.stringify([url, body, Object.entries(sent).sort()]))
    .digest("base64url")}`;
}
