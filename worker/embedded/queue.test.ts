import { afterEach, expect, test, vi } from "vitest";
import { openSql } from "../adapters/node-sqlite.ts";
import type { Job } from "../ports.ts";
import { embeddedQueue } from "./queue.ts";
import { QueueEngine } from "./queue/engine.ts";

const jobAt = (at: number, number = "1"): Job => ({ org: "acme", shard: 0, channel: "email", at, number });

let stopping: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stopping) await stop();
  stopping = [];
});

function queueAt(
  start: number,
  handle: (job: Job) => Promise<{ ok: true } | { ok: false; retryAfterMs?: number }>,
  sql = openSql(":memory:"),
) {
  const clock = { time: start, now: () => clock.time };
  const queue = embeddedQueue({ sql, clock, handle });
  stopping.push(() => queue.stop());
  return { queue, clock, sql };
}

test("what becomes due while the queue looks for what is due is not overlooked", async () => {
  for (let ahead = 1; ahead < 12; ahead++) {
    let time = 1_000;
    const delivered: Job[] = [];
    const queue = embeddedQueue({
      sql: openSql(":memory:"),
      clock: { now: () => time++ },
      handle: async (job) => {
        delivered.push(job);
        return { ok: true };
      },
    });
    await queue.publish([jobAt(time + ahead)]);
    await vi.waitFor(() => expect(delivered.length).toBe(1));
    await queue.stop();
  }
});

test("a failing job comes back after 12 s, 2½ min and half an hour, and is then given up", async () => {
  const times: number[] = [];
  const { queue, clock, sql } = queueAt(0, async () => {
    times.push(clock.time);
    return { ok: false };
  });
  await queue.publish([jobAt(0)]);
  for (const wait of [0, 12_182, 148_413, 1_808_042, 90_000_000]) {
    clock.time += wait - 1;
    queue.wake();
    await new Promise((resolve) => setTimeout(resolve, 10));
    clock.time += 1;
    queue.wake();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(times).toEqual([0, 12_182, 160_595, 1_968_637]);
  expect(sql.exec("SELECT count(*) AS n FROM dead_letter").toArray()).toEqual([{ n: 1 }]);
});

test("a job that waits already is not stored twice", async () => {
  const { queue, sql } = queueAt(0, async () => ({ ok: true }));
  await Promise.all([queue.publish([jobAt(5_000)]), queue.publish([jobAt(5_000), jobAt(5_000, "2")])]);
  await queue.publish([jobAt(5_000)]);
  expect(sql.exec("SELECT count(*) AS n FROM message").toArray()).toEqual([{ n: 2 }]);
});

test("no more than 16 jobs are under way at once", async () => {
  let [underWay, most] = [0, 0];
  const done: Job[] = [];
  const { queue } = queueAt(0, async (job) => {
    most = Math.max(most, ++underWay);
    await new Promise((resolve) => setTimeout(resolve, 2));
    underWay--;
    done.push(job);
    return { ok: true };
  });
  await queue.publish(Array.from({ length: 100 }, (_, n) => jobAt(0, String(n))));
  await vi.waitFor(() => expect(done.length).toBe(100));
  expect(most).toBe(16);
});

test("a job whose handler breaks is delivered again and costs no retry", async () => {
  const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
  let attempts = 0;
  const { queue, clock } = queueAt(0, async () => {
    if (++attempts < 8) throw new Error("broken");
    return { ok: true };
  });
  await queue.publish([jobAt(0)]);
  await vi.waitFor(() => {
    clock.time += 10_000;
    queue.wake();
    expect(attempts).toBe(8);
  });
  quiet.mockRestore();
});

test("jobs that the disk refuses are refused to the publisher, and nothing is delivered", async () => {
  const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const delivered: Job[] = [];
  const { queue, sql } = queueAt(0, async (job) => {
    delivered.push(job);
    return { ok: true };
  });
  sql.exec("CREATE TRIGGER full BEFORE INSERT ON message BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  await expect(queue.publish([jobAt(0)])).rejects.toMatchObject({ name: "Unavailable", part: "queue" });
  sql.exec("DROP TRIGGER full");
  await queue.publish([jobAt(0, "2")]);
  await vi.waitFor(() => expect(delivered.map(({ number }) => number)).toEqual(["2"]));
  quiet.mockRestore();
});

test("of two messages with one deduplication id within ten minutes, the second is not stored", async () => {
  const clock = { time: 0, now: () => clock.time };
  const engine = new QueueEngine({ sql: openSql(":memory:"), clock, deliver: async () => ({ do: "done" }) });
  stopping.push(() => engine.stop());
  const publish = (id: string) => engine.publish([{ id, due: 9e9, body: "", deduplicationId: "same" }]);
  const [first, second] = await Promise.all([publish("a"), publish("b")]);
  clock.time = 599_999;
  const third = await publish("c");
  clock.time = 600_000;
  const fourth = await publish("d");
  expect([first, second, third, fourth].flat()).toEqual([
    { id: "a", isDuplicate: false },
    { id: "a", isDuplicate: true },
    { id: "a", isDuplicate: true },
    { id: "d", isDuplicate: false },
  ]);
  expect(engine.list().map(({ id }) => id)).toEqual(["a", "d"]);
});

test("a cancelled message is delivered no more, also when it is under way and fails", async () => {
  const clock = { time: 0, now: () => clock.time };
  const { promise, resolve } = Promise.withResolvers<void>();
  let attempts = 0;
  const engine = new QueueEngine({
    sql: openSql(":memory:"),
    clock,
    async deliver() {
      attempts++;
      await promise;
      return { do: "again", at: 10 };
    },
  });
  stopping.push(() => engine.stop());
  await engine.publish([
    { id: "now", due: 0, body: "" },
    { id: "later", due: 5, body: "" },
  ]);
  expect(await engine.cancel(["now", "later", "none"])).toEqual(["now", "later"]);
  resolve();
  clock.time = 100;
  engine.wake();
  await new Promise((done) => setTimeout(done, 20));
  expect([attempts, engine.list()]).toEqual([1, []]);
});
