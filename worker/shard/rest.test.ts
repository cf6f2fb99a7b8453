import { expect, test } from "vitest";
import type { ExternalChannel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import { defaultRouting } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { openSql } from "../adapters/node-sqlite.ts";
import type { Outcome } from "../channels/channel.ts";
import type { Served } from "./calls.ts";
import { Shard } from "./shard.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

function makeShard() {
  const sql = openSql(":memory:");
  let now = T0;
  let number = 0;
  let version = 0;
  const open = () =>
    new Shard({ sql, clock: { now: () => now }, org: "acme", shard: 0, random: () => 0.5, randomId: () => `w${number++}` });
  const one = {
    shard: open(),
    now: () => now,
    pass: (ms: number) => (now += ms),
    restart: () => void (one.shard = open()),
    rules: (email: "on" | "off", paces: Rules["paces"] = {}) =>
      one.shard.apply({
        paces,
        version: ++version,
        gates: { "in-app": "on", email, sms: "on", whatsapp: "unset", push: "unset" },
        cells: Object.fromEntries(
          Object.entries(defaultRouting()).map(([type, row]) => [type, { ...row, sms: { when: "on" as const, locked: false } }]),
        ),
        quietHours: initialQuietHours(),
        silentInQuietHours: true,
      }),
    accept(count: number) {
      const recipients = Array.from({ length: count }, (_, n) => ({
        id: `u${number}.${n}`,
        email: `u${number}.${n}@example.com`,
        phone: `+1555${String(1_000_000 + number * 100 + n)}`,
      }));
      const input = { id: `e${number++}`, type: "task_assigned", recipients, data: { task: { title: "Call" } } };
      const answer = one.shard.accept({ version: 1, events: [{ event: toEvent(eventSchema.parse(input), input.id), hash: input.id }] });
      return "behind" in answer ? [] : answer.wakes.filter(({ channel }) => channel === "email");
    },
    /** One job: claims, and settles each with the outcome that follows. Answers how many it had, and what it was told last. */
    serve(channel: ExternalChannel, ...outcomes: Outcome[]) {
      const job = { at: now, number: `job${number++}` };
      let served = one.shard.begin({ version, channel, job }) as Served;
      let count = 0;
      for (const outcome of outcomes) {
        if (!served.claim) break;
        count++;
        served = one.shard.next({ version, channel, job, claim: served.claim.id, outcome, ms: 1, isLast: false });
      }
      return { count, ...served };
    },
    rest: () => one.shard.channelStatus("email").rest,
  };
  one.rules("on");
  return one;
}

const OK: Outcome = { kind: "ok" };
const slowed = (restMs: number | null): Outcome => ({ kind: "retry", code: "429", said: "Too many requests", restMs });

test("a provider that asks for a pause is left alone until it is over, over a crash too, and then goes on", () => {
  const one = makeShard();
  one.accept(5);
  const until = T0 + 30 * SECOND;
  const served = one.serve("email", OK, slowed(30 * SECOND), OK);
  expect(served).toMatchObject({
    count: 2,
    claim: null,
    rest: { until, why: "Too many requests" },
    wakes: [{ channel: "email", at: until }],
  });

  one.restart();
  one.pass(29 * SECOND);
  expect(one.serve("email", OK)).toMatchObject({ count: 0, claim: null, rest: { until } });
  expect(one.accept(1)).toEqual([]); // Its wake-up is on its way already.
  one.shard.alarm();
  expect(one.serve("email", OK).count).toBe(0);
  one.pass(SECOND);
  expect(one.serve("email", OK, OK, OK, OK, OK, OK).count).toBe(5); // All that waited but the one that was refused, which comes later.
  expect(one.rest()).toBeNull();
});

test("only its own channel waits", () => {
  const one = makeShard();
  one.accept(3);
  one.serve("email", slowed(HOUR));
  expect(one.serve("sms", OK, OK, OK).count).toBe(3);
});

test("the log says that, and until when, a delivery waits for the provider", () => {
  const one = makeShard();
  one.accept(2);
  one.serve("email", slowed(30 * SECOND));
  const { data } = one.shard.deliveries({
    state: "queued",
    channel: "email",
    type: null,
    user: null,
    from: null,
    to: null,
    q: null,
    limit: 10,
    cursor: null,
  });
  expect(data.map(({ reason, until }) => [reason, until])).toEqual(
    Array.from({ length: 2 }, () => ["provider-rest", new Date(T0 + 30 * SECOND).toISOString()]),
  );
});

test.each([
  ["nothing", 0, SECOND],
  ["a negative number", -5 * SECOND, SECOND],
  ["no number", Number.NaN, SECOND],
  ["a minute", 60 * SECOND, 60 * SECOND],
  ["a year", 365 * 24 * HOUR, HOUR],
  ["for ever", Number.POSITIVE_INFINITY, HOUR],
])("a pause of %s is kept inside its bounds", (_, ms, expected) => {
  const one = makeShard();
  one.accept(1);
  one.serve("email", slowed(ms));
  expect(one.rest()!.until - T0).toBe(expected);
});

test("a provider that does not say for how long is left alone twice as long every time, until it takes one again", () => {
  const one = makeShard();
  one.accept(40);
  const pauses: number[] = [];
  for (let n = 0; n < 12; n++) {
    one.serve("email", slowed(null));
    const ms = one.rest()!.until - one.now();
    pauses.push(ms / SECOND);
    one.pass(ms);
  }
  expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
  one.serve("email", OK, slowed(null));
  expect(one.rest()!.until - one.now()).toBe(2 * SECOND);
});

test("what several jobs are told together counts once", () => {
  const one = makeShard();
  one.accept(3);
  const jobs = ["a", "b", "c"].map((number) => {
    const job = { at: T0, number };
    return { job, claim: (one.shard.begin({ version: 1, channel: "email", job }) as Served).claim! };
  });
  for (const { job, claim } of jobs)
    one.shard.next({ version: 1, channel: "email", job, claim: claim.id, outcome: slowed(null), ms: 1, isLast: false });
  expect(one.rest()!.until - T0).toBe(2 * SECOND);
});

test("a green test and switching it on again end the pause", () => {
  for (const end of [
    (one: ReturnType<typeof makeShard>) => one.shard.clearFault("email").wakes,
    (one: ReturnType<typeof makeShard>) => (one.rules("off"), one.rules("on").wakes),
  ]) {
    const one = makeShard();
    one.accept(2);
    one.serve("email", slowed(HOUR));
    one.pass(60 * SECOND);
    expect(end(one)).toMatchObject([{ channel: "email", at: one.now() }]);
    expect(one.rest()).toBeNull();
    expect(one.serve("email", OK, OK).count).toBeGreaterThan(0);
  }
});

test.each([
  [{ perSecond: null, connections: 2 }, 2],
  [{ perSecond: 3, connections: null }, 3],
  [{ perSecond: 0.5, connections: 4 }, 1],
  [null, 5],
])("with a pace of %j, 500 mails call %i jobs and no more", (pace, jobs) => {
  const one = makeShard();
  one.rules("on", pace ? { email: pace } : {});
  expect(one.accept(500)).toHaveLength(jobs);
});

test("a job at work calls others once more has become due than it can serve, however little each event brought", () => {
  const one = makeShard();
  const [wake] = one.accept(60);
  const job = { at: T0, number: wake!.number };
  let served = one.shard.begin({ version: 1, channel: "email", job }) as Served;
  const called = () => {
    served = one.shard.next({ version: 1, channel: "email", job, claim: served.claim!.id, outcome: OK, ms: 1, isLast: false });
    return served.wakes.length;
  };
  expect(called()).toBe(0);
  for (let n = 0; n < 60; n++) expect(one.accept(1)).toEqual([]);
  expect([called(), called()]).toEqual([1, 0]);
  for (let n = 0; n < 300; n++) expect(one.accept(1)).toEqual([]);
  expect([called(), called()]).toEqual([3, 0]);
});
