import { Agent, request } from "node:http";
import { cpuSeconds, type Measured } from "./process.ts";

export type Target = { server: Measured; path: string; headers: Record<string, string>; body(n: number): string };
export type Burst = { perSecond: number; cpuMicros: number };

const CONNECTIONS = 32;
const PATIENCE_MS = 30_000;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, scheduling: "lifo" });
let serial = 0;

/**
 * Posts `count` bodies over 32 kept connections; every answer must be 2xx. Time and CPU are taken once all the work they caused is done:
 * whoever answers first and works later has not done it sooner.
 */
export async function burst(target: Target, count: number): Promise<Burst> {
  const started = performance.now();
  const cpu = cpuSeconds(target.server.pids);
  let left = count;
  const one = async () => {
    while (left-- > 0) await post(target, target.body(serial++));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  while (target.server.isIdle && !(await target.server.isIdle())) await new Promise((resolve) => setTimeout(resolve, 5));
  const seconds = (performance.now() - started) / 1_000;
  return { perSecond: count / seconds, cpuMicros: ((cpuSeconds(target.server.pids) - cpu) * 1e6) / count };
}

/** So many until compilers and caches have settled. */
const WARM_BURSTS = 4;

export async function warmUp(target: Target): Promise<void> {
  for (let warm = 0; warm < WARM_BURSTS; warm++) await burst(target, 3_000);
}

export const meanOf = (a: Burst, b: Burst): Burst => ({
  perSecond: (a.perSecond + b.perSecond) / 2,
  cpuMicros: (a.cpuMicros + b.cpuMicros) / 2,
});

/** The event of ingest, for one of five people, under an id of its own. */
export const assigned = (n: number): string =>
  JSON.stringify({
    id: `bench-${n}`,
    type: "task_assigned",
    recipients: [`u${(n % 5) + 1}`],
    data: { task: { title: `Call ${n}` }, actorName: "Kim" },
  });

export function post({ server, path, headers }: Target, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request(
      server.url + path,
      { agent, method: "POST", headers: { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) } },
      (answer) => {
        answer.resume();
        answer.on("end", () => (answer.statusCode! < 300 ? resolve() : reject(new Error(`${path} answered ${answer.statusCode}`))));
      },
    );
    call.on("error", reject);
    call.setTimeout(PATIENCE_MS, () => call.destroy(new Error(`${path} did not answer`)));
    call.end(body);
  });
}
