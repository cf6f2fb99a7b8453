import { Instance, sleep, until, withShards, type Runtime } from "../harness/instance.ts";
import { pick, randomFrom, whole } from "../properties/seeds.ts";
import { takeAccount, type Account } from "./account.ts";
import { Crm, type Posted } from "./crm.ts";

/** `crowds` of the accepts are events for so many people that they are told slice by slice. */
export type Order = { runtime: Runtime; shards: number; accepts: number; kills: number; crowds: number; seed: number };
export type Report = Order & {
  account: Account;
  events: number;
  people: number;
  repeats: number;
  answersLost: number;
  restartMs: number;
  drainMs: number;
  wrong: string[];
};

/** Parallel connections of the CRM; with their pauses some hundred accepts a second, so that a kill meets posts, mails and settling. */
const POSTERS = 6;
const LONGEST_PAUSE_MS = 80;
/** A lease of a minute, the sweep that finds it run out, and the sending of all that waited. */
const DRAIN_MS = 150_000;
const CROWD = 2_000;

/**
 * The kill campaign: a CRM posts steadily while all processes are killed at random moments and started again at once on the same
 * folder and ports, some of them while they start. In the end everything that was answered with 202 is held against log, inboxes,
 * sandbox and ledger.
 */
export async function runCampaign(order: Order): Promise<Report> {
  const random = randomFrom(order.seed);
  const carillon = new Instance(order.runtime, withShards(order.shards));
  await carillon.start();
  try {
    const crm = new Crm(carillon);
    const batches = makeBatches(order, random);
    const posting = Promise.all(
      Array.from({ length: POSTERS }, async () => {
        for (let batch; (batch = batches.pop());) {
          await crm.post(batch);
          await sleep(random() * LONGEST_PAUSE_MS);
        }
      }),
    );
    const restarts = await killAtRandom(carillon, crm, order, random);
    await posting;
    const lastAccept = Date.now();
    await until(async () => (await carillon.api("GET", "/v1/ledger")).body.inFlight === 0, "everything is settled", DRAIN_MS);
    const drainMs = Date.now() - lastAccept;
    const account = await takeAccount(carillon, crm.accepted);
    return {
      ...order,
      account,
      events: crm.accepted.length,
      people: crm.accepted.reduce((sum, event) => sum + event.recipients.length, 0),
      repeats: crm.repeats,
      answersLost: crm.answersLost,
      restartMs: Math.round(restarts.reduce((sum, ms) => sum + ms, 0) / Math.max(restarts.length, 1)),
      drainMs,
      wrong: [...crm.complaints, ...account.wrong],
    };
  } finally {
    await carillon.dispose();
  }
}

/** Answers how long each start took, ms. */
async function killAtRandom(carillon: Instance, crm: Crm, { accepts, kills }: Order, random: () => number): Promise<number[]> {
  const instants = Array.from({ length: kills }, () => whole(random, 1, Math.floor(accepts * 0.97))).sort((a, b) => a - b);
  const restarts: number[] = [];
  for (const instant of instants) {
    await until(() => crm.accepted.length >= instant, `${instant} events are accepted`, 60_000);
    if (random() < 0.5) await sleep(random() * 150);
    await carillon.kill();
    if (random() < 0.1) await killWhileStarting(carillon, random);
    const started = Date.now();
    await carillon.start();
    restarts.push(Date.now() - started);
  }
  return restarts;
}

async function killWhileStarting(carillon: Instance, random: () => number): Promise<void> {
  const starting = carillon.start().then(
    () => "ready",
    () => "killed",
  );
  await sleep(200 + random() * 400);
  await carillon.kill();
  await starting;
}

/** All posts of a campaign, in an order of their own: single events, batches, and events for a crowd. */
function makeBatches({ accepts, crowds }: Order, random: () => number): Posted[][] {
  const batches: Posted[][] = [];
  for (let made = 0; made < accepts;) {
    const size = Math.min(random() < 0.1 ? whole(random, 2, 5) : 1, accepts - made);
    batches.push(Array.from({ length: size }, (_, index) => makeEvent(`k${made + index}`, random)));
    made += size;
  }
  for (let crowd = 0; crowd < crowds; crowd++) batches[whole(random, 0, batches.length - 1)]![0]!.recipients = CROWD_PEOPLE;
  return batches;
}

const PEOPLE = Array.from({ length: 12 }, (_, index) => ({ id: `p${index}`, email: `p${index}@example.com` }));
/** Most of a crowd has no address: what counts is that it is whole. */
const CROWD_PEOPLE = Array.from({ length: CROWD }, (_, index) => ({
  id: `crowd${index}`,
  ...(index % 100 === 0 ? { email: `crowd${index}@example.com` } : {}),
}));

function makeEvent(id: string, random: () => number): Posted {
  const recipients = random() < 0.8 ? [pick(random, PEOPLE)] : PEOPLE.filter(() => random() < 0.2);
  return {
    id,
    type: "task_assigned",
    recipients: recipients.length > 0 ? recipients : [PEOPLE[0]!],
    data: { task: { title: `Call ${id}` }, actorName: "Kim" },
  };
}

export function describeReport({ runtime, shards, seed, kills, events, people, account, ...figures }: Report): string {
  return [
    `${runtime}, ${shards} ${shards === 1 ? "shard" : "shards"}: ${events} events for ${people} people accepted over ${kills} kills (SEED=${seed})`,
    `  lost ${account.lost}, doubled ${account.doubled}; ${account.items} items, ${account.mails} mails`,
    `  ${account.mailsAgain} mails came again, ${account.ambiguousAttempts} attempts are flagged ambiguous`,
    `  ${figures.repeats} posts repeated, ${figures.answersLost} of them for events that were already accepted`,
    `  restart ${figures.restartMs} ms on average, all settled ${figures.drainMs} ms after the last accept`,
    ...figures.wrong.slice(0, 20).map((words) => `  WRONG ${words}`),
    ...(figures.wrong.length > 20 ? [`  … and ${figures.wrong.length - 20} more`] : []),
  ].join("\n");
}
