import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { rulesWith } from "../harness/rules.ts";
import type { Cost } from "./cost.ts";
import { startCounted, type Counted, type CountedShard } from "./start-counted.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const HOUR = 3_600_000;

const person = (id: string) => ({ id, fields: { email: `${id}@example.com`, phone: "+4915112345601" } });
const input = (id: string, recipients: string[]) => {
  const event = toEvent(eventSchema.parse({ id, type: "task_assigned", recipients, data: { task: { title: `Call ${id}` } } }), id);
  return { version: 1, events: [{ event, hash: "hash" }] };
};
const sum = (costs: Cost[]) => costs.reduce((total, { rowsWritten }) => total + rowsWritten, 0);

let counted: Counted;
beforeAll(async () => void (counted = await startCounted()), 60_000);
afterAll(() => counted.stop());

async function makeShard(name: string, people: string[]): Promise<CountedShard> {
  const shard = counted.shard(name);
  await shard.run(
    [
      { call: "apply", args: [rulesWith("in-app", "email", "sms")] },
      { call: "putUsers", args: [people.map(person)] },
    ],
    T0,
  );
  return shard;
}

/** One event through all its stations, as the worker drives it; answers what each of them cost. */
async function live(shard: CountedShard, id: string, now: number): Promise<Record<string, Cost>> {
  await shard.run([], now);
  const costs: Record<string, Cost> = {};
  const accepted = await shard.ask("accept", input(id, ["u1"]));
  costs["accept"] = accepted.cost;
  for (const channel of ["email", "sms"] as const) {
    const job = { at: now, number: `${id}-${channel}` };
    const begun = await shard.ask("begin", { version: 1, channel, job });
    if ("behind" in begun.answer || !begun.answer.claim) throw new Error(`Nothing is due on ${channel}`);
    const claim = begun.answer.claim.id;
    const ended = await shard.ask("next", {
      version: 1,
      channel,
      job,
      claim,
      outcome: { kind: "ok", said: "250 2.0.0 Ok" },
      ms: 12,
      isLast: false,
    });
    expect(ended.answer.claim).toBeNull();
    costs[`${channel}: claim`] = begun.cost;
    costs[`${channel}: settle`] = ended.cost;
  }
  const { answer } = await shard.ask("inbox", { user: "u1", filter: "all", q: null, type: null, limit: 1, cursor: null });
  costs["read"] = (await shard.ask("mark", { user: "u1", mark: "read", ids: [answer.data[0]!.id] })).cost;
  return costs;
}

describe("rows written, as Cloudflare counts them", () => {
  test("an event on three channels for one person writes 25 rows at the most over its whole life", async () => {
    const shard = await makeShard("one", ["u1"]);
    const first = await live(shard, "first", T0 + 1_000);
    const later = await live(shard, "later", T0 + 2_000);
    const nextHour = await live(shard, "next-hour", T0 + HOUR);
    console.log(
      `rows written: ${JSON.stringify(Object.fromEntries(Object.entries(later).map(([name, cost]) => [name, cost.rowsWritten])))}, ${sum(Object.values(later))} in all`,
    );
    for (const costs of [first, later, nextHour]) expect(sum(Object.values(costs)), JSON.stringify(costs)).toBeLessThanOrEqual(25);
    const { answer } = await shard.ask("ledger", { from: null, to: null });
    expect(answer).toMatchObject({ accepted: 15, delivered: 3, sent: 6, skipped: 6, inFlight: 0, unaccounted: 0 });
  });

  test("what search adds, shared by a batch of events, keeps within the same figure", async () => {
    const shard = await makeShard("batch", ["u1"]);
    const events = 512;
    const [accepted] = await shard.run([{ call: "accept", args: [input("e#", ["u1"])], times: events }], T0 + 1_000);
    const alone = await counted.shard("one").ask("accept", input("alone", ["u1"]));
    console.log(
      `rows written by accept: ${alone.cost.rowsWritten} alone, ${(accepted!.cost.rowsWritten / events).toFixed(2)} with its share of the index`,
    );
    const life = await live(await makeShard("rest", ["u1"]), "e1", T0 + 1_000);
    const rest = sum(Object.entries(life).flatMap(([name, cost]) => (name === "accept" ? [] : [cost])));
    expect(accepted!.cost.rowsWritten / events + rest).toBeLessThanOrEqual(25);
  });

  test("a duplicate writes nothing", async () => {
    const shard = await makeShard("duplicate", ["u1"]);
    await shard.run([{ call: "accept", args: [input("same", ["u1"])] }], T0 + 1_000);
    const { answer, cost } = await shard.ask("accept", input("same", ["u1"]));
    expect(answer).toMatchObject({ results: [{ duplicate: true }] });
    expect(cost.rowsWritten).toBe(0);
  });

  test("reading writes nothing", async () => {
    const shard = await makeShard("reading", ["u1"]);
    await shard.run([{ call: "accept", args: [input("e1", ["u1"])] }], T0 + 1_000);
    const query = { state: null, channel: null, type: null, user: null, from: null, to: null, q: null, limit: 50, cursor: null };
    const costs = [
      await shard.ask("inbox", { user: "u1", filter: "all", q: null, type: null, limit: 20, cursor: null }),
      await shard.ask("deliveries", query),
      await shard.ask("event", "e1"),
      await shard.ask("ledger", { from: null, to: null }),
      await shard.ask("channelStatus", "email"),
      await shard.ask("user", "u1"),
    ].map(({ cost }) => cost);
    expect(sum(costs)).toBe(0);
  });
});

