import { expect, test } from "vitest";
import { CHANNELS } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import { defaultRouting } from "@carillon/shared/event-types";
import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { openSql } from "../adapters/node-sqlite.ts";
import type { Wake } from "./calls.ts";
import { Shard } from "./shard.ts";

const T0 = Date.UTC(2026, 10, 23, 9, 0, 0);
/** The first back-off of these shards, whose dice always show the middle. */
const AGAIN_MS = 7_500;

function makeRules(changes: Partial<Rules["gates"]> = {}, version = 1): Rules {
  return {
    version,
    gates: { "in-app": "on", email: "on", sms: "unset", whatsapp: "unset", push: "unset", ...changes },
    cells: defaultRouting(),
    quietHours: initialQuietHours(),
    silentInQuietHours: true,
  };
}

function makeShard(rules = makeRules()) {
  const sql = openSql(":memory:");
  let now = T0;
  let number = 0;
  const shard = new Shard({ sql, clock: { now: () => now }, org: "acme", shard: 0, random: () => 0.5, randomId: () => `w${number++}` });
  shard.apply(rules);
  return {
    shard,
    sql,
    at: (ms: number) => (now = T0 + ms),
    accept: (input: object) => {
      const event = toEvent(eventSchema.parse(input), (input as { id: string }).id);
      const answer = shard.accept({ version: 1, events: [{ event, hash: JSON.stringify(input) }] });
      if ("behind" in answer) throw new Error("behind");
      shard.beforeCommit();
      return { ...answer.results[0]!, wakes: answer.wakes };
    },
    serve: (count = Infinity, kind: "ok" | "retry" = "ok") => {
      const job = { at: now, number: "job" };
      const sent: string[] = [];
      const begin = () => {
        const served = shard.begin({ version: 1, channel: "email", job });
        if ("behind" in served) throw new Error("behind");
        return served;
      };
      let served = begin();
      while (served.claim && sent.length < count) {
        sent.push(served.claim.message.to.address);
        served = shard.next({ version: 1, channel: "email", job, claim: served.claim.id, outcome: { kind }, ms: 1, isLast: false });
        if (!served.claim) served = begin();
      }
      shard.beforeCommit();
      return sent;
    },
  };
}

const task = (id: string, recipients: unknown[] = [{ id: "u1", email: "u1@example.com" }]) => ({
  id,
  type: "task_assigned",
  recipients,
  data: { task: { title: `Call ${id}` } },
});

test("a task reaches bell and mailbox, and the ledger balances at every step", () => {
  const { shard, accept, serve } = makeShard();
  expect(accept(task("e1"))).toMatchObject({ accepted: 1, duplicate: false, wakes: [{ channel: "email" }] });
  expect(shard.ledger({ from: null, to: null })).toMatchObject({ accepted: 5, delivered: 1, inFlight: 1, skipped: 3, unaccounted: 0 });
  expect(shard.inbox({ user: "u1", filter: "all", q: null, type: null, limit: 10, cursor: null })).toMatchObject({
    unread: 1,
    data: [{ event: "e1", seq: 1, rev: 1 }],
  });
  expect(serve()).toEqual(["u1@example.com"]);
  expect(shard.ledger({ from: null, to: null })).toMatchObject({
    accepted: 5,
    delivered: 1,
    sent: 1,
    inFlight: 0,
    skipped: 3,
    unaccounted: 0,
  });
});

test("a job that finds everybody served asks for no further jobs and does not go through what waits", () => {
  const { shard, sql, accept } = makeShard();
  for (let n = 0; n < 1_200; n++) accept(task(`e${n}`));
  const begin = (number: string) => shard.begin({ version: 1, channel: "email", job: { at: T0, number } });
  expect(begin("first")).toMatchObject({ claim: { message: { attempt: 1 } } });
  const { exec } = sql;
  let returned = 0;
  sql.exec = (query, ...bindings) => {
    const cursor = exec(query, ...bindings);
    returned += cursor.toArray().length;
    return cursor as never;
  };
  expect(begin("second")).toEqual({ claim: null, wakes: [] });
  expect(returned).toBeLessThan(10);
});

test("an event that an earlier version took on is a duplicate, because its hash can't be compared", () => {
  const { sql, accept } = makeShard();
  accept(task("e1"));
  sql.exec(`UPDATE event SET hash = ?`, "uU0nuZNNPgilLlLX2n2r-sSE7-N6U4DukIj3rOLvzek");
  expect(accept(task("e1"))).toMatchObject({ duplicate: true });
});

