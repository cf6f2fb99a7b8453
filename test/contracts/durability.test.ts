import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { embeddedQueue } from "@carillon/worker/embedded/queue";
import { embeddedStore } from "@carillon/worker/embedded/store";
import { afterEach, expect, test } from "vitest";
import { cleanup, folder, realClock } from "./harness.ts";
import { until } from "./queue.ts";

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
