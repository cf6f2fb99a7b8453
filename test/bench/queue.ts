import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuSeconds, median, type Measured } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import { spawnDeno, spawnNode, startRedis } from "./servers.ts";

const GOAL = 5;
/** Until compilers have settled. */
const WARM_RUNS = 3;

type Run = { perSecond: number; cpuMicros: number };

/** B6: the queue alone, from the publish of a job to the end of a handler that does nothing, 32 publishers at once; against BullMQ. */
export async function queue(effort: Effort): Promise<Row[]> {
  const { isShort, rounds } = effort;
  const count = isShort ? 20_000 : 50_000;
  const folder = mkdtempSync(join(tmpdir(), "carillon-queue-"));
  const redis = await startRedis(folder);
  const ours = await spawnDeno("deno-queue.ts", join(folder, "queue.db"));
  const peer = await spawnNode("peer-queue.ts", String(redis.port));
  peer.pids.push(redis.pid);
  try {
    for (const server of [ours, peer]) for (let warm = 0; warm < WARM_RUNS; warm++) await run(server, 20_000);
    const all: { ours: Run; peer: Run }[] = [];
    const control: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const first = await run(ours, count);
      const peers = [await run(peer, count), await run(peer, count)];
      const second = await run(ours, count);
      control.push(first.perSecond / second.perSecond);
      all.push({ ours: mean([first, second]), peer: mean(peers) });
    }
    checkControl(median(control), effort);
    const figures = (name: "ours" | "peer") => {
      const [perSecond, micros] = (["perSecond", "cpuMicros"] as const).map((key) => median(all.map((one) => one[name][key])));
      return `${perSecond!.toFixed(0)} jobs/s, ${micros!.toFixed(0)} µs CPU each`;
    };
    return [
      told("B6 the queue alone, an fsync before each publish is answered", figures("ours")),
      told("   BullMQ, fsync every second", figures("peer")),
      judged("B6 jobs/s against BullMQ", median(all.map((one) => one.ours.perSecond / one.peer.perSecond)), "≥", GOAL),
    ];
  } finally {
    for (const server of [ours, peer, redis]) server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(server: Measured, count: number): Promise<Run> {
  const cpu = cpuSeconds(server.pids);
  const { perSecond, left } = (await (await fetch(`${server.url}/${count}`)).json()) as { perSecond: number; left: number };
  if (left !== 0) throw new Error(`${left} jobs were left over`);
  return { perSecond, cpuMicros: ((cpuSeconds(server.pids) - cpu) * 1e6) / count };
}

const mean = (runs: Run[]): Run => ({
  perSecond: runs.reduce((sum, one) => sum + one.perSecond, 0) / runs.length,
  cpuMicros: runs.reduce((sum, one) => sum + one.cpuMicros, 0) / runs.length,
});
