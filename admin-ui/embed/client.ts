import type { InboxFilter, InboxItem, InboxMark } from "@carillon/shared/inbox";
import { beginWith, createInbox, itemsOf, markAtOnce, put, receive, settle } from "./inbox.ts";
import { keepLink, type LinkStatus, type Socket } from "./link.ts";
import { createTokenSource } from "./token.ts";

export type { InboxFilter, InboxItem, InboxMark, LinkStatus };

export type ConnectOptions = {
  /** Where Carillon answers, e.g. `https://notify.example.com`. */
  server: string;
  /** Asks the page's own backend for a token of the signed-in person. Called again shortly before it ends, and on 401. */
  token: () => Promise<string>;
  /** Something about `state` or `items()` has changed. */
  onChange?: (state: ConnectionState) => void;
  /** An item that is new to this person, once each, also after an interruption. */
  onItem?: (item: InboxItem) => void;
  /** The link is up again and everything missed is here. */
  onLive?: () => void;
  /** What the server said against a frame of ours, e.g. `socket.too-many-frames`. The link goes on by itself. */
  onError?: (code: string) => void;
  /**
   * The revision the caller already has: all that changed since then is told, from 0 the whole history. Without it the newest
   * items are read first and history stays on the server.
   */
  after?: number;
};

export type ConnectionState = {
  status: LinkStatus;
  /** The server's own count, never one of ours. */
  unread: number;
  /** Every change up to this revision is in `items()`. */
  rev: number;
  /** Why the link was lost or could not be made, in words; null from the moment it is live. */
  problem: string | null;
};

export type InboxPage = { data: InboxItem[]; unread: number; next: string | null };
export type PageQuery = { filter?: InboxFilter; q?: string; cursor?: string | null; limit?: number };

export type Connection = {
  readonly state: ConnectionState;
  /** All items known here, newest first; dismissed and archived ones too. */
  items(): InboxItem[];
  /** A page of the whole history, newest first; its items then stay up to date in `items()`. */
  page(query?: PageQuery): Promise<InboxPage>;
  /** Each mark shows at once; it is taken back and the promise rejects with a RefusedError when the server refuses. */
  markRead(ids: string[]): Promise<void>;
  markUnread(ids: string[]): Promise<void>;
  markAll(): Promise<void>;
  dismiss(ids: string[]): Promise<void>;
  archive(ids: string[]): Promise<void>;
  seen(ids: string[]): Promise<void>;
  /** Any other call under `/v1/me`, e.g. `call("GET", "/v1/me/preferences")`; rejects with a RefusedError when the server refuses. */
  call<Answer>(method: "GET" | "POST" | "PUT", path: string, body?: unknown): Promise<Answer>;
  /** Tries at once instead of waiting for the next attempt. */
  retry(): void;
  close(): void;
};

/** The server's answer to a call that it refused. `code` is stable, the message is for people, `errors` are about single fields. */
export type RefusedError = Error & { status: number; code: string; errors?: { path: string; message: string }[] };

/** What a browser does for the client; tests pass their own. */
export type Runtime = {
  fetch(url: string, init: RequestInit): Promise<Response>;
  openSocket(url: string, protocols: string[]): Socket;
  isVisible(): boolean;
  /** Calls back whenever the network came back or the page was shown or hidden. Answers how to stop. */
  watch(listener: () => void): () => void;
  now(): number;
  random(): number;
};

const PROTOCOL = "carillon.v1";
const FIRST_PAGE = 30;
const CALL_WITHIN = 15_000;

