import { LIMITS } from "@carillon/shared/limits";
import type { ExternalChannel } from "@carillon/shared/channels";
import { T0, input, live, makeShard, rowsOf } from "../counts/life.ts";
import { startStandIn } from "../counts/stand-in.ts";
import { startCounted } from "../counts/start-counted.ts";
import { openHouse } from "../hooks/house.ts";

/** Dollars per million, as the vendors' price pages have it; whatever is free each month is left out. */
export const PRICES = { redis: 2, queue: 10, workers: 0.3, objects: 0.15, rows: 1 } as const;
type Part = keyof typeof PRICES;
/** How many of each are used up. */
export type Use = Record<Part, number>;
/** What was counted: once for an event, for every person more, for every job of a channel, and for every delivery that it sends. */
export type Counts = { event: Use; person: Use; job: Use; delivery: Use };

const NOTHING: Use = { redis: 0, queue: 0, workers: 0, objects: 0, rows: 0 };
const EXTERNAL: ExternalChannel[] = ["sms", "push"];

/** Counts an event's life at the real shard in workerd and at the real app, with stand-ins for the providers. */
export async function countAll(): Promise<Counts> {
  const [rows, calls] = await Promise.all([countRows(), countCalls()]);
  return {
    event: { ...calls.event, rows: rows.event },
    person: { ...NOTHING, rows: rows.person },
    job: { ...calls.job, rows: 0 },
    delivery: { ...NOTHING, objects: calls.perDelivery, rows: rows.delivery },
  };
}

/** Rows written, by the counters that Cloudflare bills: of an event for one person who reads it, of one person more, of a delivery. */
async function countRows(): Promise<{ event: number; person: number; delivery: number }> {
  const counted = await startCounted();
  try {
    const lifeOn = async (channels: ExternalChannel[]) => {
      const shard = await makeShard(counted, `cost-${channels.length}`, ["u1"], channels);
      await live(shard, "first", T0 + 1_000, channels);
      return (await live(shard, "later", T0 + 2_000, channels)).costs;
    };
    const [none, one] = [await lifeOn([]), await lifeOn(["sms"])];
    const inAll = (costs: typeof none) => rowsOf(Object.values(costs));
    const shard = await makeShard(counted, "cost-people", ["u1", "u2"], []);
    const accept = async (id: string, people: string[]) => (await shard.ask("accept", input(id, people))).cost.rowsWritten;
    await shard.run([], T0 + 1_000);
    await accept("before", ["u1", "u2"]);
    const [forOne, forTwo] = [await accept("for-one", ["u1"]), await accept("for-two", ["u1", "u2"])];
    // A person more is told, and reads, too.
    return { event: inAll(none), person: forTwo - forOne + none["read"]!.rowsWritten, delivery: inAll(one) - inAll(none) };
  } finally {
    await counted.stop();
  }
}

/** What passes the ports: one event for one person on two channels, and each channel's job. */
async function countCalls(): Promise<{ event: Use; job: Use; perDelivery: number }> {
  const providers = await startStandIn();
  try {
    const house = await openHouse({ shards: 1, standIns: providers.standIns });
    const shard = house.shards.get("acme", 0);
    const people = ["p1", "p2"].map((id) => ({ id, fields: { phone: "+4915112345601" } }));
    await shard.putUsers(people);
    for (const { id } of people) await shard.putBrowser(id, providers.browser(house.keys.publicKey));
    await house.post("warm", { recipients: ["p1"] });
    for (const job of house.queue.take()) await house.deliver(job);

    const posted = await house.count(() => house.post("one", { recipients: ["p1"] }));
    const jobs = house.queue.take();
    if (jobs.map(({ channel }) => channel).join() !== EXTERNAL.join())
      throw new Error(`Jobs for ${jobs.map(({ channel }) => channel).join()}`);
    const served = await house.count(() => house.deliver(jobs[0]!));
    await house.post("two", { recipients: ["p1", "p2"] });
    const both = await house.count(() => house.deliver(house.queue.take().find(({ channel }) => channel === "sms")!));
    return {
      // Reading it in the bell is one call more.
      event: { ...NOTHING, redis: posted.after.commands.length, workers: 1, objects: posted.after.calls.length + 1 },
      job: {
        ...NOTHING,
        redis: served.after.commands.length,
        queue: jobs.length / EXTERNAL.length,
        workers: 1,
        objects: served.after.calls.length - 1,
      },
      perDelivery: both.after.calls.length - served.after.calls.length,
    };
  } finally {
    await providers.stop();
  }
}

/** What one event for so many people on so many external channels uses, jobs full as they are where many people are told. */
export function useOf({ event, person, job, delivery }: Counts, people: number, channels: number): Use {
  const jobs = channels * Math.ceil(people / LIMITS.jobPeople);
  const total = (part: Part) => event[part] + person[part] * (people - 1) + job[part] * jobs + delivery[part] * people * channels;
  return Object.fromEntries((Object.keys(PRICES) as Part[]).map((part) => [part, total(part)])) as Use;
}

export const dollars = (use: Use): number =>
  (Object.keys(PRICES) as Part[]).reduce((sum, part) => sum + (use[part] * PRICES[part]) / 1e6, 0);

const ROWS: { words: string; people: number; channels: number }[] = [
  { words: "bell alone, one person", people: 1, channels: 0 },
  { words: "bell and one channel, one person", people: 1, channels: 1 },
  { words: "bell and two channels, one person", people: 1, channels: 2 },
  { words: "bell and four channels, one person", people: 1, channels: 4 },
  { words: "bell and two channels, 100 people", people: 100, channels: 2 },
];

/** A table in Markdown: what an event uses, and dollars per million of such events. */
export function costTable(counts: Counts): string {
  const lines = ROWS.map(({ words, people, channels }) => {
    const use = useOf(counts, people, channels);
    const dollarsPerMillion = (dollars(use) * 1e6).toLocaleString("en", { maximumFractionDigits: people > 1 ? 0 : 2 });
    return `| ${words} | ${[use.redis, use.queue, use.workers, use.objects, use.rows].join(" | ")} | ${dollarsPerMillion} |`;
  });
  return [
    "| an event for | Redis commands | QStash messages | Worker requests | object requests | rows written | $ per million |",
    "|---|--:|--:|--:|--:|--:|--:|",
    ...lines,
  ].join("\n");
}
