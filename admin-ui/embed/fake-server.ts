import type { ClientFrame, InboxItem, InboxMark, ServerFrame } from "@carillon/shared/inbox";
import type { Runtime } from "./client.ts";
import type { Socket } from "./link.ts";

export type FakeServer = {
  items: Map<string, InboxItem>;
  sockets: Set<Socket>;
  /** Calls over HTTP, in order. */
  calls: string[];
  /** What browsers said over their sockets. */
  frames: string[];
  /** No call is answered. */
  isDown: boolean;
  /** Sockets stay open and say nothing. */
  isDeaf: boolean;
  isVisible: boolean;
  /** How to refuse the next call to this path. */
  refuse: { path: string; status: number; code: string } | null;
  unread(): number;
  add(fields?: Partial<InboxItem>): InboxItem;
  mark(mark: InboxMark, ids: string[]): void;
  tell(frame: ServerFrame): void;
  /** Ends every socket; what was on its way is lost. */
  cut(): void;
  /** The network came back, or the page was shown or hidden. */
  wake(): void;
  runtime: Runtime;
};

/** One person's inbox as the shard keeps it, reached over a network whose faults the test decides. For tests only. */
export function createFakeServer({ syncItems = 3, random = Math.random } = {}): FakeServer {
  const items = new Map<string, InboxItem>();
  const sockets = new Set<FakeSocket>();
  const listeners = new Set<() => void>();
  const calls: string[] = [];
  const frames: string[] = [];
  let rev = 0;

  /** Delivers in order and late, like a network. */
  class FakeSocket implements Socket {
    onopen: ((event: Event) => unknown) | null = null;
    onmessage: ((event: MessageEvent) => unknown) | null = null;
    onclose: ((event: CloseEvent) => unknown) | null = null;
    protocols: string[];
    #timers = new Set<ReturnType<typeof setTimeout>>();
    #lastAt = 0;

    constructor(protocols: string[]) {
      this.protocols = protocols;
      if (server.isDeaf) return;
      this.#later(() => {
        sockets.add(this);
        this.onopen?.(new Event("open"));
      });
    }

    send(text: string): void {
      frames.push(text);
      if (server.isDeaf) return;
      this.#later(() => {
        if (text === "ping") return this.#say("pong");
        const frame = JSON.parse(text) as ClientFrame;
        if (frame.type !== "hello") return;
        const changed = [...items.values()].filter((item) => item.rev > frame.after).sort((a, b) => a.rev - b.rev);
        const end = Math.min(syncItems, changed.length);
        const more = end < changed.length;
        this.deliver({
          type: "sync",
          items: changed.slice(0, end),
          rev: more ? changed[end - 1]!.rev : rev,
          more,
          unread: server.unread(),
        });
      });
    }

    deliver(frame: ServerFrame): void {
      this.#say(JSON.stringify(frame));
    }

    close(): void {
      this.end(1000);
    }

    end(code: number): void {
      for (const timer of this.#timers) clearTimeout(timer);
      sockets.delete(this);
      this.onclose?.({ code, reason: "" } as CloseEvent);
    }

    #say(text: string): void {
      this.#later(() => this.onmessage?.({ data: text } as MessageEvent));
    }

    #later(act: () => void): void {
      this.#lastAt = Math.max(this.#lastAt, Date.now() + random() * 80);
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        act();
      }, this.#lastAt - Date.now());
      this.#timers.add(timer);
    }
  }

  const server: FakeServer = {
    items,
    sockets,
    calls,
    frames,
    isDown: false,
    isDeaf: false,
    isVisible: true,
    refuse: null,
    unread: () => [...items.values()].filter((item) => !item.readAt && !item.dismissedAt && !item.archivedAt).length,
    add(fields = {}) {
      const item = { ...makeItem(items.size + 1, ++rev), ...fields };
      items.set(item.id, item);
      tell({ type: "item", item, rev, unread: server.unread() });
      return item;
    },
    mark(mark, ids) {
      const changed = ids.filter((id) => items.has(id));
      if (changed.length === 0) return;
      for (const id of changed) items.set(id, { ...items.get(id)!, ...changeOf(mark), rev: ++rev });
      tell({ type: "state", ids: changed, state: mark, rev, unread: server.unread() });
    },
    tell,
    cut() {
      for (const socket of sockets) socket.end(1006);
    },
    wake() {
      for (const listener of listeners) listener();
    },
    runtime: {
      fetch: async (url, init) => answer(String(init.method), url.replace("https://server", ""), init),
      openSocket: (_url, protocols) => new FakeSocket(protocols),
      isVisible: () => server.isVisible,
      watch(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      now: () => Date.now(),
      random,
    },
  };
  return server;

  function tell(frame: ServerFrame): void {
    for (const socket of sockets) socket.deliver(frame);
  }

  function answer(method: string, path: string, init: RequestInit): Response {
    calls.push(`${method} ${path}`);
    if (server.isDown) throw new TypeError("Failed to fetch");
    const refuse = server.refuse;
    if (refuse && path.startsWith(refuse.path)) {
      server.refuse = null;
      return Response.json({ code: refuse.code, detail: `Refused: ${refuse.code}` }, { status: refuse.status });
    }
    if (path === "/v1/me/socket-ticket") return Response.json({ ticket: "t1", expiresAt: "" });
    const mark = /^\/v1\/me\/inbox\/(\w+)$/.exec(path)?.[1] as InboxMark | undefined;
    if (mark) {
      const { ids } = JSON.parse(String(init.body)) as { ids: string[] | "all" };
      server.mark(mark, ids === "all" ? [...items.keys()] : ids);
      return Response.json({ unread: server.unread() });
    }
    const listed = [...items.values()].filter((item) => !item.dismissedAt && !item.archivedAt).sort((a, b) => b.seq - a.seq);
    return Response.json({ data: listed.slice(0, 5), unread: server.unread(), next: listed.length > 5 ? "c" : null });
  }
}

export function makeItem(seq: number, rev: number): InboxItem {
  return {
    id: `i${seq}`,
    seq,
    rev,
    event: `e${seq}`,
    type: "task_assigned",
    title: `Item ${seq}`,
    body: "",
    link: null,
    priority: "normal",
    silent: false,
    createdAt: new Date(seq * 1000).toISOString(),
    seenAt: null,
    readAt: null,
    archivedAt: null,
    dismissedAt: null,
    why: "matrix",
  };
}

function changeOf(mark: InboxMark): Partial<InboxItem> {
  const at = new Date().toISOString();
  return {
    read: { readAt: at },
    unread: { readAt: null },
    seen: { seenAt: at },
    archive: { archivedAt: at },
    dismiss: { dismissedAt: at },
  }[mark];
}

/** mulberry32: the same numbers for the same seed. */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
