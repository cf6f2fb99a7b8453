import { expect, test } from "vitest";
import { PacedWorld, busiestSecond, rateOf } from "./paced-world.ts";
import { pick, randomFrom, seeds, whole } from "./seeds.ts";

const people = (count: number, prefix = "p") => Array.from({ length: count }, (_, n) => `${prefix}${n}`);
/** One turn may be used until the next one comes; fast ones 50 ms late. */
const mostIn = (perSecond: number) => Math.ceil(perSecond) + Math.max(1, Math.ceil(perSecond * 0.05));

test.each([
  { perSecond: 0.5, shards: 4, count: 40, sendMs: [20, 200] },
  { perSecond: 1, shards: 1, count: 60, sendMs: [20, 300] },
  { perSecond: 1, shards: 4, count: 80, sendMs: [20, 300] },
  { perSecond: 10, shards: 1, count: 400, sendMs: [5, 40] },
  { perSecond: 10, shards: 4, count: 600, sendMs: [5, 60] },
  { perSecond: 14, shards: 4, count: 900, sendMs: [100, 300] },
  { perSecond: 80, shards: 4, count: 3_000, sendMs: [20, 60] },
] as const)(
  "$perSecond a second over $shards shards are kept, and used up to 95 %",
  async ({ perSecond, shards, count, sendMs }) => {
    const world = new PacedWorld({ seed: 7, shards, pace: { perSecond, connections: null }, sendMs: [...sendMs] });
    for (let n = 0; n < count; n += 200) world.accept(`e${n}`, people(Math.min(200, count - n), `p${n}.`));
    await world.drain((count / perSecond) * 1_500);
    console.log(
      `${perSecond}/s over ${shards}: ${rateOf(world.sent).toFixed(2)}/s, ${busiestSecond(world.sent)} in the busiest second, ${world.mostConnections} connections`,
    );
    expect(world.sent).toHaveLength(count);
    expect(busiestSecond(world.sent)).toBeLessThanOrEqual(mostIn(perSecond));
    expect(rateOf(world.sent)).toBeGreaterThan(perSecond * 0.95);
  },
  60_000,
);

test.each([
  { connections: 1, shards: 4, sendMs: [20, 60] },
  { connections: 2, shards: 1, sendMs: [20, 60] },
  { connections: 3, shards: 4, sendMs: [20, 60] },
] as const)(
  "$connections connections over $shards shards are kept, all of them used, and every shard has its share",
  async ({ connections, shards, sendMs }) => {
    const world = new PacedWorld({ seed: 8, shards, pace: { perSecond: null, connections }, sendMs: [...sendMs] });
    const count = 3_000;
    for (let n = 0; n < count; n += 100) world.accept(`e${n}`, people(100, `p${n}.`));
    await world.drain(600_000);
    // What one connection makes of it: 40 ms a message, and twice the way to the shard and back.
    const possible = (connections * 1_000) / (40 + 3 + 0.5);
    console.log(`${connections} connections over ${shards}: ${rateOf(world.sent).toFixed(1)}/s of ${possible.toFixed(1)}/s`);
    expect(world.sent).toHaveLength(count);
    expect(world.mostConnections).toBe(connections);
    expect(rateOf(world.sent)).toBeGreaterThan(possible * 0.9);
    expect(longestGap(world, shards)).toBeLessThan((shards / connections) * 5_000 + 5_000);
  },
  60_000,
);

test.each([
  { pace: { perSecond: 2, connections: null }, shards: 1 },
  { pace: { perSecond: 2, connections: null }, shards: 4 },
  { pace: { perSecond: 20, connections: 1 }, shards: 4 },
  { pace: { perSecond: null, connections: 1 }, shards: 1 },
])(
  "an urgent one does not wait for what was there before ($pace over $shards shards)",
  async ({ pace, shards }) => {
    const world = new PacedWorld({ seed: 9, shards, pace, sendMs: [20, 60] });
    const perSecond = pace.perSecond ?? 20;
    world.accept("many", people(400));
    const acceptedAt = new Map<string, number>();
    for (let n = 0; n < 10; n++) {
      world.at(world.now + (n + 1) * (15_000 / perSecond), () => {
        acceptedAt.set(`now${n}`, world.now);
        world.accept(`now${n}`, [`q${n}`], { priority: "high" });
      });
    }
    await world.drain(600_000);
    const waits = [...acceptedAt].map(([event, at]) => world.sent.find((one) => one.event === event)!.at - at);
    console.log(`urgent ones waited ${waits.map((ms) => Math.round(ms)).join(", ")} ms`);
    const turn = 1_000 / perSecond;
    const share = pace.connections === null ? 0 : (shards - 1) * 5_500;
    expect(Math.max(...waits)).toBeLessThan(3_500 + share + 2 * shards * turn);
  },
  60_000,
);