test("a shard that wakes up anew for every event still indexes for search in batches, and finds everything", () => {
  const sql = openSql(":memory:");
  const woken = () => new Shard({ sql, clock: { now: () => T0 }, org: "acme", shard: 0 });
  const indexed = () => Number(sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'indexed'`).toArray()[0]?.v ?? 0);
  woken().apply(makeRules());
  for (let n = 1; n <= 600; n++) {
    const event = toEvent(eventSchema.parse(task(`e${n}`)), `e${n}`);
    woken().accept({ version: 1, events: [{ event, hash: "h" }] });
  }
  expect(indexed()).toBeGreaterThan(500);
  expect(indexed()).toBeLessThan(600);
  const find = (q: string) =>
    woken()
      .inbox({ user: "u1", filter: "all", q, type: null, limit: 5, cursor: null })
      .data.map(({ event }) => event);
  expect([find("e3"), find("e600")]).toEqual([["e399", "e398", "e397", "e396", "e395"], ["e600"]]);
});

test("a repeat is a duplicate, another body under the same id is refused", () => {
  const { accept } = makeShard();
  accept(task("e1"));
  expect(accept(task("e1"))).toMatchObject({ duplicate: true, wakes: [] });
  expect(accept({ ...task("e1"), priority: "high" })).toMatchObject({ reused: true });
});

test("off parks what waits and what comes, on releases each once and in order", () => {
  const { shard, accept, serve } = makeShard();
  accept(task("e1"));
  shard.apply(makeRules({ email: "off" }, 2));
  accept(task("e2"));
  expect(serve()).toEqual([]);
  expect(shard.channelStatus("email")).toMatchObject({ parked: 2 });
  shard.apply(makeRules({}, 3));
  expect(serve()).toHaveLength(2);
  expect(serve()).toHaveLength(0);
  expect(shard.ledger({ from: null, to: null })).toMatchObject({ sent: 2, parked: 0, unaccounted: 0 });
});

test("search finds a person's own items in the whole history, dismissed ones too, and nobody else's", () => {
  const { shard, accept } = makeShard();
  accept(task("e1"));
  accept({ ...task("e2", ["u2"]), data: { task: { title: "Call secret" } } });
  const [item] = shard.inbox({ user: "u1", filter: "all", q: null, type: null, limit: 10, cursor: null }).data;
  shard.mark({ user: "u1", mark: "dismiss", ids: [item!.id] });
  const find = (user: string, q: string) =>
    shard.inbox({ user, filter: "all", q, type: null, limit: 10, cursor: null }).data.map((found) => found.event);
  expect(find("u1", "cal")).toEqual(["e1"]);
  expect(find("u1", "secret")).toEqual([]);
  expect(find("u2", "secret")).toEqual(["e2"]);
});

test("the log shows every cell with its reason", () => {
  const { shard, accept } = makeShard();
  accept(task("e1"));
  const page = shard.deliveries({
    state: null,
    channel: null,
    type: null,
    user: null,
    from: null,
    to: null,
    q: null,
    limit: 10,
    cursor: null,
  });
  expect(page.data.map(({ channel, state, reason }) => [channel, state, reason])).toEqual([
    ["push", "skipped", "not-configured"],
    ["whatsapp", "skipped", "matrix-off"],
    ["sms", "skipped", "matrix-off"],
    ["email", "queued", "matrix"],
    ["in-app", "delivered", "matrix"],
  ]);
  expect(page.data).toHaveLength(CHANNELS.length);
});

test("a sync pages through everything that changed, also after hundreds were marked at once", () => {
  const { shard, accept } = makeShard();
  for (let index = 0; index < 450; index++) accept(task(`e${index}`));
  const known = shard.frame("u1", `{"type":"hello","after":450}`)[0];
  expect(known).toMatchObject({ type: "sync", items: [], rev: 450, more: false });
  shard.mark({ user: "u1", mark: "read", ids: "all" });
  const seen = new Set<string>();
  for (let after = 450; ;) {
    const [sync] = shard.frame("u1", JSON.stringify({ type: "hello", after }));
    if (sync?.type !== "sync") throw new Error("no sync");
    expect(sync.items.length).toBeLessThanOrEqual(200);
    for (const item of sync.items) if (item.readAt !== null) seen.add(item.id);
    if (!sync.more) break;
    after = sync.rev;
  }
  expect(seen.size).toBe(450);
});

test("a wake-up that the queue did not take is published again within seconds, and not only with the next sweep", () => {
  const { shard, at, accept } = makeShard();
  const { wakes } = accept(task("e1"));
  shard.missed(wakes);
  expect(shard.takeAlarm()).toBe(T0 + 5_000);
  at(5_000);
  expect(shard.alarm().wakes).toMatchObject([{ channel: "email" }]);
});

test("the timer rings when a lease runs out, so that what a dead job was sending waits for no sweep", () => {
  const { shard, at, accept, serve } = makeShard();
  accept(task("e1"));
  at(100);
  shard.begin({ version: 1, channel: "email", job: { at: T0, number: "dies" } });
  at(45_000);
  shard.alarm();
  expect(shard.nextAlarm()).toBe(T0 + 60_000);
  at(60_100);
  expect(shard.nextAlarm()).toBe(T0 + 80_100);
  expect(serve()).toEqual(["u1@example.com"]);
  expect(shard.event("e1")!.deliveries[1]!.attempts).toMatchObject([{ outcome: "ambiguous", ambiguous: true }, { outcome: "ok" }]);
});

test("settings saved while a channel is in fault do not release it; a green test does", () => {
  const { shard, accept, serve } = makeShard();
  accept(task("e1"));
  const job = { at: T0, number: "job" };
  const served = shard.begin({ version: 1, channel: "email", job });
  if ("behind" in served) throw new Error("behind");
  shard.next({ version: 1, channel: "email", job, claim: served.claim!.id, outcome: { kind: "fault", said: "535" }, ms: 1, isLast: false });
  shard.apply(makeRules({}, 2));
  expect(shard.channelStatus("email")).toMatchObject({ fault: { why: "535" }, parked: 1 });
  shard.clearFault("email");
  expect(shard.channelStatus("email")).toMatchObject({ fault: null, parked: 0 });
  expect(serve()).toEqual(["u1@example.com"]);
});

test("a job that goes by older settings sends nothing more once newer ones are saved; another one is asked for what is due", () => {
  const { shard, at, accept, serve } = makeShard();
  const [{ number }] = accept(task("e1")).wakes as [Wake];
  accept(task("e2", [{ id: "u2", email: "u2@example.com" }]));
  const job = { at: T0, number };
  const served = shard.begin({ version: 1, channel: "email", job });
  if ("behind" in served) throw new Error("behind");
  at(2_000);
  shard.apply(makeRules({}, 2));
  const outcome = { kind: "retry" as const, code: "silent" };
  const after = shard.next({ version: 1, channel: "email", job, claim: served.claim!.id, outcome, ms: 1, isLast: false });
  expect(after).toMatchObject({ claim: null, wakes: [{ at: T0 + 2_000 }, { at: T0 + 2_000 + AGAIN_MS }] });
  expect(serve()).toEqual(["u2@example.com"]);
});

test("what a job hears of an older password does not trip the channel that has a new one, and the message goes again at once", () => {
  const { shard, at, accept, serve } = makeShard();
  const [{ number }] = accept(task("e1")).wakes as [Wake];
  const job = { at: T0, number };
  const served = shard.begin({ version: 1, channel: "email", job });
  if ("behind" in served) throw new Error("behind");
  at(2_000);
  shard.apply(makeRules({}, 2));
  const outcome = { kind: "fault" as const, said: "535 Authentication failed" };
  const after = shard.next({ version: 1, channel: "email", job, claim: served.claim!.id, outcome, ms: 1, isLast: false });
  expect(after.faulted).toBeUndefined();
  expect(shard.channelStatus("email")).toMatchObject({ fault: null, parked: 0 });
  expect(serve()).toEqual(["u1@example.com"]);
});

test("a changed text holds for what is not sent yet, and leaves what stands in a bell", () => {
  const { shard, accept } = makeShard();
  const texts = { title: "Work: {task_title}", body: "Go" };
  accept(task("e1"));
  shard.apply({ ...makeRules({}, 2), texts: { task_assigned: { email: { en: texts }, "in-app": { en: texts } } } });
  accept(task("e2"));
  const job = { at: T0, number: "job" };
  let served = shard.begin({ version: 2, channel: "email", job });
  const sent: string[] = [];
  while (!("behind" in served) && served.claim) {
    sent.push(served.claim.message.texts.title);
    served = shard.next({ version: 2, channel: "email", job, claim: served.claim.id, outcome: { kind: "ok" }, ms: 1, isLast: false });
  }
  expect(sent).toEqual(["Work: Call e1", "Work: Call e2"]);
  const { data } = shard.inbox({ user: "u1", filter: "all", q: null, type: null, limit: 9, cursor: null });
  expect(data.map(({ title }) => title)).toEqual(["Work: Call e2", "New task: Call e1"]);
});