describe("what accepting an event costs", () => {
  /** The cost of one more event, away from the batches in which search is indexed and from the first event of an hour. */
  async function oneMore(shard: CountedShard, recipients: string[]): Promise<Pick<Cost, "statements" | "rowsRead" | "rowsWritten">> {
    await shard.run([{ call: "accept", args: [input("before", recipients)] }]);
    const { cost } = await shard.ask("accept", input("one-more", recipients));
    return { statements: cost.statements, rowsRead: cost.rowsRead, rowsWritten: cost.rowsWritten };
  }

  test("does not depend on how much was accepted before, nor on how much lies in the inbox", async () => {
    const costs: Awaited<ReturnType<typeof oneMore>>[] = [];
    for (const events of [100, 10_000]) {
      const shard = await makeShard(`log-${events}`, ["u1", "u2"]);
      await shard.run([{ call: "accept", args: [input("e#", ["u1"])], times: events }], T0 + 1_000);
      costs.push(await oneMore(shard, ["u1"]));
    }
    console.log(`accept after 100 and 10,000 events: ${JSON.stringify(costs)}`);
    expect(costs[1]).toEqual(costs[0]);
  });

  test("grows by the same step with every further person, up to 500", async () => {
    const sizes = [1, 2, 100, 250, 500];
    const costs: Awaited<ReturnType<typeof oneMore>>[] = [];
    for (const size of sizes) {
      const people = Array.from({ length: size }, (_, index) => `p${index}`);
      const shard = await makeShard(`size-${size}`, people);
      costs.push(await oneMore(shard, people));
    }
    const step = { statements: costs[1]!.statements - costs[0]!.statements, rowsWritten: costs[1]!.rowsWritten - costs[0]!.rowsWritten };
    console.log(
      `accept for R people: ${costs[0]!.statements} + ${step.statements} (R - 1) statements, ${costs[0]!.rowsWritten} + ${step.rowsWritten} (R - 1) rows written`,
    );
    const line = sizes.map((size) => ({
      statements: costs[0]!.statements + step.statements * (size - 1),
      rowsWritten: costs[0]!.rowsWritten + step.rowsWritten * (size - 1),
    }));
    expect(costs.map(({ statements, rowsWritten }) => ({ statements, rowsWritten }))).toEqual(line);
    for (const [index, size] of sizes.entries()) expect(costs[index]!.rowsRead / size).toBeLessThanOrEqual(costs[0]!.rowsRead);
  });
});

describe("what reading a page costs", () => {
  const inbox = { user: "u1", filter: "all" as const, q: null, type: null, limit: 20, cursor: null };
  const log = { state: null, channel: null, type: null, user: null, from: null, to: null, q: null, limit: 50, cursor: null };

  test("does not depend on how much there is: 1,000 or 20,000 items", async () => {
    // Both are more than the shard keeps in memory.
    const sizes = [1_000, 20_000];
    const read: Record<string, number>[] = [];
    for (const size of sizes) {
      const shard = await makeShard(`pages-${size}`, ["u1", "u2"]);
      const half = size / 2;
      await shard.run([{ call: "accept", args: [input("a#", ["u1"])], times: half }], T0 + 1_000);
      const cursor = (await shard.ask("inbox", inbox)).answer.next;
      await shard.run([{ call: "accept", args: [input("b#", ["u1"])], times: half }], T0 + 2_000);
      const rows = async (work: Promise<{ cost: Cost }>) => (await work).cost.rowsRead;
      read.push({
        inbox: await rows(shard.ask("inbox", inbox)),
        unread: await rows(shard.ask("inbox", { ...inbox, filter: "unread" })),
        "an older page": await rows(shard.ask("inbox", { ...inbox, cursor })),
        log: await rows(shard.ask("deliveries", log)),
        "an older page of the log": await rows(shard.ask("deliveries", { ...log, cursor: `0-${(half * 8).toString(36)}` })),
        "the log of a person": await rows(shard.ask("deliveries", { ...log, user: "u1" })),
        event: await rows(shard.ask("event", "a7")),
        ledger: await rows(shard.ask("ledger", { from: null, to: null })),
      });
    }
    console.log(`rows read: ${JSON.stringify(read)}`);
    for (const [name, few] of Object.entries(read[0]!)) expect(read[1]![name], name).toBeLessThanOrEqual(few * 1.3);
  }, 120_000);
});
