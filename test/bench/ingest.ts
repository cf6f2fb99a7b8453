import { assigned, burst, meanOf, warmUp, type Burst, type Target } from "./load.ts";
import { median } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import type { Servers } from "./servers.ts";

const NAMES = ["ours", "bare", "durable", "peer"] as const;
type Name = (typeof NAMES)[number];

/**
 * B1: ingest with full work. `bare` is Hono on Deno that stores nothing; `durable` stores one row an event, a commit per turn, and
 * answers after the fsync: the least that anybody's ingest can cost on this machine.
 */
export async function ingest({ carillon, ours, floor, peer }: Servers, effort: Effort): Promise<Row[]> {
  const { isShort, rounds } = effort;
  const count = isShort ? 1_500 : 3_000;
  const targets: Record<Name, Target> = {
    ours: { server: ours, path: "/v1/events", headers: { authorization: `Bearer ${carillon.credentials.apiKey}` }, body: assigned },
    bare: { server: floor, path: "/bare", headers: {}, body: assigned },
    durable: { server: floor, path: "/durable", headers: {}, body: assigned },
    peer: { server: peer, path: "/events", headers: {}, body: assigned },
  };
  for (const name of NAMES) await warmUp(targets[name]);

  const all: Record<Name, Burst>[] = [];
  const control: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const there = await measureAll(targets, NAMES, count);
    const back = await measureAll(targets, NAMES.toReversed(), count);
    control.push(there.ours.cpuMicros / back.ours.cpuMicros);
    all.push(Object.fromEntries(NAMES.map((name) => [name, meanOf(there[name], back[name])])) as Record<Name, Burst>);
  }
  checkControl(median(control), effort);

  const ratio = (key: keyof Burst, above: Name, below: Name) => median(all.map((one) => one[above][key] / one[below][key]));
  const figures = (name: Name) => {
    const [perSecond, micros] = (["perSecond", "cpuMicros"] as const).map((key) => median(all.map((one) => one[name][key])));
    return `${Math.round(perSecond!)} /s, ${micros!.toFixed(1)} µs CPU each`;
  };
  return [
    told("B1 ingest with full work, fsync before the 202", figures("ours")),
    told("   bare Hono on Deno, nothing stored", figures("bare")),
    told("   bare Hono, one row, fsync before the 202", figures("durable")),
    told("   the DIY stack", figures("peer")),
    judged("B1 CPU against bare Hono on Deno", ratio("cpuMicros", "ours", "bare"), "≤", 3.5),
    judged("B1 CPU against the DIY stack", ratio("cpuMicros", "ours", "peer"), "≤", 0.2),
    judged("B1 events/s against the DIY stack", ratio("perSecond", "ours", "peer"), "≥", 4),
    ...limits(ratio),
  ];
}

/** What the machine allows anybody: a goal beyond it can't be met here by whatever code. */
function limits(ratio: (key: keyof Burst, above: Name, below: Name) => number): Row[] {
  const [bare, durable] = [ratio("perSecond", "bare", "peer"), ratio("perSecond", "durable", "peer")];
  const share = ratio("cpuMicros", "durable", "bare");
  const words = durable < 4 ? `${durable.toFixed(2)} × (nobody reaches 4 × here)` : `${durable.toFixed(2)} ×`;
  return [
    told("   bare Hono's rate against the DIY stack", `${bare.toFixed(2)} ×`),
    told("   with one durable row, against the DIY stack", words),
    told("   CPU of one durable row against bare Hono", `${share.toFixed(2)} ×`),
  ];
}

async function measureAll(targets: Record<Name, Target>, order: readonly Name[], count: number): Promise<Record<Name, Burst>> {
  const bursts: Partial<Record<Name, Burst>> = {};
  for (const name of order) bursts[name] = await burst(targets[name], count);
  return bursts as Record<Name, Burst>;
}
