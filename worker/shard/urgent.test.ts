import { expect, test } from "vitest";
import { defaultRouting } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { openSql } from "../adapters/node-sqlite.ts";
import { Shard } from "./shard.ts";

const T0 = Date.UTC(2026, 10, 23, 9);

function makeShard() {
  let now = T0;
  let number = 0;
  const shard = new Shard({
    sql: openSql(":memory:"),
    clock: { now: () => now },
    org: "acme",
    shard: 0,
    random: () => 0.5,
    randomId: () => `w${number++}`,
  });
  shard.apply({
    version: 1,
    gates: { "in-app": "on", email: "on", sms: "unset", whatsapp: "unset", push: "unset" },
    cells: defaultRouting(),
    quietHours: initialQuietHours(),
    silentInQuietHours: true,
  });
  return {
    shard,
    pass: (ms: number) => (now += ms),
    accept(id: string, people: string[], more: object = {}): void {
      const recipients = people.map((person) => ({ id: person, email: `${person}@example.com` }));
      const input = { id, type: "task_assigned", recipients, data: { task: { title: id } }, ...more };
      shard.accept({ version: 1, events: [{ event: toEvent(eventSchema.parse(input), id), hash: id }] });
      now++;
    },
    /** What one job sends, as `event person`. */
    serve(count: number): string[] {
      const job = { at: now, number: `job${number++}` };
      const sent: string[] = [];
      let served = shard.begin({ version: 1, channel: "email", job });
      while (!("behind" in served) && served.claim) {
        const { event, to } = served.claim.message;
        sent.push(`${event.id} ${to.id}`);
        const isLast = sent.length === count;
        served = shard.next({ version: 1, channel: "email", job, claim: served.claim.id, outcome: { kind: "ok" }, ms: 1, isLast });
      }
      return sent;
    },
  };
}

const people = (count: number) => Array.from({ length: count }, (_, n) => `p${n}`);
const HIGH = { priority: "high" };

test("an urgent one goes before what others have waited for longer", () => {
  const { accept, serve } = makeShard();
  accept("e1", ["p1", "p2", "p3"]);
  accept("now", ["p9"], HIGH);
  expect(serve(3)).toEqual(["now p9", "e1 p1", "e1 p2"]);
});

test("an urgent one goes behind what the same person was to be told before, and takes that along", () => {
  const { accept, serve } = makeShard();
  accept("e1", ["p1", "p2", "p3"]);
  accept("e2", ["p3"]);
  accept("now", ["p3", "p8"], HIGH);
  accept("e3", ["p3"]);
  expect(serve(10)).toEqual(["e1 p3", "e2 p3", "now p3", "now p8", "e1 p1", "e1 p2", "e3 p3"]);
});

test("what is held or comes later does not stand in an urgent one's way", () => {
  const { accept, serve, pass } = makeShard();
  accept("e1", ["p1"]);
  accept("later", ["p2"], { deliverAt: new Date(T0 + 60_000).toISOString() });
  accept("now", ["p2"], HIGH);
  expect(serve(10)).toEqual(["now p2", "e1 p1"]);
  pass(60_000);
  expect(serve(10)).toEqual(["later p2"]);
});

test("what can't go any more is taken out once, also where it came before another of the same person", () => {
  const { shard, accept, serve, pass } = makeShard();
  const soon = (ms: number) => ({ expiresAt: new Date(T0 + ms).toISOString() });
  accept("first", ["p1"], { ...soon(60_000), deliverAt: new Date(T0 + 20_000).toISOString() });
  accept("second", ["p1"], { ...soon(60_000), deliverAt: new Date(T0 + 10_000).toISOString() });
  accept("now", ["p2"], { ...soon(60_000), ...HIGH, deliverAt: new Date(T0 + 10_000).toISOString() });
  shard.beforeCommit();
  pass(60_000);
  expect(serve(10)).toEqual([]);
  shard.beforeCommit();
  expect(shard.ledger({ from: null, to: null })).toMatchObject({ expired: 3, inFlight: 0, unaccounted: 0 });
});

test("an event for many people yields to single ones, but for each person keeps its place before them", () => {
  const { shard, accept, serve, pass } = makeShard();
  const many = people(LIMITS.atOnce + 50);
  accept("many", many);
  for (let told = 0; told < many.length; told += LIMITS.slice) {
    pass(10);
    shard.alarm();
  }
  accept("single", ["q1", "p200"]);
  expect(serve(4)).toEqual(["single q1", "many p200", "single p200", "many p0"]);
});

test("one in ten goes to whoever has waited longest, so that urgent ones keep nobody waiting for ever", () => {
  const { accept, serve } = makeShard();
  accept("e1", ["p0"]);
  const urgent = people(40).map((person) => `u${person}`);
  accept("now", urgent, HIGH);
  const sent = serve(15);
  expect(sent.indexOf("e1 p0")).toBeGreaterThan(0);
  expect(sent.indexOf("e1 p0")).toBeLessThanOrEqual(10);
  expect(sent.filter((one) => one.startsWith("now"))).toHaveLength(14);
});
