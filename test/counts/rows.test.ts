import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXTERNAL_CHANNELS, type ExternalChannel } from "@carillon/shared/channels";
import type { Cost } from "./cost.ts";
import { T0, hear, input, live, makeShard as makeLife, rowsOf } from "./life.ts";
import { startCounted, type Counted, type CountedShard } from "./start-counted.ts";

const HOUR = 3_600_000;

let counted: Counted;
beforeAll(async () => void (counted = await startCounted()), 60_000);
afterAll(() => counted.stop());

const makeShard = (name: string, people: string[], channels?: readonly ExternalChannel[]) => makeLife(counted, name, people, channels);

describe("rows written, as Cloudflare counts them", () => {
  test("an event on three channels for one person writes 25 rows at the most over its whole life", async () => {
    const shard = await makeShard("one", ["u1"]);
    const { costs: first } = await live(shard, "first", T0 + 1_000);
    const { costs: later } = await live(shard, "later", T0 + 2_000);
    const { costs: nextHour } = await live(shard, "next-hour", T0 + HOUR);
    console.log(
      `rows written: ${JSON.stringify(Object.fromEntries(Object.entries(later).map(([name, cost]) => [name, cost.rowsWritten])))}, ${rowsOf(Object.values(later))} in all`,
    );
    for (const costs of [first, later, nextHour]) expect(rowsOf(Object.values(costs)), JSON.stringify(costs)).toBeLessThanOrEqual(25);
    const { answer } = await shard.ask("ledger", { from: null, to: null });
    expect(answer).toMatchObject({ accepted: 15, delivered: 3, sent: 6, skipped: 6, inFlight: 0, unaccounted: 0 });
  });

  test("the four external channels write the same, alone and any two of them beside the bell", async () => {
    const lifeOn = async (...channels: ExternalChannel[]): Promise<number> => {
      const shard = await makeShard(channels.join("-"), ["u1"], channels);
      await live(shard, "first", T0 + 1_000, channels);
      return rowsOf(Object.values((await live(shard, "later", T0 + 2_000, channels)).costs));
    };
    const alone: Record<string, number> = {};
    const pairs: Record<string, number> = {};
    for (const [index, one] of EXTERNAL_CHANNELS.entries()) {
      alone[one] = await lifeOn(one);
      for (const other of EXTERNAL_CHANNELS.slice(index + 1)) pairs[`${one} and ${other}`] = await lifeOn(one, other);
    }
    const all = await lifeOn(...EXTERNAL_CHANNELS);
    console.log(`rows written on one external channel, on two, on all: ${JSON.stringify([alone, pairs, all])}`);
    const [forOne, forTwo] = [alone["email"]!, pairs["email and sms"]!];
    expect(alone).toEqual(Object.fromEntries(EXTERNAL_CHANNELS.map((channel) => [channel, forOne])));
    expect(new Set(Object.values(pairs))).toEqual(new Set([forTwo]));
    expect(forTwo).toBeLessThanOrEqual(25);
    expect(all - forTwo).toBe(2 * (forTwo - forOne));
  });

  test("a receipt writes its delivery and the balance if that changes; repeats and what is no news write nothing", async () => {
    const shard = await makeShard("receipts", ["u1"], EXTERNAL_CHANNELS);
    await live(shard, "first", T0 + 1_000, EXTERNAL_CHANNELS);
    const { deliveries } = await live(shard, "later", T0 + 2_000, EXTERNAL_CHANNELS);
    for (const channel of ["sms", "whatsapp", "push"] as const) {
      const costs = await hear(shard, deliveries[channel]!, ["sent", "delivered", "delivered", "sent", "read", "read", "delivered"]);
      expect(
        costs.map(({ rowsWritten }) => rowsWritten),
        channel,
      ).toEqual([0, 2, 0, 0, 1, 0, 0]);
    }
  });

  test("what search adds, shared by a batch of events, keeps within the same figure", async () => {
    const shard = await makeShard("batch", ["u1"]);
    const events = 512;
    const [accepted] = await shard.run([{ call: "accept", args: [input("e#", ["u1"])], times: events }], T0 + 1_000);
    const alone = await counted.shard("one").ask("accept", input("alone", ["u1"]));
    console.log(
      `rows written by accept: ${alone.cost.rowsWritten} alone, ${(accepted!.cost.rowsWritten / events).toFixed(2)} with its share of the index`,
    );
    const { costs } = await live(await makeShard("rest", ["u1"]), "e1", T0 + 1_000);
    const rest = rowsOf(Object.entries(costs).flatMap(([name, cost]) => (name === "accept" ? [] : [cost])));
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
    expect(rowsOf(costs)).toBe(0);
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
      // Asked twice: on a busy machine the object may have been put to sleep meanwhile, and wakes up with nothing in memory.
      const rows = async (ask: () => Promise<{ cost: Cost }>) => Math.min((await ask()).cost.rowsRead, (await ask()).cost.rowsRead);
      read.push({
        inbox: await rows(() => shard.ask("inbox", inbox)),
        unread: await rows(() => shard.ask("inbox", { ...inbox, filter: "unread" })),
        "an older page": await rows(() => shard.ask("inbox", { ...inbox, cursor })),
        log: await rows(() => shard.ask("deliveries", log)),
        "an older page of the log": await rows(() => shard.ask("deliveries", { ...log, cursor: `0-${(half * 8).toString(36)}` })),
        "the log of a person": await rows(() => shard.ask("deliveries", { ...log, user: "u1" })),
        event: await rows(() => shard.ask("event", "a7")),
        ledger: await rows(() => shard.ask("ledger", { from: null, to: null })),
      });
    }
    console.log(`rows read: ${JSON.stringify(read)}`);
    for (const [name, few] of Object.entries(read[0]!)) expect(read[1]![name], name).toBeLessThanOrEqual(few * 1.3);
  }, 120_000);
});
