import { EXTERNAL_CHANNELS } from "@carillon/shared/channels";
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { MessageStore } from "./message-store.ts";
import { PAGE } from "./page.ts";
import type { TokenDesk } from "./tokens.ts";

export type Reply = { status: number; headers: Record<string, string>; body: string };
/** One path of a provider's API; null when the request is not for it. */
export type Route = (request: {
  method: string;
  url: URL;
  body: Buffer;
  headers: IncomingMessage["headers"];
}) => Promise<Reply | null> | Reply | null;
export type HttpSandbox = { port: number; stop(): Promise<void> };
type Options = { store: MessageStore; tokens: TokenDesk; routes: Route[]; port: number };

const MAX_LIST = 10_000;
const DEFAULT_LIST = 100;
const MAX_BODY = 10 * 1024 * 1024;

/** The page and the API over what was received. For this machine only, and nobody signs in. */
export async function startHttp({ store, tokens, routes, port }: Options): Promise<HttpSandbox> {
  const all: Route[] = [page, tokenRoute(tokens), messageRoutes(store), ...routes];
  const server = createServer((request, response) => {
    answer(all, request).then(
      (reply) => send(response, reply),
      (error: unknown) => send(response, json(500, { error: error instanceof Error ? error.message : "unknown" })),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(routes: Route[], request: IncomingMessage): Promise<Reply> {
  // A page elsewhere could point its own name here; what the sandbox holds is for this machine's names only.
  if (!/^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(request.headers.host ?? ""))
    return json(421, { error: "Ask as localhost or 127.0.0.1" });
  const url = new URL(request.url ?? "/", "http://localhost");
  const body = await readBody(request);
  for (const route of routes) {
    const reply = await route({ method: request.method ?? "GET", url, body, headers: request.headers });
    if (reply) return reply;
  }
  return json(404, { error: `Nothing at ${url.pathname}` });
}

const page: Route = ({ method, url }) => {
  if (method !== "GET" || url.pathname !== "/") return null;
  const nonce = randomBytes(16).toString("base64");
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": policy },
    body: PAGE.replaceAll("%NONCE%", nonce),
  };
};

const tokenRoute =
  (tokens: TokenDesk): Route =>
  ({ method, url, body }) => {
    if (method !== "POST" || url.pathname !== "/oauth/token") return null;
    const { status, body: answered } = tokens.give(new URLSearchParams(body.toString("utf8")));
    return json(status, answered);
  };

const messageRoutes =
  (store: MessageStore): Route =>
  async ({ method, url }) => {
    if (url.pathname === "/messages") return method === "DELETE" ? clear(store, url) : method === "GET" ? await list(store, url) : null;
    const html = /^\/messages\/(\d+)\/html$/.exec(url.pathname);
    return html && method === "GET" ? await htmlOf(store, Number(html[1])) : null;
  };

async function list(store: MessageStore, url: URL): Promise<Reply> {
  const channel = url.searchParams.get("channel");
  if (!isChannelOrAll(channel)) return json(400, { error: `channel is one of ${EXTERNAL_CHANNELS.join(", ")}` });
  const limit = Number(url.searchParams.get("limit") ?? DEFAULT_LIST);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIST) return json(400, { error: `limit is between 1 and ${MAX_LIST}` });
  const data = await store.list({ channel: channel || null, to: url.searchParams.get("to") || null, limit });
  return json(200, { data: data.map((message) => ({ ...message, id: String(message.id) })), counts: store.counts() });
}

function clear(store: MessageStore, url: URL): Reply {
  const channel = url.searchParams.get("channel");
  if (!isChannelOrAll(channel)) return json(400, { error: `channel is one of ${EXTERNAL_CHANNELS.join(", ")}` });
  store.clear(channel || null);
  return { status: 204, headers: {}, body: "" };
}

/** A mail's HTML runs no script, loads nothing and has no origin, also when it is opened by itself. */
async function htmlOf(store: MessageStore, id: number): Promise<Reply> {
  const message = await store.find(id);
  if (message?.html === undefined) return json(404, { error: "This message has no HTML" });
  const policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
  return { status: 200, headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": policy }, body: message.html };
}

const isChannelOrAll = (channel: string | null): boolean => !channel || (EXTERNAL_CHANNELS as readonly string[]).includes(channel);

export const json = (status: number, body: unknown): Reply => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(body),
});

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response
    .writeHead(status, { "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", ...headers })
    .end(body);
}
