import { createECDH, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { writeWhole } from "./certificate.ts";
import { json, type Reply, type Route } from "./http.ts";
import type { MessageStore } from "./message-store.ts";
import { decrypt, verifyVapid, type BrowserKeys } from "./push-crypto.ts";

/** What the push service does for a browser that was made with this answer. */
export const PUSH_ANSWERS = {
  "201": "taken and shown",
  "301": "always 301, points elsewhere",
  "400": "always 400, can't be read",
  "401": "always 401, the signature is refused",
  "403": "always 403, the key is refused",
  "404": "always 404, has unsubscribed",
  "410": "always 410, has unsubscribed",
  "413": "413 for more than 1,000 bytes, shorter ones are taken",
  "429": "always 429 with Retry-After: 1",
  "500": "always 500",
  slow: "taken after 3 seconds",
  silent: "never answers",
} as const;
export type PushAnswer = keyof typeof PUSH_ANSWERS;

/** As `PushSubscription` in channel.ts; `publicKey` is the VAPID key it is bound to, if to any. */
export type SandboxSubscription = { endpoint: string; p256dh: string; auth: string; publicKey?: string };
export type PushSandbox = {
  routes: Route[];
  /** A browser of this person that listens here; the same arguments always give the same one. */
  subscribe(person: string, applicationServerKey?: string, answer?: PushAnswer): SandboxSubscription;
  /** As if the person had taken the permission back: 410 from now on. */
  unsubscribe(endpoint: string): void;
};

type Browser = BrowserKeys & { person: string; answer: PushAnswer; boundTo: string | null; isGone: boolean };

const MAX_BODY = 4_096;
const SMALL = 1_000;
const SLOW = 3_000;

/** Push services as RFC 8030, 8291 and 8292 describe them: checks, decrypts as the browser would, stores before it answers. */
export function createPush(store: MessageStore, folder: string, now: () => number, origin: () => string): PushSandbox {
  const file = join(folder, "browsers.json");
  const browsers = new Map<string, Browser>(existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as [string, Browser][]) : []);
  const save = () => writeWhole(file, JSON.stringify([...browsers]), 0o600);

  function subscribe(person: string, applicationServerKey?: string, answer: PushAnswer = "201"): SandboxSubscription {
    const boundTo = applicationServerKey ?? null;
    const isWanted = (one: Browser) => one.person === person && one.answer === answer && one.boundTo === boundTo && !one.isGone;
    let token = [...browsers].find(([, browser]) => isWanted(browser))?.[0];
    if (!token) {
      token = randomBytes(24).toString("base64url");
      browsers.set(token, { ...newKeys(), person, answer, boundTo, isGone: false });
      save();
    }
    const { publicKey, auth } = browsers.get(token) as Browser;
    return { endpoint: `${origin()}/push/${token}`, p256dh: publicKey, auth, ...(boundTo === null ? {} : { publicKey: boundTo }) };
  }

  async function take(browser: Browser | undefined, body: Buffer, headers: IncomingHttpHeaders): Promise<Reply> {
    if (!browser || browser.isGone) return problem(410, "no such subscription");
    const refused = refuse(browser, body, headers, origin(), now());
    if (refused) return refused;
    if (browser.answer === "silent") return await new Promise<Reply>(() => {});
    const asked = await answerOf(browser.answer, body);
    if (asked) return asked;
    let text: string;
    try {
      text = decrypt(body, browser);
    } catch (error) {
      return problem(400, `not decrypted: ${error instanceof Error ? error.message : String(error)}`);
    }
    await store.add({ channel: "push", to: browser.person, at: now(), ...shownAs(text), raw: rawOf(text, headers) });
    return {
      status: 201,
      headers: { location: `${origin()}/push/m/${randomBytes(12).toString("hex")}`, ttl: String(headers["ttl"]) },
      body: "",
    };
  }

  const route: Route = async ({ method, url, body, headers }) => {
    if (url.pathname === "/push/subscriptions" && method === "POST") return make(body, subscribe);
    const token = /^\/push\/([\w-]{32})$/.exec(url.pathname)?.[1];
    if (!token) return null;
    if (method !== "POST") return problem(405, "POST only");
    return await take(browsers.get(token), body, headers);
  };

  return {
    routes: [route],
    subscribe,
    unsubscribe(endpoint) {
      const browser = browsers.get(endpoint.slice(endpoint.lastIndexOf("/") + 1));
      if (!browser) throw new Error(`no browser listens at ${endpoint}`);
      browser.isGone = true;
      save();
    },
  };
}

