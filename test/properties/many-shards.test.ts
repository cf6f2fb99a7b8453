import { expect, test, vi } from "vitest";
import { CHANNELS } from "@carillon/shared/channels";
import type { Delivery } from "@carillon/shared/ledger";
import { ManyShards, PEOPLE } from "./many-shards-world.ts";
import { seeds } from "./seeds.ts";

// A full run: SCHEDULES=200. SEED alone repeats one schedule. "Off" waits for what is on its way, and dead jobs let it wait for 2 s.
const SCHEDULES = Number(process.env.SCHEDULES ?? (process.env.SEED === undefined ? 4 : 1));
const ACTS = 150;
// That a shard was away is no news here.
vi.spyOn(console, "warn").mockImplementation(() => {});
const [first = 0] = seeds("many shards under random schedules", 1);

test(
  `over four shards nothing is lost, doubled unannounced, sent while off or out of order, under ${SCHEDULES} random schedules (from seed ${first})`,
  async () => {
    const totals = { schedules: 0, events: 0, mails: 0, again: 0 };
    for (let seed = first; seed < first + SCHEDULES; seed++) {
      try {
        const isFair = seed % 4 === 0;
        const world = await runSchedule(seed, isFair);
        totals.schedules++;
        totals.events += world.accepted.length;
        totals.mails += world.sent.length;
        totals.again += world.sent.length - new Set(world.sent.map(({ delivery }) => delivery)).size;
      } catch (error) {
        throw new Error(`Schedule ${seed} (SEED=${seed} repeats it): ${String(error)}`, { cause: error });
      }
    }
    console.log(JSON.stringify(totals));
  },
  60_000 + SCHEDULES * 10_000,
);

async function runSchedule(seed: number, isFair: boolean): Promise<ManyShards> {
  const world = await ManyShards.open(seed, isFair);
  for (let act = 0; act < ACTS; act++) await world.act();
  await world.drain();
  let cells = 0;
  const mails = new Map<string, Delivery>();
  const inboxes = new Map<string, string[]>();
  for (const person of PEOPLE) inboxes.set(person, await world.inbox(person));
  for (const accepted of world.accepted) {
    const deliveries: Delivery[] = await world.deliveries(accepted.event);
    cells += deliveries.length;
    // Whom a cancelled event was still to be handed on for is never told, and in no account.
    const told = world.cancelled.has(accepted.event) ? new Set(deliveries.map(({ user }) => user)) : new Set(accepted.people);
    expect(deliveries.map(({ user, channel }) => `${user} ${channel}`).sort(), accepted.event).toEqual(
      accepted.people
        .filter((person) => told.has(person))
        .flatMap((person) => CHANNELS.map((channel) => `${person} ${channel}`))
        .sort(),
    );
    for (const delivery of deliveries) {
      const { event, user, channel, state } = delivery;
      const isCalledOff = state === "cancelled" && world.cancelled.has(event);
      if (channel === "email") {
        mails.set(`${event} ${user}`, delivery);
        expectSent(world, delivery, isCalledOff);
      }
      if (channel !== "in-app") continue;
      const items = inboxes.get(user)!.filter((one) => one === event).length;
      expect([event, user, state, items]).toEqual([event, user, isCalledOff ? "cancelled" : "delivered", isCalledOff ? 0 : 1]);
    }
  }
  expect(await world.ledger()).toMatchObject({ accepted: cells, inFlight: 0, parked: 0, held: 0, unaccounted: 0 });
  for (const person of PEOPLE) expectOrder(world, person, mails, isFair);
  return world;
}

/** Once; once more only for each try that is flagged as in doubt. */
function expectSent(world: ManyShards, delivery: Delivery, isCalledOff: boolean): void {
  const { id, state, attempts } = delivery;
  const times = world.sent.filter((sent) => sent.delivery === id).length;
  const doubts = attempts.filter(({ ambiguous }) => ambiguous).length;
  const isSent = state === "sent";
  const story = `${JSON.stringify(delivery)} was sent ${times} times`;
  expect(times, story).toBeLessThanOrEqual(doubts + (isSent ? 1 : 0));
  if (isSent) expect(times, story).toBeGreaterThanOrEqual(1);
  else expect(isCalledOff || (state === "failed" && attempts.length >= 8), story).toBe(true);
}

/**
 * What was tried once is sent in the order of acceptance. Where a shard was away, this holds for events of one home: those of another
 * may have come to it before.
 */
function expectOrder(world: ManyShards, person: string, mails: Map<string, Delivery>, isFair: boolean): void {
  const isPlain = (event: string) => {
    const attempts = mails.get(`${event} ${person}`)?.attempts ?? [];
    return attempts.length === 1 && !attempts[0]!.ambiguous;
  };
  const plain = world.accepted.filter(({ event, people, isLater }) => people.includes(person) && !isLater && isPlain(event));
  for (const events of isFair ? [plain] : Map.groupBy(plain, ({ home }) => home).values()) {
    const numbers = new Map(events.map(({ event, number }) => [event, number]));
    const order = world.sent.flatMap((sent) => (sent.person === person ? (numbers.get(sent.event) ?? []) : []));
    expect(order, person).toEqual(order.toSorted((a, b) => a - b));
  }
}
