import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { CHANNELS } from "@carillon/shared/channels";
import type { ClientFrame, InboxFilter, InboxItem, InboxMark, ServerFrame } from "@carillon/shared/inbox";
import type { MyEvent } from "@carillon/shared/my-event";
import { WebSocketServer, type WebSocket } from "ws";

const DIST = join(import.meta.dirname, "../../admin-ui/dist");
const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
/** What a strict page allows the bell: no inline script or style, and of trusted types only lit's own policy. */
export const STRICT_CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html carillon-bell";
const NAMES = ["Ada Lovelace", "Ben Okri", "Carla Díaz", "Dmitri Orlov", "Eve Adams"];

export type BellServer = {
  url: string;
  items: InboxItem[];
  /** Delivers an item to the bell, as the shard does. */
  add(fields: Partial<InboxItem>): InboxItem;
  /** Cuts every socket without a word. */
  cut(): void;
  /** While set, every call but the files' is answered with 503. */
  isDown: boolean;
  openSockets(): number;
  close(): Promise<void>;
};

/** A server with one person's inbox in memory: what the bell needs to be looked at and tested without the rest. */
export async function startBellServer(port = 0): Promise<BellServer> {
  const items: InboxItem[] = [];
  const sockets = new Set<WebSocket>();
  let rev = 0;
  const http = createServer((request, response) => void answer(request, response));
  const webSockets = new WebSocketServer({ server: http, path: "/v1/me/socket", handleProtocols: () => "carillon.v1" });
  webSockets.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("message", (data) => hear(socket, String(data)));
  });
  await new Promise<void>((listening) => http.listen(port, "127.0.0.1", listening));
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  const server: BellServer = {
    url: `http://127.0.0.1:${address.port}`,
    items,
    isDown: false,
    add(fields) {
      const number = items.length + 1;
      const item: InboxItem = {
        id: `i${number}`,
        seq: number,
        rev: ++rev,
        event: `e${number}`,
        type: "task_assigned",
        title: `Item ${number}`,
        body: "",
        link: null,
        priority: "normal",
        silent: false,
        createdAt: new Date().toISOString(),
        seenAt: null,
        readAt: null,
        archivedAt: null,
        dismissedAt: null,
        why: "matrix",
        ...fields,
      };
      items.push(item);
      tell({ type: "item", item, rev, unread: unread() });
      return item;
    },
    cut() {
      for (const socket of sockets) socket.terminate();
    },
    openSockets: () => sockets.size,
    async close() {
      server.cut();
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  };
  return server;

  function tell(frame: ServerFrame): void {
    for (const socket of sockets) socket.send(JSON.stringify(frame));
  }

  function hear(socket: WebSocket, text: string): void {
    if (text === "ping") return socket.send("pong");
    const frame = JSON.parse(text) as ClientFrame;
    if (frame.type !== "hello") return;
    const changed = items.filter((item) => item.rev > frame.after).sort((a, b) => a.rev - b.rev);
    const sync: ServerFrame = {
      type: "sync",
      items: changed.slice(0, 200),
      rev: changed[199]?.rev ?? rev,
      more: changed.length > 200,
      unread: unread(),
    };
    socket.send(JSON.stringify(sync));
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://here");
    const body = request.method === "POST" ? JSON.parse((await text(request)) || "{}") : {};
    const isCall = url.pathname.startsWith("/v1/");
    if (isCall && server.isDown) return say(response, 503, { code: "unavailable", detail: "The service is resting" });
    const mark = /^\/v1\/me\/inbox\/(\w+)$/.exec(url.pathname)?.[1];
    if (mark) return say(response, 200, { unread: takeMark(mark as InboxMark, body.ids) });
    const asked = /^\/v1\/me\/events\/(\w+)$/.exec(url.pathname)?.[1];
    if (asked) return say(response, 200, account(asked));
    if (url.pathname === "/v1/me/inbox") return say(response, 200, page(url.searchParams));
    if (url.pathname === "/v1/me/push")
      return say(response, 200, { user: "u1", enabled: false, publicKey: null, browsers: 0, endpoints: [] });
    if (url.pathname === "/v1/me/socket-ticket") return say(response, 200, { ticket: "t1", expiresAt: "" });
    if (url.pathname === "/demo/api/people") return say(response, 200, { data: NAMES.map(person) });
    if (url.pathname === "/demo/api/info") return say(response, 200, { sandboxUrl: "http://localhost:8025/", adminUrl: "/" });
    if (url.pathname === "/demo/api/token") return say(response, 200, { token: "opaque", expiresAt: "" });
    if (url.pathname === "/demo/api/events") return say(response, 202, { id: accept(body), accepted: 1, duplicate: false });
    await file(url.pathname === "/demo" ? "/demo/index.html" : url.pathname, response);
  }

  function accept(event: {
    type: string;
    data: Record<string, { title?: string; name?: string }>;
    link: string;
    priority?: "high";
  }): string {
    const title = Object.values(event.data).map((value) => value.title ?? value.name)[0] ?? "Something happened";
    return server.add({ type: event.type, title, link: event.link, priority: event.priority ?? "normal", body: "From the demo" }).event;
  }

  /** The event came to the bell, and nowhere else. */
  function account(id: string): MyEvent {
    const { type, priority, createdAt } = items.find(({ event }) => event === id)!;
    const deliveries = CHANNELS.map((channel) => ({
      id: `${id}-${channel}`,
      event: id,
      type,
      user: "u1",
      channel,
      ...(channel === "in-app" ? { state: "delivered" as const, reason: "matrix" } : { state: "skipped" as const, reason: "matrix-off" }),
      at: createdAt,
      attempts: [],
      receipts: [],
    }));
    return { id, type, priority, timeZone: "Europe/Berlin", deliveries };
  }

  function takeMark(mark: InboxMark, ids: string[] | "all"): number {
    const at = new Date().toISOString();
    const changed = items.filter((item) => ids === "all" || ids.includes(item.id));
    rev++;
    for (const item of changed) {
      item.rev = rev;
      if (mark === "unread") item.readAt = null;
      else item[({ read: "readAt", seen: "seenAt", dismiss: "dismissedAt", archive: "archivedAt" } as const)[mark]] ??= at;
    }
    tell({ type: "state", ids: changed.map((item) => item.id), state: mark, rev, unread: unread() });
    return unread();
  }

  function page(query: URLSearchParams): { data: InboxItem[]; unread: number; next: string | null } {
    const filter = (query.get("filter") ?? "all") as InboxFilter;
    const q = query.get("q")?.toLowerCase();
    const limit = Number(query.get("limit") ?? 30);
    const below = Number(query.get("cursor") ?? Infinity);
    const found = items
      .filter((item) => item.seq < below && (q ? `${item.title} ${item.body}`.toLowerCase().includes(q) : isIn(item, filter)))
      .sort((a, b) => b.seq - a.seq);
    return { data: found.slice(0, limit), unread: unread(), next: found.length > limit ? String(found[limit - 1]!.seq) : null };
  }

  function unread(): number {
    return items.filter((item) => isIn(item, "unread")).length;
  }
}

function isIn(item: InboxItem, filter: InboxFilter): boolean {
  if (filter === "dismissed") return item.dismissedAt !== null;
  if (filter === "archived") return item.archivedAt !== null && item.dismissedAt === null;
  return item.dismissedAt === null && item.archivedAt === null && (filter === "all" || item.readAt === null);
}

const person = (name: string, index: number) => ({
  id: `u${index + 1}`,
  name,
  email: `u${index + 1}@example.com`,
  timeZone: "Europe/Berlin",
});

async function file(path: string, response: ServerResponse): Promise<void> {
  const type = TYPES[extname(path)];
  if (!type || path.includes("..")) return say(response, 404, {});
  response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": STRICT_CSP });
  response.end(await readFile(join(DIST, path)));
}

function say(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" }).end(JSON.stringify(body));
}

async function text(request: IncomingMessage): Promise<string> {
  let all = "";
  for await (const chunk of request) all += chunk;
  return all;
}
