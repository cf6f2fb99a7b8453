import { BellSocket } from "../harness/bell-socket.ts";
import { Instance, sleep } from "../harness/instance.ts";
import { residentMiB, seldomUntil } from "./process.ts";
import { judged, told, type Effort, type Row } from "./report.ts";
import { onlyWith, ourProcess } from "./servers.ts";

const PER_SECOND = 200;
const TICK_MS = 20;
const MOST_PENDING = 2_000;
const PEOPLE = 200;
/** Those with an address get a mail of each event, the others see it in the bell alone. */
const MAILED = 5;
/** One event in so many is posted twice. */
const REPEATED = 20;
const BELLS = 50;
/** How long a tab stays open, and how long it is away. */
const OPEN_MS = { from: 3_000, to: 20_000 };
const AWAY_MS = { from: 200, to: 2_000 };

/** Memory is the least of each window, for in between garbage waits to be collected. */
const WINDOWS = 20;
const LOOK_EVERY_MS = 500;
/** The first windows fill what fills up once: caches, compiled code. */
const SETTLED_AFTER = 8;
/** MiB a minute that can't be told from none. */
const NO_SLOPE = 1;
/** In less than this a slope says nothing. */
const SLOPE_MINUTES = 5;

/** `rev`: up to where its tabs have heard. */
type Person = { id: string; posted: string[]; heard: Set<string>; rev: number; doubles: number };

/** B11: 200 events a second, tabs that come and go, mails into the sandbox: memory stays, nothing is lost and nothing doubled. */
export async function soak({ minutes }: Effort): Promise<Row[]> {
  const carillon = await new Instance("deno").start();
  try {
    await onlyWith(carillon, "email");
    const people = Array.from({ length: PEOPLE }, (_, n): Person => ({
      id: `soak-${n}`,
      posted: [],
      heard: new Set(),
      rev: 0,
      doubles: 0,
    }));
    const [mailed, belled] = [people.slice(0, MAILED), people.slice(0, BELLS)];
    await carillon.api("POST", "/v1/users/bulk", { users: mailed.map(({ id }) => ({ id, email: addressOf(id) })) });

    const ends = performance.now() + minutes * 60_000;
    const isOver = () => performance.now() >= ends;
    const [posts, visits, memory] = await Promise.all([
      postAll(carillon, people, isOver),
      Promise.all(belled.map((person) => comeAndGo(carillon, person, isOver))),
      watchMemory(ourProcess(carillon).pids[0]!, minutes),
    ]);
    const mails = mailed.reduce((sum, { posted }) => sum + posted.length, 0);
    const ledger = async () => (await carillon.api("GET", "/v1/ledger")).body;
    await seldomUntil(async () => (await ledger()).sent >= mails, "all mails are sent");
    const { unaccounted } = await ledger();
    await Promise.all(belled.map((person) => visit(carillon, person, 0)));

    const found = [
      ...(await differences(people, ({ id }) => readInbox(carillon, id))),
      ...(await differences(mailed, ({ id }) => readMails(carillon, id))),
      ...belled.map(({ posted, heard, doubles }) => ({ lost: posted.filter((id) => !heard.has(id)).length, doubled: doubles })),
      { lost: Math.abs(unaccounted), doubled: posts.wrong },
    ];
    const sum = (key: "lost" | "doubled") => found.reduce((total, one) => total + one[key], 0);
    return [
      told(
        "B11 so many minutes | events | mails | tabs opened",
        [minutes, posts.took.length, mails, visits.reduce((a, b) => a + b)].join(" | "),
      ),
      told(
        "   an event is answered after, p50 | p99",
        `${quantile(posts.took, 0.5).toFixed(1)} | ${quantile(posts.took, 0.99).toFixed(1)} ms`,
      ),
      told("   memory at the first | last look", `${memory.at(0)!.toFixed(0)} | ${memory.at(-1)!.toFixed(0)} MiB`),
      slopeRow(memory.slice(SETTLED_AFTER), minutes),
      judged("B11 lost from inboxes, mails, tabs and the balance", sum("lost"), "≤", 0, "events", 0),
      judged("B11 doubled there, or by a repeated post", sum("doubled"), "≤", 0, "events", 0),
    ];
  } finally {
    await carillon.dispose();
  }
}

