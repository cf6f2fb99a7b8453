import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Instance, until } from "../harness/instance.ts";
import { newBrowser } from "./browsers.ts";
import { cpuSeconds, median } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import { onlyWith, ourProcess, spawnDeno } from "./servers.ts";

const PEOPLE = 1_000;
const GOAL = 0.6;

/**
 * B9: one event for a thousand people with a browser each, from the post to the last "sent" in the ledger, into a push service that takes
 * everything; against encryption alone, on the same runtime, with a signature made once.
 */
export async function webPush(effort: Effort): Promise<Row[]> {
  const { isShort, rounds } = effort;
  const service = await startPushService();
  const { host } = service;
  const carillon = await new Instance("deno", { CARILLON_PUSH_HOSTS: host }).start();
  const floor = await spawnDeno("deno-encrypt.ts");
  try {
    await onlyWith(carillon, "push");
    await subscribeAll(carillon, `http://${host}/push`);
    const encrypt = async () => (await (await fetch(floor.url)).json()) as number;
    await sendAll(carillon, service);
    await encrypt();
    const { pids } = ourProcess(carillon);
    const all: { ours: number; alone: number; micros: number }[] = [];
    const control: number[] = [];
    for (let round = 0; round < (isShort ? rounds : Math.ceil(rounds / 2)); round++) {
      const before = await encrypt();
      const cpu = cpuSeconds(pids);
      const ours = [await sendAll(carillon, service), await sendAll(carillon, service)];
      const micros = ((cpuSeconds(pids) - cpu) * 1e6) / (2 * PEOPLE);
      const after = await encrypt();
      control.push(before / after);
      all.push({ ours: (ours[0]! + ours[1]!) / 2, alone: (before + after) / 2, micros });
    }
    checkControl(median(control), effort);
    const figure = (name: keyof (typeof all)[number]) => median(all.map((one) => one[name]));
    return [
      told("B9 encryption with a kept signature alone, on Deno", `${figure("alone").toFixed(0)} pushes/s`),
      told("B9 ours, one event × 1,000 people", `${figure("ours").toFixed(0)} /s, ${figure("micros").toFixed(0)} µs CPU each`),
      judged("B9 against encryption alone", median(all.map(({ ours, alone }) => ours / alone)), "≥", GOAL),
    ];
  } finally {
    floor.stop();
    service.close();
    await carillon.dispose();
  }
}

type PushService = { host: string; taken: () => number; close(): void };

/** A push service that reads each message to its end and takes it. */
async function startPushService(): Promise<PushService> {
  let taken = 0;
  const server = createServer((request, answer) => {
    request.resume();
    request.on("end", () => {
      taken++;
      answer.writeHead(201, { location: "/m/1", ttl: "86400" }).end();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, taken: () => taken, close: () => void server.close() };
}

const ids = Array.from({ length: PEOPLE }, (_, n) => `push-${n}`);

async function subscribeAll(carillon: Instance, service: string): Promise<void> {
  for (let from = 0; from < PEOPLE; from += 20) {
    await Promise.all(
      ids.slice(from, from + 20).map(async (id) => {
        const me = await carillon.me(id);
        const { status } = await me("PUT", "/push", newBrowser(`${service}/${id}`));
        if (status !== 200) throw new Error(`A browser was refused with ${status}`);
      }),
    );
  }
}

/** Pushes a second. The ledger is asked only once the push service has them all: to ask costs the sender time. */
async function sendAll(carillon: Instance, service: PushService): Promise<number> {
  const sent = async (): Promise<number> => (await carillon.api("GET", "/v1/ledger")).body.sent;
  const before = await sent();
  const taken = service.taken();
  const event = { type: "task_assigned", recipients: ids, data: { task: { title: "Call" }, actorName: "Kim" } };
  const started = performance.now();
  const { status } = await carillon.api("POST", "/v1/events", event);
  if (status !== 202) throw new Error(`The event was answered with ${status}`);
  await until(() => service.taken() - taken >= PEOPLE, "the push service has all", 60_000);
  await until(async () => (await sent()) - before >= PEOPLE, "all pushes are sent", 60_000);
  return (PEOPLE * 1_000) / (performance.now() - started);
}
