import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BellSocket } from "../harness/bell-socket.ts";
import { until, type Instance } from "../harness/instance.ts";
import { startNothing } from "./nothing.ts";
import { cpuSeconds, median, seldomUntil, type Measured } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import { spawnPeer, startRedis } from "./servers.ts";

const MANY = 10_000;
const FEW = 1_000;
const BULK = 500;

/** Whether people have an address for the mail channel, which does nothing, or are told in the bell alone. */
type Way = "bell" | "mail";
type Figures = { ours: number; peer: number };

/**
 * B4: CPU for each person of an event, from the post until the last item is there and can be searched; against the stack that one
 * would build, which has no search.
 */
export async function fanOut(effort: Effort): Promise<Row[]> {
  const { few, many } = await compare("bell", effort);
  return [
    judged("B4 one event, 1,000 people, CPU for each", ours(few), "≤", 40, "µs", 1),
    judged("B4 one event, 10,000 people, CPU for each", ours(many), "≤", 40, "µs", 1),
    judged("B4 10,000 against 1,000, CPU for each", median(many.map((one, round) => one.ours / few[round]!.ours)), "≤", 1.1),
    told("   the DIY stack, 1,000 | 10,000", `${peers(few)} | ${peers(many)} µs`),
    judged("B4 10,000 against the DIY stack", ratio(many), "≤", 0.7),
  ];
}

/** B5: the same, and until a mail channel that does nothing has had all. */
export async function fanOutSent(effort: Effort): Promise<Row[]> {
  const { few, many } = await compare("mail", effort);
  return [
    judged("B5 and a channel that does nothing, 1,000", ours(few), "≤", 80, "µs", 1),
    judged("B5 and a channel that does nothing, 10,000", ours(many), "≤", 80, "µs", 1),
    told("   the DIY stack, 1,000 | 10,000", `${peers(few)} | ${peers(many)} µs`),
    judged("B5 10,000 against the DIY stack", ratio(many), "≤", 0.25),
  ];
}

const ours = (all: Figures[]): number => median(all.map((one) => one.ours));
const peers = (all: Figures[]): string => median(all.map((one) => one.peer)).toFixed(0);
const ratio = (all: Figures[]): number => median(all.map((one) => one.ours / one.peer));

async function compare(way: Way, effort: Effort): Promise<{ few: Figures[]; many: Figures[] }> {
  const rounds = Math.ceil(effort.rounds / 2);
  const folder = mkdtempSync(join(tmpdir(), "carillon-fan-out-"));
  const redis = await startRedis(folder);
  const peer = await spawnPeer(redis);
  const { carillon, ours } = await startNothing();
  try {
    await introduce(carillon, way);
    const bell = await BellSocket.open(carillon, idsOf(MANY).at(-1)!);
    const measureOurs = (people: number) => perPerson(ours, people, (id) => tellOurs(carillon, bell, way, id, people));
    const measurePeer = (people: number) => perPerson(peer, people, (id) => tellPeer(peer, way, id, people));
    const all: { few: Figures[]; many: Figures[] } = { few: [], many: [] };
    const control: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      for (const [name, people] of [
        ["few", FEW],
        ["many", MANY],
      ] as const) {
        const first = await measureOurs(people);
        const there = await measurePeer(people);
        const back = await measurePeer(people);
        const second = await measureOurs(people);
        if (round === 0) continue; // Warms up.
        all[name].push({ ours: (first + second) / 2, peer: (there + back) / 2 });
        control.push(first / second);
      }
    }
    bell.close();
    checkControl(median(control), effort);
    return all;
  } finally {
    for (const server of [ours, peer, redis]) server.stop();
    await carillon.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The last of them has the bell that is listened to. */
const idsOf = (people: number): string[] => Array.from({ length: people }, (_, n) => `p${MANY - people + n}`);

/** Everybody is known before anything is measured. */
async function introduce(carillon: Instance, way: Way): Promise<void> {
  const users = idsOf(MANY).map((id) => ({ id, ...(way === "mail" ? { email: `${id}@example.com` } : {}) }));
  for (let from = 0; from < MANY; from += BULK) {
    const { status } = await carillon.api("POST", "/v1/users/bulk", { users: users.slice(from, from + BULK) });
    if (status !== 200) throw new Error(`People were refused with ${status}`);
  }
}

let serial = 0;

/** CPU microseconds for each person. Events of a thousand are repeated, so that every figure is of as many people. */
async function perPerson(server: Measured, people: number, tell: (id: string) => Promise<void>): Promise<number> {
  const cpu = cpuSeconds(server.pids);
  for (let left = MANY; left > 0; left -= people) await tell(`x${String(serial++).padStart(6, "0")}`);
  return ((cpuSeconds(server.pids) - cpu) * 1e6) / MANY;
}

async function tellOurs(carillon: Instance, bell: BellSocket, way: Way, id: string, people: number): Promise<void> {
  const sent = async (): Promise<number> => (await carillon.api("GET", "/v1/ledger")).body.sent;
  const before = way === "mail" ? await sent() : 0;
  const recipients = idsOf(people);
  const { status } = await carillon.api("POST", "/v1/events", { ...event(id), recipients });
  if (status !== 202) throw new Error(`An event was answered with ${status}`);
  await until(() => bell.frames.some((frame) => frame.type === "item" && frame.item.event === id), "the last one is told", 60_000);
  const me = await carillon.me(recipients.at(-1)!);
  const { body } = await me("GET", `/inbox?q=${id}`);
  if (body.data.length !== 1) throw new Error(`${id} was not found by search`);
  if (way === "mail") await seldomUntil(async () => (await sent()) - before >= people, "all mails are sent");
}

async function tellPeer(peer: Measured, way: Way, id: string, people: number): Promise<void> {
  const answer = await fetch(`${peer.url}/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...event(id), recipients: idsOf(people), mail: way === "mail" ? "sent" : "none" }),
  });
  if (answer.status !== 202) throw new Error(`The peer answered ${answer.status}`);
  await seldomUntil(peer.isIdle!, "the peer has done all its jobs");
}

const event = (id: string) => ({ id, type: "task_assigned", data: { task: { title: `Call ${id}` }, actorName: "Kim" } });
