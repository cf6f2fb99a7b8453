import type { InboxItem, InboxMark } from "@carillon/shared/inbox";
import { Instance, sleep, until, withShards, type Runtime } from "../harness/instance.ts";
import { pick, randomFrom, whole } from "../properties/seeds.ts";
import { readInbox } from "./account.ts";
import { Crm, type Posted } from "./crm.ts";
import { Tab } from "./tab.ts";

export type BellOrder = { runtime: Runtime; shards: number; items: number; kills: number; seed: number };
export type BellRun = BellOrder & { posted: number; cuts: number; connections: number; marks: number; settledMs: number; wrong: string[] };

const PEOPLE = ["b1", "b2", "b3", "b4"];
const TABS_PER_PERSON = 2;
const POSTERS = 3;
/** Some two hundred items a second, so that cuts and marks fall between them. */
const POST_PAUSE_MS = 120;
const ACT_PAUSE_MS = 12;
/** After the last item and the last cut, each tab has to be in step within this. */
const SETTLES_WITHIN_MS = 20_000;

/**
 * Items pour into a few people's inboxes while their tabs are cut and come back, marks are made in both tabs and over HTTP, and the
 * server is killed and started again. In the end every tab must show exactly what the server has.
 */
export async function runBells(order: BellOrder): Promise<BellRun> {
  const random = randomFrom(order.seed);
  const carillon = new Instance(order.runtime, withShards(order.shards));
  await carillon.start();
  const tabs = PEOPLE.flatMap((user) => Array.from({ length: TABS_PER_PERSON }, () => new Tab(carillon, user, random)));
  try {
    const crm = new Crm(carillon);
    const events = makeEvents(order.items, random);
    let isPosting = true;
    const posting = pour(crm, [...events], random).finally(() => (isPosting = false));
    const acting = actAtRandom(carillon, tabs, () => isPosting, random);
    for (let kill = 1; kill <= order.kills; kill++) {
      await until(() => crm.accepted.length >= (events.length * kill) / (order.kills + 1), "items come in", 120_000);
      await carillon.kill();
      await carillon.start();
    }
    await posting;
    const marks = await acting;
    const settling = Date.now();
    const wrong = await untilAllInStep(carillon, tabs, events);
    return {
      ...order,
      posted: events.reduce((sum, event) => sum + event.recipients.length, 0),
      cuts: tabs.reduce((sum, tab) => sum + tab.cuts, 0),
      connections: tabs.reduce((sum, tab) => sum + tab.connections, 0),
      marks,
      settledMs: Date.now() - settling,
      wrong: [...crm.complaints, ...wrong],
    };
  } finally {
    await Promise.all(tabs.map((tab) => tab.close()));
    await carillon.dispose();
  }
}

async function pour(crm: Crm, events: Posted[], random: () => number): Promise<void> {
  await Promise.all(
    Array.from({ length: POSTERS }, async () => {
      for (let batch; (batch = events.splice(0, whole(random, 1, 5))).length > 0;) {
        await crm.post(batch);
        await sleep(random() * POST_PAUSE_MS);
      }
    }),
  );
}

/** Cuts, and marks from either tab and over HTTP, until the posting ends; answers how many marks were made. */
async function actAtRandom(carillon: Instance, tabs: Tab[], goesOn: () => boolean, random: () => number): Promise<number> {
  let marks = 0;
  while (goesOn()) {
    const tab = pick(random, tabs);
    const ids = someOf([...tab.inbox.items.keys()], random);
    const dice = random();
    if (dice < 0.2) tab.cut();
    else if (ids.length > 0 && dice < 0.6) marks += tab.say({ type: pick(random, ["read", "seen", "dismiss"] as const), ids }) ? 1 : 0;
    else if (ids.length > 0)
      marks += await markOverHttp(carillon, tab.user, pick(random, ["read", "unread", "archive", "dismiss", "seen"] as const), ids);
    if (dice > 0.99) marks += await markOverHttp(carillon, tab.user, "read", "all");
    await sleep(random() * ACT_PAUSE_MS);
  }
  return marks;
}

/** 1 if it was answered; while the server is down nobody can say whether the mark was made, and the server's word counts. */
async function markOverHttp(carillon: Instance, user: string, mark: InboxMark, ids: string[] | "all"): Promise<number> {
  try {
    const me = await carillon.me(user);
    return (await me("POST", `/inbox/${mark}`, { ids })).status === 200 ? 1 : 0;
  } catch {
    return 0;
  }
}

