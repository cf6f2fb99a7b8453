import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { embeddedQueue } from "@carillon/worker/embedded/queue";
import { embeddedStore } from "@carillon/worker/embedded/store";
import { bridgeBackend } from "@carillon/worker/local/faces/redis/bridge";
import { startRedisServer } from "@carillon/worker/local/faces/redis/redis-server";
import { afterEach, expect, test } from "vitest";
import { cleanup, folder, realClock } from "./harness.ts";
import { until } from "./queue.ts";
import { hasRedis } from "./real-redis.ts";

const KILLS = 4;
const CHILD = fileURLToPath(new URL("durability-child.ts", import.meta.url));

const clean = cleanup();
afterEach(clean.run);

test("what the store has acknowledged survives kill -9, and no transaction is half there", async () => {
  const file = `${folder(clean)}/store.db`;
  const acknowledged = await writeAndKill("store", file);
  const sql = openSql(file);
  clean.after(sql.close);
  const [left, right] = await embeddedStore(sql, realClock).run(["HVALS", "left"], ["HVALS", "right"]);
  expect(missing(acknowledged, left as string[])).toEqual([]);
  expect(right).toEqual(left);
});

test.skipIf(!hasRedis())(
  "what a Redis of this machine has acknowledged through the bridge survives its kill -9, and the bridge finds it again",
  async () => {
    const home = folder(clean);
    let server = await startRedisServer(home);
    clean.after(() => server.stop());
    const backend = bridgeBackend(server.url);
    clean.after(backend.stop);
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const { pid } = server;
      const before = acknowledged.length;
      const write = async (number: string) => {
        await backend.transact([
          ["HSET", "left", number, "1"],
          ["HSET", "right", number, "1"],
        ]);
        acknowledged.push(number);
      };
      for (let n = 0, isUp = true; isUp; n += 10) {
        if (n === 20) setTimeout(() => process.kill(pid, "SIGKILL"), Math.random() * 50);
        const numbers = Array.from({ length: 10 }, (_, index) => `${kill}-${n + index}`);
        isUp = (await Promise.allSettled(numbers.map(write))).every(({ status }) => status === "fulfilled");
      }
      expect(acknowledged.length).toBeGreaterThanOrEqual(before + 20);
      server = await startRedisServer(home);
    }
    const [left, right] = await backend.run([
      ["HKEYS", "left"],
      ["HKEYS", "right"],
    ]);
    expect(missing(acknowledged, left as string[])).toEqual([]);
    expect(right).toEqual(left);
  },
);

test("what the queue has acknowledged survives kill -9, and is delivered at the start if its time came meanwhile", async () => {
  const file = `${folder(clean)}/queue.db`;
  const acknowledged = await writeAndKill("queue", file);
  const delivered: string[] = [];
  const sql = openSql(file);
  const queue = embeddedQueue({
    sql,
    clock: { now: () => Date.now() + 2 * 3_600_000 },
    handle: async ({ number }) => {
      delivered.push(number);
      return { ok: true };
    },
  });
  clean.after(sql.close);
  clean.after(queue.stop);
  await until(() => delivered.length >= acknowledged.length);
  expect(missing(acknowledged, delivered)).toEqual([]);
});

/** Lets a child write and kills it, several times over; answers all numbers that it was told are stored. */
async function writeAndKill(what: string, file: string): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [CHILD, what, file, String(acknowledged.length + kill * 1_000_000)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const closed = new Promise((resolve) => child.once("close", resolve));
    await until(() => output.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 30 + Math.random() * 100));
    child.kill("SIGKILL");
    await closed;
    acknowledged.push(...output.split("\n").slice(0, -1));
  }
  expect(acknowledged.length).toBeGreaterThan(KILLS * 10);
  return acknowledged;
}

function missing(wanted: string[], found: string[]): string[] {
  const all = new Set(found);
  return wanted.filter((number) => !all.has(number));
}
