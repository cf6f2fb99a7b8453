import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Instance } from "../harness/instance.ts";
import { startRuntime } from "../runtimes/start-runtime.ts";
import { assigned, burst, meanOf, warmUp, type Burst, type Target } from "./load.ts";
import { median, type Measured } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import { ROOT, mailIntoTarpit, ourProcess, processOf, silentServer } from "./servers.ts";

const GOAL = 1.5;

/**
 * B2: ingest with full work on workerd, with the store and the queue over REST; against a worker that asks a store, writes a row in an
 * object and tells a queue. Only workerd's own CPU is counted on either side.
 */
export async function ingestOnWorkers(effort: Effort): Promise<Row[]> {
  const { isShort, rounds } = effort;
  const count = isShort ? 500 : 1_500;
  const folder = mkdtempSync(join(tmpdir(), "carillon-floor-"));
  const tarpit = await silentServer();
  const rest = await restServer();
  const carillon = await new Instance("workers").start();
  const runtime = await startRuntime(
    "workerd",
    join(ROOT, "test/bench/workerd-floor.ts"),
    folder,
    carillon.credentials.smtp.caFile,
    "Floor",
  );
  try {
    await mailIntoTarpit(carillon, tarpit);
    const floor: Measured = { url: runtime.url, pids: [processOf("workerd serve", folder)], stop: () => undefined };
    const targets: Record<"ours" | "floor", Target> = {
      ours: {
        server: ourProcess(carillon),
        path: "/v1/events",
        headers: { authorization: `Bearer ${carillon.credentials.apiKey}` },
        body: assigned,
      },
      floor: { server: floor, path: `/?rest=${encodeURIComponent(rest.url)}`, headers: {}, body: assigned },
    };
    for (const target of Object.values(targets)) await warmUp(target);
    const all: { ours: Burst; floor: Burst }[] = [];
    const control: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const first = await burst(targets.ours, count);
      const floors = [await burst(targets.floor, count), await burst(targets.floor, count)];
      const second = await burst(targets.ours, count);
      control.push(first.cpuMicros / second.cpuMicros);
      all.push({ ours: meanOf(first, second), floor: meanOf(floors[0]!, floors[1]!) });
    }
    checkControl(median(control), effort);
    const figures = (name: "ours" | "floor") => {
      const [perSecond, micros] = (["perSecond", "cpuMicros"] as const).map((key) => median(all.map((one) => one[name][key])));
      return `${perSecond!.toFixed(0)} /s, ${micros!.toFixed(0)} µs CPU each`;
    };
    return [
      told("B2 ingest with full work on workerd", figures("ours")),
      told("   workerd, two REST calls and a row in an object", figures("floor")),
      judged("B2 CPU against that", median(all.map((one) => one.ours.cpuMicros / one.floor.cpuMicros)), "≤", GOAL),
    ];
  } finally {
    await runtime.stop();
    tarpit.close();
    rest.close();
    await carillon.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Answers each request at once, with as much as Redis would. */
async function restServer(): Promise<{ url: string; close(): void }> {
  const body = JSON.stringify([{ result: ["7", "1", "Acme CRM", "x".repeat(200)] }]);
  const server = createServer((request, answer) => {
    request.resume();
    request.on("end", () => answer.writeHead(200, { "content-type": "application/json" }).end(body));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
}
