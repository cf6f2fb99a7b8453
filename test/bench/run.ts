import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "@carillon/worker/local/free-port";
import { Instance, until } from "../harness/instance.ts";
import { burst, type Target } from "./load.ts";
import { commandOf, descendants, machine, median, spawnReady, type Measured } from "./process.ts";
import { latencies } from "./latency.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const DENO = join(ROOT, "node_modules/deno/deno");
const isShort = process.argv.includes("--short");
const ROUNDS = isShort ? 2 : 10;
const BURST = isShort ? 500 : 3_000;
const PUSHES = isShort ? 50 : 200;
const IDLE_SOCKETS = isShort ? 200 : 5_000;
/** An A/A comparison outside of this says that the machine was too noisy to be believed. */
const CONTROL = { from: 0.85, to: 1.18 };

type Row = { name: string; value: string; goal: string; isMet: boolean };

/** B1 and B3 of the goals: ingest with full work, and event to socket, against the bare floor and the stack one would build oneself. */
async function bench(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-bench-"));
  const redisPort = await freePort();
  const redis = spawn("redis-server", ["--port", String(redisPort), "--bind", "127.0.0.1", "--appendonly", "yes", "--dir", folder], {
    stdio: "ignore",
  });
  const tarpit = await silentServer();
  const carillon = await new Instance("deno").start();
  const ours = ourProcess(carillon);
  const floor = await spawnReady(DENO, [
    "run",
    "--no-lock",
    "--allow-all",
    join(ROOT, "test/bench/deno-floor.ts"),
    "0",
    join(folder, "floor.db"),
  ]);
  const peer = await spawnReady(process.execPath, [join(ROOT, "test/bench/peer.ts"), String(redisPort)]);
  peer.pids.push(redis.pid!);
  peer.isIdle = async () => ((await (await fetch(`${peer.url}/unfinished`)).json()) as { unfinished: number }).unfinished === 0;
  try {
    await mailIntoTarpit(carillon, (tarpit.address() as { port: number }).port);
    const rows = [...(await ingest(ours, floor, peer, carillon)), ...(await pushes(ours, floor, peer, carillon))];
    report(rows);
  } finally {
    for (const server of [floor, peer]) server.stop();
    redis.kill("SIGKILL");
    tarpit.close();
    await carillon.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ingest(ours: Measured, floor: Measured, peer: Measured, carillon: Instance): Promise<Row[]> {
  const event = (n: number) =>
    JSON.stringify({
      id: `bench-${n}`,
      type: "task_assigned",
      recipients: [`u${(n % 5) + 1}`],
      data: { task: { title: `Call ${n}` }, actorName: "Kim" },
    });
  const targets: Record<"ours" | "floor" | "peer", Target> = {
    ours: { server: ours, path: "/v1/events", headers: { authorization: `Bearer ${carillon.credentials.apiKey}` }, body: event },
    floor: { server: floor, path: "/bare", headers: {}, body: event },
    peer: { server: peer, path: "/events", headers: {}, body: event },
  };
  for (const target of Object.values(targets)) for (let warm = 0; warm < 3; warm++) await burst(target, BURST);

  const ratios: Record<"cpuFloor" | "cpuPeer" | "ratePeer" | "control", number[]> = {
    cpuFloor: [],
    cpuPeer: [],
    ratePeer: [],
    control: [],
  };
  const cpu: number[] = [];
  const rate: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const order = ["ours", "floor", "peer", "peer", "floor", "ours"] as const;
    const results: Record<"ours" | "floor" | "peer", { perSecond: number; cpuMicros: number }[]> = { ours: [], floor: [], peer: [] };
    for (const name of order) results[name].push(await burst(targets[name], BURST));
    const mean = (name: "ours" | "floor" | "peer", key: "perSecond" | "cpuMicros") => (results[name][0]![key] + results[name][1]![key]) / 2;
    ratios.cpuFloor.push(mean("ours", "cpuMicros") / mean("floor", "cpuMicros"));
    ratios.cpuPeer.push(mean("ours", "cpuMicros") / mean("peer", "cpuMicros"));
    ratios.ratePeer.push(mean("ours", "perSecond") / mean("peer", "perSecond"));
    ratios.control.push(results.ours[0]!.cpuMicros / results.ours[1]!.cpuMicros);
    cpu.push(mean("ours", "cpuMicros"));
    rate.push(mean("ours", "perSecond"));
  }
  checkControl(median(ratios.control));
  return [
    { name: "B1 ingest", value: `${Math.round(median(rate))} events/s, ${Math.round(median(cpu))} µs CPU each`, goal: "–", isMet: true },
    row("B1 CPU against bare Hono on Deno", median(ratios.cpuFloor), "≤", 3.5),
    row("B1 CPU against the DIY stack", median(ratios.cpuPeer), "≤", 0.2),
    row("B1 events/s against the DIY stack", median(ratios.ratePeer), "≥", 4),
  ];
}

async function pushes(ours: Measured, floor: Measured, peer: Measured, carillon: Instance): Promise<Row[]> {
  const ratios: Record<"floor" | "peer" | "idle" | "control", number[]> = { floor: [], peer: [], idle: [], control: [] };
  const p50: number[] = [];
  const alone = await latencies.carillon(ours, carillon, 0);
  const bare = await latencies.floor(floor);
  const diy = await latencies.peer(peer);
  for (const measure of [alone, bare, diy]) await measure.p50(PUSHES);
  for (let round = 0; round < ROUNDS; round++) {
    const first = await alone.p50(PUSHES);
    const floors = [await bare.p50(PUSHES), await bare.p50(PUSHES)];
    const peers = [await diy.p50(PUSHES), await diy.p50(PUSHES)];
    const second = await alone.p50(PUSHES);
    p50.push((first + second) / 2);
    ratios.floor.push((first + second) / (floors[0]! + floors[1]!));
    ratios.peer.push((first + second) / (peers[0]! + peers[1]!));
    ratios.control.push(first / second);
  }
  const quiet = median(p50);
  const crowded = await latencies.carillon(ours, carillon, IDLE_SOCKETS);
  for (let round = 0; round < ROUNDS; round++) ratios.idle.push((await crowded.p50(PUSHES)) / quiet);
  for (const measure of [alone, bare, diy, crowded]) measure.close();
  checkControl(median(ratios.control));
  return [
    { name: "B3 event to socket, p50", value: `${quiet.toFixed(2)} ms`, goal: "–", isMet: true },
    row("B3 against a bare push with fsync", median(ratios.floor), "≤", 2.6),
    row("B3 against the DIY stack", median(ratios.peer), "≤", 0.8),
    row(`B3 with ${IDLE_SOCKETS} idle sockets against itself`, median(ratios.idle), "≤", 1.3),
  ];
}

const row = (name: string, value: number, sign: "≤" | "≥", goal: number): Row => ({
  name,
  value: `${value.toFixed(2)} ×`,
  goal: `${sign} ${goal} ×`,
  isMet: sign === "≤" ? value <= goal : value >= goal,
});

function checkControl(ratio: number): void {
  if (ratio < CONTROL.from || ratio > CONTROL.to)
    throw new Error(`The run is void: against itself it measured ${ratio.toFixed(2)} ×. Let the machine rest.`);
  console.log(`control (against itself): ${ratio.toFixed(2)} ×`);
}

function report(rows: Row[]): void {
  console.log(`\n${machine()}; ${ROUNDS} rounds, medians\n`);
  for (const { name, value, goal, isMet } of rows)
    console.log(`${isMet ? "ok   " : "MISS "} ${name.padEnd(46)} ${value.padStart(34)}   ${goal}`);
  mkdirSync(join(ROOT, "test-results"), { recursive: true });
  writeFileSync(join(ROOT, "test-results/bench.json"), JSON.stringify({ machine: machine(), rows }, null, 2));
  process.exitCode = rows.every((one) => one.isMet) ? 0 : 1;
}

/** The process that does the work, without the starter and the sandbox beside it. */
function ourProcess(carillon: Instance): Measured {
  const pid = descendants(process.pid).find((one) => /deno-main\.ts/.test(commandOf(one)));
  if (!pid) throw new Error("Carillon's process was not found");
  return { url: carillon.credentials.url.replace("localhost", "127.0.0.1"), pids: [pid], stop: () => undefined };
}

/** Takes connections and says nothing: mail queues up, and none is sent while ingest is measured. */
function silentServer(): Promise<Server> {
  const server = createServer((socket) => void socket.on("error", () => socket.destroy()));
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function mailIntoTarpit(carillon: Instance, port: number): Promise<void> {
  const admin = await carillon.admin();
  const { body } = await admin("GET", "/channels/email");
  const settings = { ...body.settings, host: "127.0.0.1", port };
  await until(
    async () => (await admin("PUT", "/channels/email", { version: body.version, settings, secrets: { password: "x" } })).status === 200,
    "the tarpit is set",
  );
}

await bench();
