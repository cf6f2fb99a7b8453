import assert from "node:assert/strict";
import { jobId, type Job, type Queue } from "@carillon/worker/ports";

/** What a job's handler says; a retry may be asked for in whole seconds only, as HTTP has it. */
export type Handle = (job: Job) => Promise<{ ok: true } | { ok: false; retryAfterMs?: number }>;
/** A fresh queue whose jobs reach `handle`. */
export type MakeQueue = (handle: Handle) => Promise<Queue>;

/** The duties of the queue port, one sentence per test. */
export const queueContract: { name: string; run(make: MakeQueue): Promise<void> }[] = [
  duty("delivers every job of a call, whole", async (make) => {
    const { handle, delivered } = collector();
    const jobs = ["n1", "n2", "n3"].map((number) => jobOf(Date.now(), number));
    await (await make(handle)).publish(jobs);
    await until(() => delivered.length >= 3);
    assert.deepEqual(new Set(delivered.map((job) => JSON.stringify(job))), new Set(jobs.map((job) => JSON.stringify(job))));
  }),
  duty("delivers jobs published one by one at the same moment", async (make) => {
    const { handle, delivered } = collector();
    const queue = await make(handle);
    const jobs = Array.from({ length: 50 }, (_, n) => jobOf(Date.now(), `n${n}`));
    await Promise.all(jobs.map((job) => queue.publish([job])));
    await until(() => new Set(delivered.map(jobId)).size === jobs.length);
  }),
  duty("never delivers before the job's instant", async (make) => {
    const { handle, delivered, times } = collector();
    const at = Date.now() + 700;
    await (await make(handle)).publish([jobOf(at, "later")]);
    await until(() => delivered.length > 0);
    assert.ok((times[0] ?? 0) >= at, `${at - (times[0] ?? 0)} ms early`);
  }),
  duty("does not let a job that waits hold up one that is due", async (make) => {
    const { handle, delivered } = collector();
    const queue = await make(handle);
    await queue.publish([jobOf(Date.now() + 3_600_000, "later"), jobOf(Date.now(), "now")]);
    await until(() => delivered.length > 0);
    assert.deepEqual(
      delivered.map(({ number }) => number),
      ["now"],
    );
  }),
  duty("delivers again what could not be handled", async (make) => {
    const { handle, delivered } = collector((attempt) => (attempt === 1 ? { ok: false, retryAfterMs: 1_000 } : { ok: true }));
    await (await make(handle)).publish([jobOf(Date.now(), "again")]);
    await until(() => delivered.length >= 2);
    assert.deepEqual(delivered[1], delivered[0]);
  }),
  duty("delivers both of two jobs that differ in their number only", async (make) => {
    const { handle, delivered } = collector();
    const queue = await make(handle);
    const at = Date.now();
    await queue.publish([jobOf(at, "1")]);
    await queue.publish([jobOf(at, "2")]);
    await until(() => new Set(delivered.map(({ number }) => number)).size === 2);
  }),
  duty("delivers a job published twice at least once", async (make) => {
    const { handle, delivered } = collector();
    const queue = await make(handle);
    const job = jobOf(Date.now(), "twice");
    await Promise.all([queue.publish([job]), queue.publish([job])]);
    await until(() => delivered.length > 0);
  }),
  duty("takes an empty call for done", async (make) => {
    await (await make(collector().handle)).publish([]);
  }),
  duty("takes jobs that lie ahead as far as it says", async (make) => {
    const queue = await make(collector().handle);
    assert.ok(queue.maxDelay >= 7 * 86_400_000);
    await queue.publish([jobOf(Date.now() + queue.maxDelay - 60_000, "far")]);
  }),
  duty("says that it is ready", async (make) => {
    assert.equal(await (await make(collector().handle)).isReady(), true);
  }),
];

export const jobOf = (at: number, number: string): Job => ({ org: "acme", shard: 0, channel: "email", at, number });

/** Notes what is delivered and when; `answer` is told which attempt of all this is, from 1. */
function collector(answer: (attempt: number) => Awaited<ReturnType<Handle>> = () => ({ ok: true })) {
  const delivered: Job[] = [];
  const times: number[] = [];
  const handle: Handle = async (job) => {
    times.push(Date.now());
    delivered.push(job);
    return answer(delivered.length);
  };
  return { handle, delivered, times };
}

/** Waits for something to come true, ten seconds at most. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!(await isTrue())) {
    if (Date.now() > giveUpAt) throw new Error(`It did not come true: ${isTrue.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function duty(name: string, run: (make: MakeQueue) => Promise<void>): (typeof queueContract)[number] {
  return { name: `the queue ${name}`, run };
}