/** Keeps a person's inbox in this page in step with the server until `close()`. Reconnects by itself, without gap and without double. */
export function connect(options: ConnectOptions, runtime: Runtime = browser): Connection {
  const server = options.server.replace(/\/+$/, "");
  const tokens = createTokenSource(options.token, runtime.now);
  const inbox = createInbox(options.after ?? null);
  const state: ConnectionState = { status: "connecting", unread: 0, rev: inbox.resume, problem: null };

  const link = keepLink({
    async open() {
      const [ticket] = await Promise.all([newTicket(), inbox.newsAbove === null ? begin() : null]);
      const url = `${server.replace(/^http/, "ws")}/v1/me/socket`;
      return runtime.openSocket(url, [PROTOCOL, `ticket.${ticket}`]);
    },
    ticket: newTicket,
    resume() {
      inbox.isCaughtUp = false;
      return inbox.resume;
    },
    onFrame(frame) {
      const news = receive(inbox, frame, isoNow());
      changed();
      // Later, so that an error of the page's own cannot stop the link.
      for (const item of news) queueMicrotask(() => options.onItem?.(item));
      if (frame.type === "error") options.onError?.(frame.code);
      return !inbox.isCaughtUp;
    },
    onStatus(status, problem) {
      state.status = status;
      if (status === "live") state.problem = null;
      else if (problem !== null) state.problem = wordsOf(problem);
      changed();
      if (status === "live") options.onLive?.();
    },
    isVisible: runtime.isVisible,
    now: runtime.now,
    random: runtime.random,
  });

  const unwatch = runtime.watch(() => {
    link.tellVisible();
    if (runtime.isVisible()) link.retry();
  });

  return {
    state,
    items: () => itemsOf(inbox),
    page,
    markRead: (ids) => mark("read", ids),
    markUnread: (ids) => mark("unread", ids),
    markAll: () => mark("read", "all"),
    dismiss: (ids) => mark("dismiss", ids),
    archive: (ids) => mark("archive", ids),
    seen: (ids) => mark("seen", ids),
    call,
    retry: link.retry,
    close() {
      unwatch();
      link.close();
    },
  };

  async function begin(): Promise<void> {
    beginWith(inbox, (await page()).data);
    changed();
  }

  async function newTicket(): Promise<string> {
    return (await call<{ ticket: string }>("POST", "/v1/me/socket-ticket")).ticket;
  }

  async function page({ filter = "all", q = "", cursor = null, limit = FIRST_PAGE }: PageQuery = {}): Promise<InboxPage> {
    const query = new URLSearchParams({ filter, limit: String(limit) });
    if (q) query.set("q", q);
    if (cursor) query.set("cursor", cursor);
    const answer = await call<InboxPage>("GET", `/v1/me/inbox?${query}`);
    put(inbox, answer.data);
    takeUnread(answer.unread);
    return answer;
  }

  async function mark(mark: InboxMark, ids: string[] | "all"): Promise<void> {
    if (ids.length === 0) return;
    const pending = markAtOnce(inbox, mark, ids, isoNow());
    changed();
    try {
      const { unread } = await call<{ unread: number }>("POST", `/v1/me/inbox/${mark}`, { ids });
      settle(inbox, pending, true);
      takeUnread(unread);
    } catch (problem) {
      settle(inbox, pending, false);
      changed();
      throw problem;
    }
  }

  /** While the socket lives its frames are the only truth, because an answer over HTTP may be overtaken by one. */
  function takeUnread(unread: number): void {
    if (state.status !== "live") inbox.unread = unread;
    changed();
  }

  function changed(): void {
    state.unread = inbox.unread;
    state.rev = inbox.resume;
    options.onChange?.(state);
  }

  async function call<Answer>(method: "GET" | "POST" | "PUT", path: string, body?: unknown, isRepeat = false): Promise<Answer> {
    const token = await tokens.get();
    const headers: Record<string, string> = { Authorization: `Bearer ${token}` };
    if (body) headers["Content-Type"] = "application/json";
    const response = await runtime.fetch(server + path, {
      method,
      headers,
      body: JSON.stringify(body),
      keepalive: !!body, // a click that marks may also leave the page
      signal: AbortSignal.timeout(CALL_WITHIN),
    });
    if (response.status === 401 && !isRepeat) {
      tokens.forget(token);
      return call(method, path, body, true);
    }
    if (!response.ok) throw await refused(response);
    return (await response.json()) as Answer;
  }

  function isoNow(): string {
    return new Date(runtime.now()).toISOString();
  }
}

/** What went wrong, in words. */
export const wordsOf = (problem: unknown): string => (problem instanceof Error ? problem.message : String(problem));

async function refused(response: Response): Promise<RefusedError> {
  const { status } = response;
  // What is not JSON comes from something between.
  const problem = (await response.json().catch(() => null)) as { detail?: string } | null;
  return Object.assign(new Error(problem?.detail ?? `The server answered ${status}`), { code: "", ...problem, status });
}

const browser: Runtime = {
  fetch: (url, init) => fetch(url, init),
  openSocket: (url, protocols) => new WebSocket(url, protocols),
  isVisible: () => document.visibilityState === "visible",
  watch(listener) {
    const until = new AbortController();
    addEventListener("online", listener, until);
    document.addEventListener("visibilitychange", listener, until);
    return () => until.abort();
  },
  now: Date.now,
  random: Math.random,
};
