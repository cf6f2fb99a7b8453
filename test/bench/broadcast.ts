import { Instance, until } from "../harness/instance.ts";
import { latencies } from "./latency.ts";
import { cpuSeconds, median } from "./process.ts";
import { judged, told, type Effort, type Row } from "./report.ts";
import { onlyWith, ourProcess } from "./servers.ts";

const BULK = 500;

/** One event for 100,000 people in one shard, searchable, in-app: what it costs, and what others notice of it. */
export async function broadcast({ isShort }: Effort): Promise<Row[]> {
  const people = isShort ? 5_000 : 100_000;
  const carillon = await new Instance("deno").start();
  try {
    await onlyWith(carillon);
    const ours = ourProcess(carillon);
    for (let from = 0; from < people; from += BULK) {
      const users = Array.from({ length: BULK }, (_, n) => ({ id: `many-${from + n}`, lists: ["many"] }));
      const { status } = await carillon.api("POST", "/v1/users/bulk", { users });
      if (status !== 200) throw new Error(`People were answered with ${status}`);
    }
    const single = await latencies.carillon(ours, carillon, 0);
    await single.p50(200);
    const quiet = median([await single.p50(200), await single.p50(200), await single.p50(200)]);

    const toldSoFar = async () => (await carillon.api("GET", "/v1/events/all")).body.fanOut.told as number;
    const cpu = cpuSeconds(ours.pids);
    const started = performance.now();
    const event = { id: "all", type: "task_assigned", audience: { kind: "list", name: "many" }, data: { task: { title: "Move" } } };
    const { status, body } = await carillon.api("POST", "/v1/events", event);
    const accepted = performance.now() - started;
    if (status !== 202 || body.accepted !== people) throw new Error(`The event was answered with ${status} ${JSON.stringify(body)}`);
    const during: number[] = [];
    let probes = 0;
    while ((await toldSoFar()) < people) {
      during.push(await single.p50(50));
      probes += 50;
    }
    const seconds = (performance.now() - started) / 1_000;
    // What the probes themselves cost is taken off by what they cost on a quiet shard.
    const spent = cpuSeconds(ours.pids) - cpu;
    const before = cpuSeconds(ours.pids);
    await single.p50(probes);
    const micros = ((spent - (cpuSeconds(ours.pids) - before)) * 1e6) / people;
    single.close();
    await until(async () => (await carillon.api("GET", "/v1/ledger")).body.inFlight === 0, "all is settled");
    return [
      told(`An event for ${people.toLocaleString("en")} people: accepted, told`, `${accepted.toFixed(0)} ms, ${seconds.toFixed(1)} s`),
      judged("   CPU a person", micros, "≤", 40, "µs", 1),
      judged("   event to socket, p50, meanwhile against quiet", median(during) / quiet, "≤", 2),
      told("   quiet, meanwhile", `${quiet.toFixed(2)} ms, ${median(during).toFixed(2)} ms`),
    ];
  } finally {
    await carillon.dispose();
  }
}
