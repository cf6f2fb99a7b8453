import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { InboxItem, InboxMark } from "@carillon/shared/inbox";
import { connect, type Connection, type ConnectOptions } from "./client.ts";
import { createFakeServer, seeded, type FakeServer } from "./fake-server.ts";

const SEED = Number(process.env["SEED"] ?? 20_261_123);
const RUNS = 150;

let open: Connection[] = [];
beforeEach(() => void vi.useFakeTimers({ now: Date.parse("2026-11-23T18:00:00Z") }));
afterEach(() => {
  for (const connection of open) connection.close();
  open = [];
  vi.useRealTimers();
});

function start(server: FakeServer, options: Partial<ConnectOptions> = {}): Connection {
  const connection = connect({ server: "https://server/", token: async () => "token", ...options }, server.runtime);
  open.push(connection);
  return connection;
}

const live = () => vi.advanceTimersByTimeAsync(2_000);
const frameTypes = (server: FakeServer) =>
  server.frames.map((text) => (text === "ping" ? text : (JSON.parse(text) as { type: string }).type));

test("reads the newest page and then what changed since, and the server's count is the badge", async () => {
  const server = createFakeServer();
  for (let n = 0; n < 8; n++) server.add();
  const connection = start(server);
  await live();
  expect(server.calls).toEqual(["POST /v1/me/socket-ticket", "GET /v1/me/inbox?filter=all&limit=30"]);
  expect(connection.state).toEqual({ status: "live", unread: 8, rev: 8, problem: null });
  expect(connection.items().map((item) => item.seq)).toEqual([8, 7, 6, 5, 4]);
});

test("a new item is told once, an old one and one seen before a cut never", async () => {
  const server = createFakeServer();
  server.add();
  const told: string[] = [];
  start(server, { onItem: (item) => told.push(item.id) });
  await live();
  server.add();
  await live();
  server.cut();
  server.add();
  await live();
  expect(told).toEqual(["i2", "i3"]);
});

test("an inbox of dismissed items only is history, not news", async () => {
  const server = createFakeServer();
  for (let n = 0; n < 7; n++) server.add({ dismissedAt: "2026-11-01T00:00:00Z" });
  const told: string[] = [];
  start(server, { onItem: (item) => told.push(item.id) });
  await live();
  server.add();
  await live();
  expect(told).toEqual(["i8"]);
});

test("the first items of an empty inbox are news, though they come before the link is live", async () => {
  for (let after = 0; after <= 240; after += 10) {
    const server = createFakeServer({ random: () => 0.99 });
    const told: string[] = [];
    start(server, { onItem: (item) => told.push(item.id) });
    await vi.advanceTimersByTimeAsync(after);
    expect(server.calls).toHaveLength(2);
    server.add();
    server.add();
    await live();
    expect(told, `${after} ms after the page was read`).toEqual(["i1", "i2"]);
  }
});

test("a mark shows at once and is taken back with the server's words when refused", async () => {
  const server = createFakeServer();
  server.add();
  const connection = start(server);
  await live();
  server.refuse = { path: "/v1/me/inbox/dismiss", status: 403, code: "inbox.locked" };
  const refused = expect(connection.dismiss(["i1"])).rejects.toMatchObject({
    message: "Refused: inbox.locked",
    status: 403,
    code: "inbox.locked",
  });
  expect(connection.items()[0]!.dismissedAt).not.toBeNull();
  await refused;
  expect(connection.items()[0]!.dismissedAt).toBeNull();
});

test("what another tab does after ours wins over our late answer", async () => {
  const server = createFakeServer();
  server.add();
  const connection = start(server);
  await live();
  const fetch = server.runtime.fetch;
  server.runtime.fetch = async (url, init) => {
    const answer = await fetch(url, init);
    await new Promise((later) => setTimeout(later, 1_000));
    return answer;
  };
  const marking = connection.markRead(["i1"]);
  await vi.advanceTimersByTimeAsync(200);
  server.mark("unread", ["i1"]);
  await live();
  await marking;
  expect(connection.items()[0]!.readAt).toBeNull();
  expect(connection.state.unread).toBe(1);
});

test("a page that was read before a change and comes after it undoes nothing", async () => {
  const server = createFakeServer();
  server.add();
  const connection = start(server);
  await live();
  const fetch = server.runtime.fetch;
  server.runtime.fetch = async (url, init) => {
    const answer = await fetch(url, init);
    await new Promise((later) => setTimeout(later, 1_000));
    return answer;
  };
  const page = connection.page();
  await vi.advanceTimersByTimeAsync(100);
  server.mark("read", ["i1"]);
  await live();
  await page;
  expect(connection.items()[0]!.readAt).not.toBeNull();
  expect(connection.state.unread).toBe(0);
});

test("a 401 asks for a new token once, and a token about to end is renewed before", async () => {
  const jwt = (exp: number) => `h.${btoa(JSON.stringify({ exp })).replaceAll("=", "")}.s`;
  const server = createFakeServer();
  const token = vi.fn(async () => jwt(Date.now() / 1000 + 900));
  const connection = start(server, { token });
  await live();
  expect(token).toHaveBeenCalledTimes(1);
  server.refuse = { path: "/v1/me/inbox", status: 401, code: "token.expired" };
  await connection.page();
  expect(token).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(880_000);
  await connection.page();
  expect(token).toHaveBeenCalledTimes(3);
});

test("answers renew with a fresh ticket on the same socket", async () => {
  const server = createFakeServer();
  start(server);
  await live();
  server.tell({ type: "renew" });
  await live();
  expect(server.frames.at(-1)).toBe('{"type":"renew","ticket":"t1"}');
  expect(server.sockets.size).toBe(1);
});

