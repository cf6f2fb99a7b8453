import { parseDuration } from "./duration.ts";

/** The headers by which a destination says when it wants to be asked again. https://upstash.com/docs/qstash/features/retry */
const HEADERS = ["retry-after", "x-ratelimit-reset", "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens"];
const LONGEST_MS = 86_400_000;

/** Milliseconds to wait, at most a day: seconds, an HTTP date or `6m5s`. Null if no header says so in words that can be read. */
export function retryAfterMs(headers: Headers, now: number): number | null {
  for (const name of HEADERS) {
    const wait = parseWait(headers.get(name)?.trim() ?? "", now);
    if (wait !== null) return Math.min(Math.max(wait, 0), LONGEST_MS);
  }
  return null;
}

function parseWait(text: string, now: number): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const duration = parseDuration(text);
  if (duration !== null) return Math.ceil(duration);
  const instant = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(instant) ? null : instant - now;
}