/** Empty once every tab shows what the server has; otherwise, when the patience is over, what is different. */
async function untilAllInStep(carillon: Instance, tabs: Tab[], events: Posted[]): Promise<string[]> {
  let wrong: string[] = [];
  for (const started = Date.now(); Date.now() - started < SETTLES_WITHIN_MS; await sleep(200)) {
    wrong = [];
    for (const user of PEOPLE) {
      const server = await readWhole(carillon, user);
      const expected = events.filter(({ recipients }) => recipients.some(({ id }) => id === user)).map(({ id }) => id);
      if (
        server.items
          .map(({ event }) => event)
          .sort()
          .join() !== expected.sort().join()
      )
        wrong.push(`${user} has ${server.items.length} items on the server, not the ${expected.length} that were posted`);
      const seqs = new Set(server.items.map(({ seq }) => seq));
      if (seqs.size !== server.items.length || Math.max(0, ...seqs) !== seqs.size)
        wrong.push(`the numbers of ${user}'s items have a gap or a double`);
      tabs
        .filter((tab) => tab.user === user)
        .forEach((tab, index) => wrong.push(...differences(tab, server, `${user} in tab ${index + 1}`)));
    }
    if (wrong.length === 0) return [];
  }
  return wrong;
}

type Whole = { items: InboxItem[]; unread: number };

/** Everything a person has, archived and dismissed items too. */
async function readWhole(carillon: Instance, user: string): Promise<Whole> {
  const pages = [];
  for (const filter of ["all", "archived", "dismissed"]) pages.push(await readInbox(carillon, user, filter));
  return { items: pages.flatMap(({ items }) => items), unread: pages[0]!.unread };
}

function differences({ inbox, isOpen }: Tab, server: Whole, name: string): string[] {
  const wrong: string[] = [];
  if (!isOpen || !inbox.isCaughtUp) wrong.push(`${name} is not connected`);
  const mine = new Map([...inbox.items.values()].map((item) => [item.id, stateOf(item)]));
  for (const item of server.items) {
    const state = mine.get(item.id);
    mine.delete(item.id);
    if (state !== stateOf(item)) wrong.push(`${name} shows ${item.id} as ${state ?? "missing"}, the server has ${stateOf(item)}`);
  }
  for (const id of mine.keys()) wrong.push(`${name} shows ${id}, which the server does not have`);
  const unread = [...inbox.items.values()].filter(isUnread).length;
  if (inbox.unread !== server.unread || unread !== server.unread)
    wrong.push(`${name} has a badge of ${inbox.unread} and ${unread} unread items, the server says ${server.unread}`);
  return wrong;
}

const isUnread = ({ readAt, archivedAt, dismissedAt }: InboxItem): boolean =>
  readAt === null && archivedAt === null && dismissedAt === null;

/** What a person sees of an item, without the instants, of which a tab knows only its own. */
const stateOf = ({ event, seq, readAt, seenAt, archivedAt, dismissedAt }: InboxItem): string =>
  [event, seq, readAt && "read", seenAt && "seen", archivedAt && "archived", dismissedAt && "dismissed"]
    .filter((word) => word !== null)
    .join(" ");

function makeEvents(items: number, random: () => number): Posted[] {
  const events: Posted[] = [];
  for (let made = 0; made < items;) {
    const people = PEOPLE.filter(() => random() < 0.5);
    const recipients = (people.length > 0 ? people : [pick(random, PEOPLE)]).map((id) => ({ id }));
    const id = `i${events.length}`;
    events.push({ id, type: "task_assigned", recipients, data: { task: { title: `Call ${id}` }, actorName: "Kim" } });
    made += recipients.length;
  }
  return events;
}

function someOf(ids: string[], random: () => number): string[] {
  return ids.length === 0 ? [] : Array.from({ length: whole(random, 1, 5) }, () => pick(random, ids));
}

export function describeBellRun({ runtime, shards, seed, kills, posted, cuts, connections, marks, settledMs, wrong }: BellRun): string {
  return [
    `${runtime}, ${shards} ${shards === 1 ? "shard" : "shards"}: ${posted} items into ${PEOPLE.length} people's ${PEOPLE.length * TABS_PER_PERSON} tabs over ${cuts} cuts and ${kills} kills (SEED=${seed})`,
    `  ${connections} connections, ${marks} marks; every tab in step ${settledMs} ms after the last item`,
    ...wrong.slice(0, 20).map((words) => `  WRONG ${words}`),
  ].join("\n");
}
