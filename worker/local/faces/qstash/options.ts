import { parseDuration } from "../../../embedded/queue/duration.ts";
import { Refused } from "./refused.ts";

/** At most so many attempts at once, and begun within a period; 0 is any number. */
export type Flow = { key: string; parallelism: number; rate: number; periodMs: number };
/** What is shown as a hash of itself: the body, and all headers or some. */
export type Redact = { body: boolean; headers: "all" | string[] };

const PERIOD_MOST_MS = 7 * 86_400_000;

/** `parallelism=5, rate=10, period=1m`; without a period it is a second. https://upstash.com/docs/qstash/features/flowcontrol */
export function readFlow(headers: Headers): Flow | null {
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
export function readRedact(headers: Headers): Redact | null {
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

/** A comma list without empty words. */
export const words = (list: string): string[] =>
  list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

/** A number from 0 to 9999. Throws Refused. */
export function readCount(text: string | null, name: string): number | null {
  if (text === null) return null;
  if (!/^\d{1,4}$/.test(text)) throw new Refused(400, `invalid ${name}: ${text}`);
  return Number(text);
}

/** `90`, in seconds, or `1m30s`, as milliseconds. Throws Refused. */
export function readDuration(text: string | null, name: string): number | null {
  if (text === null) return null;
  const duration = parseDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (duration === null) throw new Refused(400, `invalid ${name}: ${text}`);
  return duration;
}