test("pings every 25 s, and a silent peer is left after 10 s more", async () => {
  const server = createFakeServer();
  const connection = start(server);
  await vi.advanceTimersByTimeAsync(55_000);
  expect(frameTypes(server)).toEqual(["hello", "visible", "ping", "ping"]);
  server.isDeaf = true;
  await vi.advanceTimersByTimeAsync(31_000);
  expect(connection.state.problem).toBe("The server does not answer");
});

test("waits longer and longer up to 30 s, and tries at once when the network is back or the page is shown", async () => {
  const server = createFakeServer({ random: () => 0.999 });
  server.isDown = true;
  const connection = start(server);
  const tries = () => server.calls.filter((call) => call.includes("ticket")).length;
  await vi.advanceTimersByTimeAsync(0);
  const waits: number[] = [];
  for (let last = Date.now(), seen = tries(); waits.length < 8;) {
    await vi.advanceTimersByTimeAsync(100);
    if (tries() === seen) continue;
    waits.push(Math.round((Date.now() - last) / 500) / 2);
    [last, seen] = [Date.now(), tries()];
  }
  expect(waits).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30]);
  expect(connection.state).toMatchObject({ status: "waiting", problem: "Failed to fetch" });
  server.isDown = false;
  server.wake();
  await live();
  expect(connection.state.status).toBe("live");
  server.isDown = true;
  server.cut();
  await vi.advanceTimersByTimeAsync(60_000);
  server.isDown = false;
  server.isVisible = true;
  server.wake();
  await live();
  expect(connection.state).toMatchObject({ status: "live", problem: null });
});

test("says when the page is hidden and shown", async () => {
  const server = createFakeServer();
  start(server);
  await live();
  server.isVisible = false;
  server.wake();
  server.isVisible = true;
  server.wake();
  expect(server.frames.slice(-3)).toEqual(['{"type":"visible","yes":false}', '{"type":"visible","yes":true}', "ping"]);
});

test("stays below ten frames a second while it catches up on a long history", async () => {
  const server = createFakeServer({ syncItems: 1 });
  for (let n = 0; n < 40; n++) server.add();
  const connection = start(server, { after: 0 });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.frames.length).toBeLessThanOrEqual(10);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connection.items()).toHaveLength(40);
});

test("begins anew when the server counts anew", async () => {
  const server = createFakeServer();
  server.add();
  const connection = start(server, { after: 500 });
  await live();
  expect(connection.items().map((item) => item.id)).toEqual(["i1"]);
  expect(connection.state.rev).toBe(1);
});

test("after close nothing is sent, asked or told", async () => {
  const server = createFakeServer();
  const onItem = vi.fn();
  const connection = start(server, { onItem });
  await live();
  connection.close();
  const before = [server.calls.length, server.frames.length];
  server.add();
  server.wake();
  await vi.advanceTimersByTimeAsync(120_000);
  expect([server.calls.length, server.frames.length]).toEqual(before);
  expect(onItem).not.toHaveBeenCalled();
  expect(server.sockets.size).toBe(0);
});

test(`two tabs over random cuts: no gap, no double, unread right (SEED=${SEED}, ${RUNS} runs)`, async () => {
  for (let run = 0; run < RUNS; run++) {
    const random = seeded(SEED + run);
    const upTo = (n: number) => Math.floor(random() * n);
    const server = createFakeServer({ random });
    for (let n = upTo(12); n > 0; n--) server.add();
    const told: string[][] = [[], []];
    const tabs = told.map((list) => start(server, { onItem: (item) => list.push(item.id) }));
    await live();
    const first = server.items.size;

    for (let step = 0; step < 60; step++) {
      const ids = [...server.items.keys()].filter(() => random() < 0.3);
      const mark = (["read", "unread", "seen", "dismiss", "archive"] as const)[upTo(5)]!;
      const tab = tabs[upTo(2)]!;
      const acts = [
        () => void server.add(),
        () => void server.add(),
        () => server.mark(mark, ids),
        () => void methodOf(tab, mark)(ids).catch((problem: Error) => expect(problem.message).toBe("Failed to fetch")),
        () => server.cut(),
        () => void (server.isDown = !server.isDown && random() < 0.5),
      ];
      acts[upTo(acts.length)]!();
      await vi.advanceTimersByTimeAsync(upTo(400));
    }
    server.isDown = false;
    await vi.advanceTimersByTimeAsync(60_000);

    const all = [...server.items.values()];
    const news = all.filter((item) => item.seq > first).map((item) => item.id);
    for (const [index, tab] of tabs.entries()) {
      expect([...told[index]!].sort(), `told, run ${run}`).toEqual([...news].sort());
      expect(tab.state, `state, run ${run}`).toMatchObject({ status: "live", unread: server.unread() });
      const known = new Map(tab.items().map((item) => [item.id, item]));
      for (const item of all) {
        // History below the first page is on the server until it is asked for.
        if (known.has(item.id) || item.seq > first) {
          expect(marksOf(known.get(item.id)), `item ${item.id}, run ${run}`).toEqual(marksOf(item));
        }
      }
      tab.close();
    }
  }
}, 60_000);

function methodOf(tab: Connection, mark: InboxMark): (ids: string[]) => Promise<void> {
  return { read: tab.markRead, unread: tab.markUnread, seen: tab.seen, dismiss: tab.dismiss, archive: tab.archive }[mark];
}

const marksOf = (item?: InboxItem) => item && [item.readAt, item.archivedAt, item.dismissedAt].map((at) => at !== null);