test.each([
  { pace: { perSecond: null, connections: null }, shards: 1 },
  { pace: { perSecond: 10, connections: null }, shards: 4 },
  { pace: { perSecond: 20, connections: 2 }, shards: 4 },
])(
  "what one shard is told by the provider holds for all that keep a pace together ($pace over $shards shards)",
  async ({ pace, shards }) => {
    const world = new PacedWorld({ seed: 10, shards, pace, sendMs: [20, 60] });
    const start = world.now;
    let until = 0;
    world.answer = () => {
      if (until > 0 || world.now < start + 2_000) return { kind: "ok" };
      until = world.now + 30_000;
      return { kind: "retry", code: "429", said: "Too many requests", afterMs: 30_000, restMs: 30_000 };
    };
    for (let n = 0; n < 600; n += 100) world.accept(`e${n}`, people(100, `p${n}.`));
    for (let n = 0; n < 40; n++) world.at(start + n * 1_000, () => world.accept(`s${n}`, [`q${n}`]));
    await world.pass(40_000);
    await world.drain(300_000);
    // The others may use the turns that they have, and send what they have begun.
    const meanwhile = world.sent.filter(({ at }) => at > until - 27_000 && at < until);
    const first = world.sent.find(({ at }) => at >= until)!.at - until;
    console.log(`${meanwhile.length} sent in the pause, the first ${first} ms after it`);
    expect(meanwhile).toEqual([]);
    expect(first).toBeLessThan(1_500);
    expect(world.sent).toHaveLength(640);
  },
  60_000,
);

test.each(seeds("pace under faults", 12))(
  "jobs and processes die, commits fail, the provider slows us down: pace and order are kept, nobody waits for ever (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const pace = { perSecond: pick(random, [null, 0.5, 2, 10, 50]), connections: pick(random, [null, 1, 2, 5]) };
    const shards = whole(random, 1, 4);
    const world = new PacedWorld({ seed, shards, pace, sendMs: [5, whole(random, 20, 400)] });
    const count = Math.min(300, Math.ceil((pace.perSecond ?? 20) * 60));
    const persons = people(Math.ceil(count / 3));
    const hours = 3_600_000;
    let accepted = 0;
    for (let n = 0; accepted < count; n++) {
      const some = [...new Set(Array.from({ length: whole(random, 1, 12) }, () => pick(random, persons)))];
      accepted += some.length;
      const more = random() < 0.2 ? { priority: "high" } : {};
      world.at(world.now + whole(random, 0, 60_000) + n, () => world.accept(`e${n}`, some, more));
    }
    const rests: { from: number; until: number }[] = [];
    world.isCommitFailing = () => random() < 0.02;
    let isTroubled = true;
    world.answer = () => {
      if (!isTroubled || random() > 0.02) return { kind: "ok" };
      const restMs = whole(random, 2_000, 30_000);
      rests.push({ from: world.now, until: world.now + restMs });
      return { kind: "retry", code: "429", afterMs: restMs, restMs };
    };
    for (let n = 0; n < 8; n++)
      world.at(world.now + whole(random, 1_000, 120_000), () => void (random() < 0.3 ? world.crash() : world.killJob()));
    await world.pass(120_000);
    isTroubled = false;
    await world.drain(12 * hours);

    const { unaccounted, sent, failed } = world.ledger();
    expect({ unaccounted, failed, sent }).toEqual({ unaccounted: 0, failed: 0, sent: accepted });
    if (pace.perSecond !== null) expect(busiestSecond(world.sent)).toBeLessThanOrEqual(mostIn(pace.perSecond));
    if (pace.connections !== null) expect(world.mostConnections).toBeLessThanOrEqual(pace.connections);
    expect(new Set(world.sent.map(({ attempt }) => attempt)).size).toBe(accepted);
    expect(outOfOrder(world)).toEqual([]);
  },
  120_000,
);

/** The longest that a shard with something to send did not send anything. */
function longestGap({ sent }: PacedWorld, shards: number): number {
  const start = sent[0]!.at;
  const gaps = Array.from({ length: shards }, (_, shard) => {
    const instants = [start, ...sent.filter((one) => one.shard === shard).map(({ at }) => at)];
    return Math.max(...instants.map((at, index) => at - (instants[index - 1] ?? at)));
  });
  return Math.max(...gaps);
}

/** First sends that came before an earlier one of the same person, retries aside. */
function outOfOrder({ sent, retried }: PacedWorld): string[] {
  const seen = new Set<string>();
  const last = new Map<string, number>();
  return sent.flatMap(({ attempt, person }) => {
    const number = parseInt(attempt.split("-")[1]!, 36);
    if (seen.has(attempt) || retried.has(attempt)) return [];
    seen.add(attempt);
    const before = last.get(person) ?? -1;
    last.set(person, Math.max(before, number));
    return number < before ? [`${person}: ${attempt} after ${before.toString(36)}`] : [];
  });
}