/** What every push service refuses; null for a request that is in order. */
function refuse(browser: Browser, body: Buffer, headers: IncomingHttpHeaders, origin: string, now: number): Reply | null {
  const header = (name: string): string | undefined => headers[name]?.toString();
  if (!/^\d+$/.test(header("ttl") ?? "")) return problem(400, "TTL is missing");
  if (!/^[\w-]{1,32}$/.test(header("topic") ?? "x")) return problem(400, "Topic is at most 32 characters of base64url");
  if (!/^(very-low|low|normal|high)$/.test(header("urgency") ?? "normal")) return problem(400, "Urgency is unknown");
  if (body.length > MAX_BODY) return problem(413, `${body.length} bytes`);
  if (header("content-encoding") !== "aes128gcm") return problem(400, "Content-Encoding is not aes128gcm");
  const authorization = header("authorization");
  if (!authorization) return problem(401, "Authorization is missing");
  const vapid = verifyVapid(authorization, origin, now);
  if ("why" in vapid) return problem(403, vapid.why);
  if (browser.boundTo !== null && browser.boundTo !== vapid.key) return problem(403, "not the key that this browser subscribed with");
  return null;
}

/** The answer that a browser was made with; null when the message is to be taken. */
async function answerOf(answer: PushAnswer, body: Buffer): Promise<Reply | null> {
  if (answer === "201") return null;
  if (answer === "slow") return await new Promise((resolve) => setTimeout(resolve, SLOW, null));
  if (answer === "413" && body.length <= SMALL) return null;
  const reply = problem(Number(answer), `${answer}, said the sandbox`);
  if (answer === "301") return { ...reply, headers: { ...reply.headers, location: "http://localhost/elsewhere" } };
  if (answer === "429") return { ...reply, headers: { ...reply.headers, "retry-after": "1" } };
  return reply;
}

function make(body: Buffer, subscribe: PushSandbox["subscribe"]): Reply {
  const { person, publicKey, answer = "201" } = JSON.parse(body.toString("utf8")) as Record<string, unknown>;
  const isKnown = typeof answer === "string" && Object.hasOwn(PUSH_ANSWERS, answer);
  if (typeof person !== "string" || !isKnown)
    return problem(400, `{person, publicKey?, answer?: ${Object.keys(PUSH_ANSWERS).join(" | ")}}`);
  return json(201, subscribe(person, typeof publicKey === "string" ? publicKey : undefined, answer as PushAnswer));
}

const problem = (status: number, why: string): Reply => json(status, { error: why });

function newKeys(): BrowserKeys {
  const curve = createECDH("prime256v1");
  curve.generateKeys();
  return {
    publicKey: curve.getPublicKey().toString("base64url"),
    privateKey: Buffer.concat([Buffer.alloc(32), curve.getPrivateKey()])
      .subarray(-32)
      .toString("base64url"),
    auth: randomBytes(16).toString("base64url"),
  };
}

/** Our own service worker's payload as title and text; anything else as it is. */
function shownAs(text: string): { subject?: string; text: string } {
  try {
    const { title, body } = JSON.parse(text) as { title?: unknown; body?: unknown };
    if (typeof title === "string" && typeof body === "string") return { subject: title, text: body };
  } catch {
    // not JSON: shown as text
  }
  return { text };
}

function rawOf(text: string, { ttl, topic, urgency }: IncomingHttpHeaders): string {
  return JSON.stringify({ headers: { ttl, topic, urgency }, payload: text });
}
