/** What the channels over HTTP have in common: asking once with patience, and taking only safe words from the answer. */

/** `date` is the provider's own clock, ms. */
export type Answer = { status: number; text: string; retryAfterMs?: number; date?: number };

/** There was no whole answer. `isSent` tells that the request may have been carried out all the same. */
export class NoAnswer extends Error {
  readonly isSent: boolean;
  constructor(isSent: boolean, cause: unknown) {
    super(isSent ? "the request was sent and not answered" : "the provider can't be reached", { cause });
    this.name = "NoAnswer";
    this.isSent = isSent;
  }
}

/** One request; never follows a redirect. Throws NoAnswer. */
export async function ask(url: string, init: RequestInit, patienceMs: number): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(patienceMs) });
    const text = await response.text();
    const date = Date.parse(response.headers.get("date") ?? "");
    const retryAfterMs = retryAfter(response.headers.get("retry-after"), date);
    return {
      status: response.status,
      text,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(Number.isNaN(date) ? {} : { date }),
    };
  } catch (error) {
    throw new NoAnswer(!isNotConnected(error), error);
  }
}

const DAY = 86_400_000;

/** RFC 9110 10.2.3: seconds or a date, which is taken relative to the answer's own. At most a day; anything else says nothing. */
export function retryAfter(header: string | null, date: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - date;
  return text.startsWith("-") || Number.isNaN(ms) || ms <= 0 ? undefined : Math.min(ms, DAY);
}

/** The words of Node, Deno and workerd for a connection that never came about; with any other the request may have arrived. */
const NOT_CONNECTED =
  /ECONNREFUSED|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_|connection refused|tcp connect|dns (error|lookup)|certificate|lookup failed|failed to lookup/i;

const isNotConnected = (error: unknown): boolean => NOT_CONNECTED.test(wordsOf(error));

function wordsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 3) return String(error);
  const { code, errors } = error as Error & { code?: unknown; errors?: unknown };
  const inner = [...(Array.isArray(errors) ? errors : []), ...(error.cause === undefined ? [] : [error.cause])];
  return [code, error.message, ...inner.map((each) => wordsOf(each, depth + 1))].filter(Boolean).join(" ");
}

const MAX_WORDS = 500;
/** Shorter ones would blank out ordinary words. */
const MIN_SECRET = 4;

/** A provider's words on one line, at most 500 characters, without the secrets that some of them repeat. */
export function said(text: string, secrets: Record<string, string>): string {
  const plain = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return Object.values(secrets)
    .filter((secret) => secret.length >= MIN_SECRET)
    .reduce((rest, secret) => rest.replaceAll(secret, "•••"), plain)
    .slice(0, MAX_WORDS)
    .toWellFormed();
}

/** A link that a person can open: https, http on this machine, or a path on our own server; else null. */
export function absoluteLink(link: string | null, publicUrl: string): string | null {
  if (!link || /[\p{Cc}\s\\]/u.test(link)) return null;
  const url = link.startsWith("/") && !link.startsWith("//") ? URL.parse(link, publicUrl) : URL.parse(link);
  if (!url) return null;
  const isOwn = url.origin === URL.parse(publicUrl)?.origin;
  const isLocal = url.protocol === "http:" && LOOPBACK.has(url.hostname);
  return url.protocol === "https:" || isLocal || (isOwn && url.protocol === "http:") ? url.href : null;
}
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether providers on the internet can call this address. */
export function isPublicUrl(url: string): boolean {
  const parsed = URL.parse(url);
  return parsed?.protocol === "https:" && parsed.hostname.includes(".") && !/^[\d.]+$/.test(parsed.hostname);
}

/** Runs one stage of a test: what it says and how long it took. `work` gives the words, or throws StageFailure. */
export async function stage<Name extends string>(
  name: Name,
  work: () => Promise<string | undefined>,
): Promise<{ stage: Name; ok: boolean; ms: number; said?: string; remedy?: string }> {
  const startedAt = performance.now();
  try {
    const words = await work();
    return { stage: name, ok: true, ms: since(startedAt), ...(words ? { said: words } : {}) };
  } catch (error) {
    if (!(error instanceof StageFailure)) throw error;
    return { stage: name, ok: false, ms: since(startedAt), ...(error.said ? { said: error.said } : {}), remedy: error.remedy };
  }
}

/** The stage did not pass: the provider's words and what a person can do. */
export class StageFailure extends Error {
  readonly said: string | undefined;
  readonly remedy: string;
  constructor({ said, remedy }: { said?: string | undefined; remedy?: string | undefined }) {
    super(remedy ?? said ?? "failed");
    this.name = "StageFailure";
    this.said = said;
    this.remedy = remedy ?? "";
  }
}

/** The stages one after the other until one fails, and `done` at the end. */
export async function* stagesOf<Name extends string>(
  steps: Iterable<readonly [Name, () => Promise<string | undefined>]>,
): AsyncGenerator<{ stage: Name | "done"; ok: boolean; ms: number; said?: string; remedy?: string }> {
  const startedAt = performance.now();
  let isOk = true;
  for (const [name, work] of steps) {
    const ended = await stage(name, work);
    isOk = ended.ok;
    yield ended;
    if (!isOk) break;
  }
  yield { stage: "done", ok: isOk, ms: since(startedAt) };
}

const since = (startedAt: number): number => Math.round(performance.now() - startedAt);
