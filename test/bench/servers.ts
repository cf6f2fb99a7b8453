import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EXTERNAL_CHANNELS, type ExternalChannel } from "@carillon/shared/channels";
import { freePort } from "@carillon/worker/local/free-port";
import { Instance, until } from "../harness/instance.ts";
import { commandOf, descendants, spawnOwned, spawnReady, type Measured } from "./process.ts";

export const ROOT = resolve(import.meta.dirname, "../..");
const DENO = join(ROOT, "node_modules/deno/deno");

/** What B1 and B3 compare: Carillon, the runtime's floor, and the stack that one would build oneself. */
export type Servers = { carillon: Instance; ours: Measured; floor: Measured; peer: Measured; stop(): Promise<void> };

export async function startServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-bench-"));
  const redis = await startRedis(folder);
  const tarpit = await silentServer();
  const carillon = await new Instance("deno").start();
  const ours = ourProcess(carillon);
  const floor = await spawnDeno("deno-floor.ts", "0", join(folder, "floor.db"));
  const peer = await spawnPeer(redis);
  await mailIntoTarpit(carillon, tarpit);
  return {
    carillon,
    ours,
    floor,
    peer,
    async stop() {
      for (const server of [floor, peer]) server.stop();
      redis.stop();
      tarpit.close();
      await carillon.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** With its append-only file, written to the disk every second. */
export async function startRedis(folder: string): Promise<{ port: number; pid: number; stop(): void }> {
  const port = await freePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--appendonly", "yes", "--dir", folder];
  const child = spawnOwned("redis-server", settings, "ignore");
  await new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return { port, pid: child.pid!, stop: () => child.kill("SIGKILL") };
}

/** A script of this folder on Deno. It may be asked to collect its garbage, see process.ts. */
export const spawnDeno = (script: string, ...args: string[]): Promise<Measured> =>
  spawnReady(DENO, ["run", "--no-lock", "--v8-flags=--expose-gc", "--allow-all", join(ROOT, "test/bench", script), ...args]);

/** A script of this folder on Node, likewise. */
export const spawnNode = (script: string, ...args: string[]): Promise<Measured> =>
  spawnReady(process.execPath, ["--expose-gc", join(ROOT, "test/bench", script), ...args]);

/** The stack that one would build oneself, its Redis counted in. `smtp`: what nodemailer takes, where mails are to be sent. */
export async function spawnPeer(redis: { port: number; pid: number }, smtp?: object): Promise<Measured> {
  const peer = await spawnNode("peer.ts", String(redis.port), ...(smtp ? [JSON.stringify(smtp)] : []));
  const isIdle = async () => ((await (await fetch(`${peer.url}/unfinished`)).json()) as { unfinished: number }).unfinished === 0;
  return { ...peer, pids: [...peer.pids, redis.pid], isIdle };
}

export type Admin = Awaited<ReturnType<Instance["admin"]>>;

/** The bell and these channels are on, the others are not: an event for one person makes an item and a delivery of each. */
export async function onlyWith(carillon: Instance, ...channels: ExternalChannel[]): Promise<Admin> {
  const admin = await carillon.admin();
  for (const channel of EXTERNAL_CHANNELS.filter((one) => !channels.includes(one))) {
    const { status } = await admin("POST", `/channels/${channel}/disable`, {});
    if (status !== 200) throw new Error(`${channel} could not be switched off: ${status}`);
  }
  return admin;
}

/** The process that does the work, without the starter, the sandbox and the Upstash faces beside it. */
export function ourProcess(carillon: Instance): Measured {
  const pid = processOf(carillon.runtime === "deno" ? "deno-main.ts" : "workerd serve", carillon.data);
  return { url: carillon.credentials.url.replace("localhost", "127.0.0.1"), pids: [pid], stop: () => undefined };
}

/** The process that we have started with all of these words in its command line. */
export function processOf(...words: string[]): number {
  const pid = descendants(process.pid).find((one) => words.every((word) => commandOf(one).includes(word)));
  if (!pid) throw new Error(`No process was found by ${words.join(" ")}`);
  return pid;
}

/** Takes connections and says nothing: mail queues up, and none is sent while ingest is measured. */
export function silentServer(): Promise<Server> {
  const server = createServer((socket) => void socket.on("error", () => socket.destroy()));
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done(server)));
}

export async function mailIntoTarpit(carillon: Instance, tarpit: Server): Promise<void> {
  const { port } = tarpit.address() as AddressInfo;
  const admin = await onlyWith(carillon, "email");
  const { body } = await admin("GET", "/channels/email");
  const settings = { ...body.settings, host: "127.0.0.1", port };
  await until(
    async () => (await admin("PUT", "/channels/email", { version: body.version, settings, secrets: { password: "x" } })).status === 200,
    "the tarpit is set",
  );
}