/** Posts at an even pace, whatever the answers take; `took` are the times to them in ms, `wrong` the repeats that were taken for new. */
async function postAll(carillon: Instance, people: Person[], isOver: () => boolean): Promise<{ took: number[]; wrong: number }> {
  const took: number[] = [];
  const pending = new Set<Promise<void>>();
  let wrong = 0;
  const post = async (n: number): Promise<void> => {
    const person = people[n % PEOPLE]!;
    const id = `k${String(n).padStart(7, "0")}`;
    const event = { id, type: "task_assigned", recipients: [person.id], data: { task: { title: `Call ${id}` }, actorName: "Kim" } };
    const started = performance.now();
    const { status } = await carillon.api("POST", "/v1/events", event);
    if (status !== 202) throw new Error(`An event was answered with ${status}`);
    took.push(performance.now() - started);
    person.posted.push(id);
    if (n % REPEATED === 0 && !(await carillon.api("POST", "/v1/events", event)).body.duplicate) wrong++;
  };
  const started = performance.now();
  for (let n = 0; !isOver();) {
    const due = ((performance.now() - started) / 1_000) * PER_SECOND;
    for (; n < due; n++) {
      const one = post(n).finally(() => pending.delete(one));
      pending.add(one);
    }
    if (pending.size > MOST_PENDING) throw new Error(`${pending.size} events wait for their answer`);
    await sleep(TICK_MS);
  }
  await Promise.all(pending);
  return { took, wrong };
}

/** Answers how often. */
async function comeAndGo(carillon: Instance, person: Person, isOver: () => boolean): Promise<number> {
  let times = 0;
  for (; !isOver(); times++) {
    await visit(carillon, person, between(OPEN_MS));
    await sleep(between(AWAY_MS));
  }
  return times;
}

/** Opens a tab that goes on from where the last one was. */
async function visit(carillon: Instance, person: Person, ms: number): Promise<void> {
  const bell = await BellSocket.open(carillon, person.id, person.rev);
  await sleep(ms);
  bell.close();
  const told = new Set<number>();
  for (const frame of bell.frames.splice(0)) {
    if (frame.type !== "item" && frame.type !== "sync") continue;
    // What came while the tab said hello may stand in the sync, too; a frame of its own it has once.
    if (frame.type === "item" && told.has(frame.rev)) person.doubles++;
    if (frame.type === "item") told.add(frame.rev);
    for (const { event } of frame.type === "item" ? [frame.item] : frame.items) person.heard.add(event);
    person.rev = Math.max(person.rev, frame.rev);
  }
}

/** MiB, the least of each window. */
async function watchMemory(pid: number, minutes: number): Promise<number[]> {
  const windowMs = (minutes * 60_000) / WINDOWS;
  const least: number[] = [];
  for (let window = 0; window < WINDOWS; window++) {
    let lowest = Infinity;
    for (const started = performance.now(); performance.now() - started < windowMs; await sleep(LOOK_EVERY_MS))
      lowest = Math.min(lowest, residentMiB(pid));
    least.push(lowest);
  }
  return least;
}

function slopeRow(memory: number[], minutes: number): Row {
  const slope = slopeOf(memory) * (WINDOWS / minutes);
  const name = "B11 memory, once settled, grows by";
  return minutes < SLOPE_MINUTES
    ? told(`${name} (too short to say)`, `${slope.toFixed(2)} MiB/min`)
    : judged(name, slope, "≤", NO_SLOPE, "MiB/min");
}

/** Of the straight line that is nearest to these, which lie one apart. */
function slopeOf(values: number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [up, across] = values.reduce(([a, b], value, x) => [a + (x - middle) * (value - mean), b + (x - middle) ** 2], [0, 0]) as [
    number,
    number,
  ];
  return up / across;
}

/** What a person should have, and what is found. */
async function differences(people: Person[], read: (person: Person) => Promise<string[]>): Promise<{ lost: number; doubled: number }[]> {
  const found: { lost: number; doubled: number }[] = [];
  for (const person of people) {
    const ids = await read(person);
    const once = new Set(ids);
    found.push({ lost: person.posted.filter((id) => !once.has(id)).length, doubled: ids.length - once.size });
  }
  return found;
}

async function readInbox(carillon: Instance, id: string): Promise<string[]> {
  const me = await carillon.me(id);
  const ids: string[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const { body } = await me("GET", `/inbox?filter=all&limit=100${cursor && `&cursor=${cursor}`}`);
    ids.push(...body.data.map(({ event }: { event: string }) => event));
    cursor = body.next;
  }
  return ids;
}

async function readMails(carillon: Instance, id: string): Promise<string[]> {
  const mails = await carillon.messages(`&to=${encodeURIComponent(addressOf(id))}&limit=10000`);
  return mails.map(({ subject }) => /k\d{7}/.exec(subject ?? "")?.[0] ?? "");
}

const addressOf = (id: string): string => `${id}@example.com`;
const between = ({ from, to }: { from: number; to: number }): number => from + Math.random() * (to - from);
const quantile = (values: number[], share: number): number => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
