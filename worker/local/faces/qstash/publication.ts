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
export type Outgoing = Call & { body: string; callback: Call | null; failureCallback: Call | null; labels: string[] };
export type Publication = { due: number; outgoing: Outgoing; deduplicationId: string | null };

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
/** Duties that this queue does not take on; a message that asks for one is refused rather than handled otherwise than asked. */
const NOT_OFFERED = ["upstash-cron", "upstash-queue-name", "upstash-flow-control-key", "upstash-redact-fields"];

/** Reads destination and headers as https://upstash.com/docs/qstash/api/publish describes them. Throws Refused. */
export function readPublication(destination: string, headers: Headers, body: Uint8Array, now: number): Publication {
  for (const name of NOT_OFFERED) if (headers.has(name)) throw new Refused(400, `${name} is not offered here`);
  const call = readCall(destination, headers, "upstash-");
  const contentType = headers.get("content-type");
  if (contentType !== null) call.headers["content-type"] = contentType;
  const outgoing: Outgoing = {
    ...call,
    body: Buffer.from(body).toString("base64"),
    callback: readCallback(headers, "upstash-callback"),
    failureCallback: readCallback(headers, "upstash-failure-callback"),
    labels: (headers.get("upstash-label") ?? "")
      .split(",")
      .map((label) => label.trim())
      .filter((label) => label !== ""),
  };
  return { due: readDue(headers, call.delayMs, now), outgoing, deduplicationId: readDeduplicationId(headers, outgoing) };
}

function readCallback(headers: Headers, name: string): Call | null {
  const url = headers.get(name);
  return url === null ? null : readCall(url, headers, `${name}-`);
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
  if (!/^https?:\/\//i.test(text)) throw new Refused(404, `url group ${text} not found`);
  if (!URL.canParse(text)) throw new Refused(400, `invalid destination url: ${text}`);
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
