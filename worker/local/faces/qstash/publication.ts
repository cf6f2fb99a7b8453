import { createHash } from "node:crypto";
import { parseDuration } from "../../../embedded/queue/duration.ts";
import { compileRetryDelay } from "../../../embedded/queue/retry-delay.ts";

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
/** At most so many attempts at once, and begun within a period; 0 is any number. */
export type Flow = { key: string; parallelism: number; rate: number; periodMs: number };
/** What is shown as a hash of itself: the body, and all headers or some. */
export type Redact = { body: boolean; headers: "all" | string[] };
/** `destination` is an address or a URL group's name. */
export type Publication = { destination: string; due: number; outgoing: Outgoing; deduplicationId: string | null };

/** A publish request that can't be taken, in words for its sender. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "Refused";
    this.status = status;
  }
}

/** QStash's on its paid plan. */
const TIMEOUT_MS = 2 * 3_600_000;
const MAX_DELAY_MS = 365 * 86_400_000;
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const PERIOD_MOST_MS = 7 * 86_400_000;
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

const words = (list: string): string[] =>
  list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** `parallelism=5, rate=10, period=1m`; without a period it is a second. https://upstash.com/docs/qstash/features/flowcontrol */
function readFlow(headers: Headers): Flow | null {
  const [key, value] = [headers.get("upstash-flow-control-key"), headers.get("upstash-flow-control-value")];
  if (key === null && value === null) return null;
  if (!key || !value) throw new Refused(400, "flow control needs both a key and a value");
  const given = new Map(words(value).map((word) => [word.split("=")[0] ?? "", word.split("=")[1] ?? ""]));
  for (const name of given.keys())
    if (!["parallelism", "rate", "period"].includes(name)) throw new Refused(400, `invalid flow control value: ${value}`);
  const flow = {
    key,
    parallelism: readCount(given.get("parallelism") ?? "0", "flow control parallelism") ?? 0,
    rate: readCount(given.get("rate") ?? "0", "flow control rate") ?? 0,
    periodMs: readPeriod(given.get("period") ?? "1s"),
  };
  if (flow.parallelism === 0 && flow.rate === 0) throw new Refused(400, `invalid flow control value: ${value}`);
  return flow;
}

/** Seconds, or `1m30s`; at most a week. */
export function readPeriod(text: string): number {
  const period = readDuration(text, "flow control period") ?? 0;
  if (period <= 0 || period > PERIOD_MOST_MS) throw new Refused(400, `invalid flow control period: ${text}`);
  return period;
}

/** `body,header[Authorization]`; `header` is all of them. https://upstash.com/docs/qstash/howto/redact-fields */
function readRedact(headers: Headers): Redact | null {
  const given = headers.get("upstash-redact-fields");
  if (given === null) return null;
  const redact: Redact = { body: false, headers: [] };
  for (const field of words(given)) {
    const [, name] = /^headers?\[([^\]]+)\]$/.exec(field) ?? [];
    if (field === "body") redact.body = true;
    else if (field === "header" || field === "headers") redact.headers = "all";
    else if (name === undefined) throw new Refused(400, `invalid redact field: ${field}`);
    else if (redact.headers !== "all") redact.headers.push(name.toLowerCase());
  }
  return redact;
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

function readCount(text: string | null, name: string): number | null {
  if (text === null) return null;
  if (!/^\d{1,4}$/.test(text)) throw new Refused(400, `invalid ${name}: ${text}`);
  return Number(text);
}

function readDuration(text: string | null, name: string): number | null {
  if (text === null) return null;
  const duration = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (duration === null) throw new Refused(400, `invalid ${name}: ${text}`);
  return duration;
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
