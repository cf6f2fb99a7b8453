import { expect, test } from "vitest";
import { Unavailable } from "../errors.ts";
import type { Queue, Shards } from "../ports.ts";
import { fixedClock } from "../settings/fixtures.ts";
import type { ShardCalls, Wake } from "../shard/calls.ts";
import { publish } from "./publish.ts";

const NOW = { channel: "email", at: 0, number: "w1" } satisfies Wake;

function makePorts({ queueIsAway = false, shardIsAway = false } = {}) {
  const told: string[] = [];
  const tell = (name: string) => async (wakes: Wake[]) => {
    if (shardIsAway) throw new Unavailable("shard");
    told.push(`${name} ${wakes.map(({ number }) => number).join(" ")}`);
  };
  const queue: Queue = {
    maxDelay: 1_000_000,
    isReady: async () => !queueIsAway,
    async publish() {
      if (queueIsAway) throw new Unavailable("queue");
    },
  };
  const calls: Partial<ShardCalls> = { confirm: tell("confirm"), missed: tell("missed") };
  const shards: Shards = { get: () => calls as ShardCalls };
  return { told, ports: { queue, shards, clock: fixedClock() } };
}

test("the shard hears of wake-ups for later that the queue has, and needs no note of those for now", async () => {
  const { told, ports } = makePorts();
  const later = { ...NOW, at: ports.clock.now() + 60_000, number: "w2" };
  await publish(ports, "acme", 0, [NOW, later]);
  expect(told).toEqual(["confirm w2"]);
});

test("the shard hears of every wake-up that the queue could not take", async () => {
  const { told, ports } = makePorts({ queueIsAway: true });
  await publish(ports, "acme", 0, [NOW, { ...NOW, number: "w2" }]);
  expect(told).toEqual(["missed w1 w2"]);
});

test("a shard that can't be told is left to its own sweep", async () => {
  const { told, ports } = makePorts({ queueIsAway: true, shardIsAway: true });
  await publish(ports, "acme", 0, [NOW]);
  expect(told).toEqual([]);
});
