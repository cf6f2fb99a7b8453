import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cleanup } from "./harness.ts";
import { until } from "./queue.ts";
import { qstashWorld } from "./qstash-world.ts";

const clean = cleanup();
afterEach(async () => {
  await clean.run();
  vi.restoreAllMocks();
});

let world: Awaited<ReturnType<typeof qstashWorld>>;
beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // The client logs by itself.
  world = await qstashWorld(clean);
});

const enqueue = (queueName: string, path: string, more: object = {}) =>
  world.client.queue({ queueName }).enqueueJSON({ url: world.target + path, body: 1, ...more });
const quiet = () => new Promise((resolve) => setTimeout(resolve, 80));

test("a queue delivers in its order, one after the other, and the next waits for the retries of the one before", async () => {
  world.answer = ({ path, headers }) => new Response(null, { status: path === "/2" && headers.get("upstash-retried") === "0" ? 500 : 200 });
  for (const path of ["/1", "/2", "/3", "/4"]) await enqueue("q", path);
  await until(() => world.received.length === 2);
  await quiet();
  expect(world.paths()).toEqual(["/1", "/2"]);
  expect(await world.client.queue({ queueName: "q" }).get()).toMatchObject({ name: "q", parallelism: 1, paused: false, lag: 3 });
  await world.pass(12_183);
  await until(() => world.received.length === 5);
  expect(world.paths()).toEqual(["/1", "/2", "/2", "/3", "/4"]);
  expect((await world.client.queue({ queueName: "q" }).get()).lag).toBe(0);
});

test("the next waits for the callbacks of the one before, too", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  world.answer = ({ path }) => (path === "/told" ? promise : new Response());
  await enqueue("q", "/1", { callback: `${world.target}/told` });
  await enqueue("q", "/2");
  await until(() => world.received.length === 2);
  await quiet();
  expect(world.paths()).toEqual(["/1", "/told"]);
  resolve(new Response());
  await until(() => world.received.length === 3);
});

test("a queue keeps its order over a restart, also while its first waits for a retry", async () => {
  world.answer = () => new Response(null, { status: 500 });
  for (const path of ["/1", "/2", "/3"]) await enqueue("q", path);
  await until(() => world.received.length === 1);
  await world.settled();
  await world.restart();
  await world.pass(1);
  expect(world.paths()).toEqual(["/1"]);
  world.answer = () => new Response();
  await world.pass(12_183);
  await until(() => world.received.length === 4);
  expect(world.paths()).toEqual(["/1", "/1", "/2", "/3"]);
});

test("so many of a queue are under way at once as its parallelism says", async () => {
  const held: (() => void)[] = [];
  world.answer = () => new Promise((resolve) => held.push(() => resolve(new Response())));
  const queue = world.client.queue({ queueName: "wide" });
  await queue.upsert({ parallelism: 2 });
  for (const path of ["/1", "/2", "/3", "/4"]) await enqueue("wide", path);
  await until(() => held.length === 2);
  await quiet();
  expect(world.received.length).toBe(2);
  await queue.upsert({ parallelism: 3 });
  await until(() => held.length === 3);
  held[0]?.();
  await until(() => held.length === 4);
  for (const release of held) release();
  await world.settled();
  expect((await queue.get()).lag).toBe(0);
});

test("a paused queue takes messages and delivers none until it is resumed; what is cancelled makes room", async () => {
  const queue = world.client.queue({ queueName: "q" });
  await queue.upsert({ paused: true });
  const first = await enqueue("q", "/1");
  await enqueue("q", "/2");
  await world.pass(1_000);
  await world.restart();
  expect([world.received.length, await queueOf("q")]).toEqual([0, { paused: true, lag: 2 }]);
  await world.client.messages.cancel(first.messageId);
  await world.client.queue({ queueName: "q" }).resume();
  await until(() => world.received.length === 1);
  expect(world.paths()).toEqual(["/2"]);
  await world.client.queue({ queueName: "q" }).delete();
  expect(await world.client.queue().list()).toEqual([]);
});

async function queueOf(queueName: string): Promise<object> {
  const { paused, lag } = await world.client.queue({ queueName }).get();
  return { paused, lag };
}

test("a dead letter of a queue makes room for the next, and stands at the end when it is retried", async () => {
  world.answer = ({ path }) => new Response(null, { status: path === "/bad" ? 500 : 200 });
  await enqueue("q", "/bad", { retries: 0 });
  await enqueue("q", "/good");
  await until(() => world.received.length === 2);
  await world.settled();
  world.answer = () => new Response();
  await world.client.dlq.retry({ filter: { queueName: "q" } });
  await until(() => world.received.length === 3);
  expect(world.paths()).toEqual(["/bad", "/good", "/bad"]);
});

test("flow control lets so many attempts of a key be under way as it says, and others go by", async () => {
  const held: (() => void)[] = [];
  world.answer = ({ path }) => (path === "/other" ? new Response() : new Promise((resolve) => held.push(() => resolve(new Response()))));
  const flowControl = { key: "k", parallelism: 2 };
  for (let n = 0; n < 5; n++) await world.client.publishJSON({ url: world.target, body: n, flowControl });
  await world.client.publishJSON({ url: `${world.target}/other`, body: 1 });
  await until(() => world.received.length === 3);
  await quiet();
  expect(await world.client.flowControl.get("k")).toMatchObject({
    waitListSize: 3,
    parallelismMax: 2,
    parallelismCount: 2,
    isPaused: false,
  });
  held[0]?.();
  await until(() => held.length === 3);
  expect((await world.client.flowControl.get("k")).waitListSize).toBe(2);
  await world.client.flowControl.pin("k", { parallelism: 4 });
  await until(() => held.length === 5);
  for (const release of held) release();
  await world.settled();
  expect(await world.client.flowControl.get("k")).toMatchObject({
    waitListSize: 0,
    parallelismMax: 4,
    parallelismCount: 0,
    isPinnedParallelism: true,
  });
  await world.client.flowControl.unpin("k", { parallelism: true });
  expect((await world.client.flowControl.get("k")).isPinnedParallelism).toBe(false);
});

test("flow control lets so many attempts begin in a period as it says", async () => {
  const flowControl = { key: "slow", rate: 2, period: "1m" } as const;
  for (let n = 0; n < 5; n++) await world.client.publishJSON({ url: world.target, body: n, flowControl });
  await until(() => world.received.length === 2);
  await world.pass(59_000);
  expect(world.received.length).toBe(2);
  expect(await world.client.flowControl.get("slow")).toMatchObject({ waitListSize: 3, rateMax: 2, rateCount: 2, ratePeriod: 60 });
  await world.pass(1_000);
  expect(world.received.length).toBe(4);
  await world.client.flowControl.resetRate("slow");
  await until(() => world.received.length === 5);
});

test("a paused key waits, over a restart as well", async () => {
  await world.client.flowControl.pause("k");
  await world.client.publishJSON({ url: world.target, body: 1, flowControl: { key: "k", rate: 10 } });
  await world.pass(5_000);
  await world.restart();
  expect([world.received.length, (await world.client.flowControl.get("k")).isPaused]).toEqual([0, true]);
  await world.client.flowControl.resume("k");
  await until(() => world.received.length === 1);
});
