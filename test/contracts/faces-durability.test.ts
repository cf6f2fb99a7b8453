import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "@upstash/qstash";
import { Redis } from "@upstash/redis";
import { afterEach, expect, test, vi } from "vitest";
import { type Cleanup, cleanup, folder, TOKENS } from "./harness.ts";
import { until } from "./queue.ts";

const KILLS = 3;
const CHILD = fileURLToPath(new URL("faces-child.ts", import.meta.url));

const clean = cleanup();
afterEach(async () => {
  await clean.run();
  vi.restoreAllMocks();
});

test("what the faces have told the clients is stored survives kill -9: values, queued messages, schedules", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // The client logs by itself.
  const data = folder(clean);
  const told = { values: [] as string[], messages: [] as string[], schedules: [] as string[] };
  for (let kill = 0; kill < KILLS; kill++) {
    const { child, redis, qstash } = await facesOf(clean, data);
    const queue = qstash.queue({ queueName: "q" });
    await queue.upsert({ paused: true });
    const write = async (name: string) => {
      await redis.rpush("list", name);
      told.values.push(name);
      const { messageId } = await queue.enqueueJSON({ url: "http://127.0.0.1:9/never", body: name });
      told.messages.push(messageId);
      await qstash.schedules.create({ destination: "http://127.0.0.1:9/never", cron: "0 0 1 1 *", scheduleId: name });
      told.schedules.push(name);
    };
    let isUp = true;
    for (let n = 0; isUp; n += 5) {
      if (n === 10) setTimeout(() => child.kill("SIGKILL"), Math.random() * 40);
      const names = Array.from({ length: 5 }, (_, index) => `${kill}-${n + index}`);
      isUp = (await Promise.allSettled(names.map(write))).every(({ status }) => status === "fulfilled");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  const { redis, qstash } = await facesOf(clean, data);
  expect(told.schedules.length).toBeGreaterThanOrEqual(KILLS * 10);
  const values = new Set(await redis.lrange<string>("list", 0, -1));
  expect(told.values.filter((name) => !values.has(name))).toEqual([]);
  const schedules = new Set((await qstash.schedules.list()).map(({ scheduleId }) => scheduleId));
  expect(told.schedules.filter((name) => !schedules.has(name))).toEqual([]);
  const { lag, paused } = await qstash.queue({ queueName: "q" }).get();
  expect([paused, lag >= told.messages.length]).toEqual([true, true]);
  expect(await qstash.messages.cancel(told.messages)).toEqual({ cancelled: told.messages.length });
});

async function facesOf({ after }: Cleanup, data: string): Promise<{ child: ChildProcess; redis: Redis; qstash: Client }> {
  const child = spawn(process.execPath, [CHILD, data], { stdio: ["ignore", "pipe", "inherit"] });
  after(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await until(() => output.endsWith("\n"));
  const { redisUrl, qstashUrl } = JSON.parse(output) as { redisUrl: string; qstashUrl: string };
  const retry = { retries: 0 };
  return {
    child,
    redis: new Redis({ url: redisUrl, token: TOKENS.redisToken, retry }),
    qstash: new Client({ baseUrl: qstashUrl, token: TOKENS.qstashToken, devMode: false, retry: false }),
  };
}
