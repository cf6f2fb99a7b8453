import { expect, test } from "vitest";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import type { Sql, SqlValue } from "@carillon/worker/ports";
import { Shard } from "@carillon/worker/shard/shard";
import { rulesWith } from "../harness/rules.ts";

const T0 = Date.UTC(2026, 10, 23, 9);

type Statement = { query: string; bindings: SqlValue[] };

/** A shard whose statements are kept, each as often as it is written differently. */
function makeShard() {
  const sql = openSql(":memory:");
  const statements = new Map<string, Statement>();
  const kept: Sql = {
    exec(query, ...bindings) {
      statements.set(query, { query, bindings });
      return sql.exec(query, ...bindings);
    },
    transaction: (work) => sql.transaction(work),
  };
  let now = T0;
  const shard = new Shard({ sql: kept, clock: { now: () => now }, org: "acme", shard: 0 });
  shard.apply(rulesWith("in-app", "email"));
  const accept = (id: string, more: object = {}) => {
    const recipients = ["u1", "u2"].map((person) => ({ id: person, email: `${person}@example.com` }));
    const event = toEvent(eventSchema.parse({ id, type: "mention", recipients, data: { text: `text of ${id}` }, ...more }), id);
    shard.accept({ version: 1, events: [{ event, hash: id }] });
    shard.beforeCommit();
    shard.takeTold();
  };
  return { sql, shard, statements, accept, pass: (ms: number) => (now += ms) };
}
type Made = ReturnType<typeof makeShard>;

/** Everything that requests, jobs and the timer ask of a shard. What belongs to an admin's rarer acts is not among it. */
function everything({ shard, accept, pass }: Made): void {
  for (let n = 0; n < 300; n++) accept(`e${n}`);
  accept("later", { deliverAt: new Date(T0 + 3_600_000).toISOString() });
  accept("urgent", { priority: "high" });
  const inbox = { user: "u1", filter: "all" as const, q: null, type: null, limit: 20, cursor: null };
  const first = shard.inbox(inbox);
  for (const filter of ["all", "unread", "archived", "dismissed"] as const) shard.inbox({ ...inbox, filter, cursor: first.next });
  shard.inbox({ ...inbox, q: "text" });
  const [item] = first.data;
  for (const mark of ["seen", "read", "unread", "archive", "dismiss"] as const) shard.mark({ user: "u1", mark, ids: [item!.id] });
  shard.mark({ user: "u2", mark: "read", ids: "all" });
  shard.frame("u1", JSON.stringify({ type: "hello", after: 3 }));
  shard.redeem(shard.socketTicket("u1", T0 + 60_000));

  const log = { state: null, channel: null, type: null, user: null, from: null, to: null, q: null, limit: 50, cursor: null };
  const page = shard.deliveries(log);
  shard.deliveries({ ...log, cursor: page.next });
  shard.deliveries({ ...log, state: "failed" });
  shard.deliveries({ ...log, state: "parked", channel: "email" });
  shard.deliveries({ ...log, q: "text" });
  shard.deliveries({ ...log, from: T0, to: T0 + 1_000 });
  shard.delivery(page.data[0]!.id);
  shard.event("e7");
  shard.ledger({ from: T0 + 1_000, to: null });
  shard.channelStatus("email");
  shard.user("u1");

  const job = { at: T0, number: "job" };
  let served = shard.begin({ version: 1, channel: "email", job });
  for (const kind of ["ok", "retry", "permanent", "ambiguous", "gone"] as const) {
    if ("behind" in served || !served.claim) throw new Error("Nothing was due");
    served = shard.next({ version: 1, channel: "email", job, claim: served.claim.id, outcome: { kind }, ms: 1, isLast: false });
  }
  pass(120_000);
  shard.alarm();
  shard.nextAlarm();
}

/** Tables that grow with use. The others hold a handful of rows. A min() or max() that finds no index is called a search without one. */
const GROWS =
  /\bSCAN (event|notice|delivery|person|tally|audit)\b(?! USING (COVERING )?INDEX)|\bSEARCH (event|notice|delivery|person|tally|audit)$/;
/** The newest row by the table's own order: SQLite calls it a scan, but it is over after one step. */
const STOPS_AT_FIRST = /^SELECT [\w, ]+ FROM event ORDER BY n DESC LIMIT 1$/;

test("no statement of a request, a job or the timer goes through a whole table", () => {
  const made = makeShard();
  everything(made);
  const scans: string[] = [];
  for (const { query, bindings } of made.statements.values()) {
    if (!/^\s*(SELECT|UPDATE|DELETE)/i.test(query)) continue;
    const plan = made.sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings).toArray();
    if (STOPS_AT_FIRST.test(query)) continue;
    // What is due is a slice that jobs keep short; anything else must come in its order from an index.
    const isOfWhatIsDue = plan.some(({ detail }) => detail.includes("delivery_due"));
    for (const { detail } of plan) {
      const isSorted = /TEMP B-TREE/.test(detail) && !isOfWhatIsDue;
      if (GROWS.test(detail) || isSorted) scans.push(`${detail}: ${query.replace(/\s+/g, " ")}`);
    }
  }
  expect(made.statements.size).toBeGreaterThan(40);
  expect(scans).toEqual([]);
});

test("a shard that has just woken up reads a few rows, however much it holds", () => {
  const { sql, shard, statements } = makeShard();
  const event = (n: number) => {
    const input = { id: `e${n}`, type: "mention", recipients: ["u1"], data: { text: "t" } };
    return { event: toEvent(eventSchema.parse(input), input.id), hash: "h" };
  };
  for (let n = 0; n < 5_000; n += 100) shard.accept({ version: 1, events: Array.from({ length: 100 }, (_, index) => event(n + index)) });
  shard.beforeCommit();

  const returned: number[] = [];
  const counted: Sql = {
    exec(query, ...bindings) {
      const cursor = sql.exec(query, ...bindings);
      returned.push(cursor.toArray().length);
      return cursor as never;
    },
    transaction: (work) => sql.transaction(work),
  };
  const woken = new Shard({ sql: counted, clock: { now: () => T0 + 1_000 }, org: "acme", shard: 0 });
  woken.rearm();
  woken.accept({ version: 1, events: [event(9_999)] });
  expect(statements.size).toBeGreaterThan(0);
  expect(Math.max(...returned)).toBeLessThanOrEqual(256);
});

/** Told, not asserted: wall time on a shared machine says too little for a yes or no. */
test("the time of an accept stays about the same after ten thousand events", () => {
  const made = makeShard();
  const microseconds = (from: number, count: number) => {
    const started = performance.now();
    for (let n = from; n < from + count; n++) made.accept(`t${n}`);
    return ((performance.now() - started) * 1_000) / count;
  };
  microseconds(0, 512);
  const early = Math.min(...Array.from({ length: 6 }, (_, round) => microseconds(1_000 + round * 512, 512)));
  microseconds(10_000, 6_000);
  const late = Math.min(...Array.from({ length: 6 }, (_, round) => microseconds(20_000 + round * 512, 512)));
  console.log(
    `accept for two people: ${early.toFixed(0)} µs early, ${late.toFixed(0)} µs after ten thousand events, ${(late / early).toFixed(2)} times`,
  );
  expect(late / early).toBeLessThan(5);
});
