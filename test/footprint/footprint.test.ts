import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeAll, afterAll, describe, expect, test } from "vitest";
import { sleep, until, type Credentials } from "../harness/instance.ts";
import { commandOf, memoryOf, processesOf, workOf } from "./processes.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const MEBIBYTE = 1024 * 1024;
const FREE_PORTS = Object.fromEntries(
  ["", "REDIS_", "QSTASH_", "SANDBOX_", "SMTP_", "SMTPS_"].map((name) => [`CARILLON_${name}PORT`, "0"]),
);

const SCRIPTS = ["start", "start:workers"];
/** How soon it is ready is a figure of `npm run bench`; here other tests run beside it. */
const READY_MS = 60_000;
const STOP_MS = 5_000;
const IDLE_MS = 10_000;
const MOST_WORK = 0.02;
const MOST_MEMORY = 300 * MEBIBYTE;

type Started = { group: number; child: ChildProcess; credentials: Credentials; readyMs: number };

describe.each(SCRIPTS)("npm run %s, as a person types it", (script) => {
  const data = mkdtempSync(join(tmpdir(), "carillon-footprint-"));
  let started: Started | null = null;
  beforeAll(async () => {
    await start();
    await interrupt();
  }, 90_000);
  afterEach(async () => {
    if (started && processesOf(started.group).length > 0) process.kill(-started.group, "SIGKILL");
  });
  afterAll(() => rmSync(data, { recursive: true, force: true }));

  /** A process group of its own, as a shell makes it. */
  async function start(): Promise<Started> {
    const file = join(data, "credentials.json");
    rmSync(file, { force: true });
    const began = performance.now();
    const child = spawn("npm", ["run", script], {
      cwd: ROOT,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...FREE_PORTS, CARILLON_DATA: data },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
    await until(
      () => {
        if (child.exitCode !== null) throw new Error(`It ended before it was ready:\n${output}`);
        return existsSync(file);
      },
      "it is ready",
      READY_MS,
    );
    const credentials = JSON.parse(readFileSync(file, "utf8")) as Credentials;
    return (started = { group: child.pid!, child, credentials, readyMs: performance.now() - began });
  }

  /** Ctrl-C: the terminal tells the whole group. Answers how long it took until nobody was left. */
  async function interrupt(): Promise<number> {
    const began = performance.now();
    process.kill(-started!.group, "SIGINT");
    await until(() => processesOf(started!.group).length === 0, "the whole group has ended", 15_000);
    return performance.now() - began;
  }

  const addresses = ({ credentials }: Started): string[] =>
    [`${credentials.url}/healthz`, credentials.sandboxUrl, credentials.redisUrl, credentials.qstashUrl].filter((url) => url !== undefined);
  const isServed = (url: string) =>
    fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
      () => true,
      () => false,
    );

  test(`serves all its addresses when it says that it is ready, and Ctrl-C ends all of it within ${STOP_MS / 1_000} s`, async () => {
    const now = await start();
    for (const url of addresses(now)) expect(await isServed(url), url).toBe(true);
    const stopped = await interrupt();
    console.log(`${script}: ready after ${now.readyMs.toFixed(0)} ms, ended after ${stopped.toFixed(0)} ms`);
    for (const url of addresses(now)) expect(await isServed(url), url).toBe(false);
    expect(stopped).toBeLessThanOrEqual(STOP_MS);
  }, 60_000);

  test(`does next to nothing while nobody asks, and holds less than ${MOST_MEMORY / MEBIBYTE} MiB`, async () => {
    const { group } = await start();
    await sleep(3_000);
    const pids = processesOf(group);
    const before = workOf(pids);
    await sleep(IDLE_MS);
    const share = (workOf(pids) - before) / IDLE_MS;
    const each = pids.map((pid) => ({ command: commandOf(pid).slice(0, 60), mebibytes: Math.round(memoryOf([pid]) / MEBIBYTE) }));
    const memory = memoryOf(pids);
    console.log(`${script}: ${(share * 100).toFixed(2)} % of a processor, ${Math.round(memory / MEBIBYTE)} MiB: ${JSON.stringify(each)}`);
    await interrupt();
    expect(pids.length).toBeGreaterThanOrEqual(3);
    expect(share).toBeLessThan(MOST_WORK);
    expect(memory).toBeGreaterThan(0);
    expect(memory).toBeLessThan(MOST_MEMORY);
  }, 60_000);

  test("serves nothing any more within five seconds after its starter alone was killed", async () => {
    const now = await start();
    const starter = processesOf(now.group).find((pid) => /^\S*node\/bin\/node \S*worker\/local\/start\.ts/.test(commandOf(pid)));
    expect(starter).toBeDefined();
    const began = performance.now();
    process.kill(starter!, "SIGKILL");
    const isAnythingServed = async () => (await Promise.all(addresses(now).map(isServed))).some(Boolean);
    await until(async () => !(await isAnythingServed()), "nothing serves any more", STOP_MS);
    await until(() => processesOf(now.group).length === 0, "nobody is left", STOP_MS);
    console.log(`${script}: nobody left ${(performance.now() - began).toFixed(0)} ms after the kill`);
  }, 60_000);
});
