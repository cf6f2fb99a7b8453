import { jobId, type Clock, type Job, type Queue, type Sql } from "../ports.ts";
import { backOffMs } from "./queue/back-off.ts";
import { type Message, QueueEngine, type Verdict } from "./queue/engine.ts";

/** What the host says about a job. Without `retryAfterMs` the queue's own back-off applies. */
export type Handled = { ok: true } | { ok: false; retryAfterMs?: number };

/** As QStash's default. Then it is a dead letter, and the shard's sweep publishes what is still due. */
const RETRIES = 3;
/** What QStash's paid plan allows. */
const MAX_DELAY_MS = 365 * 86_400_000;

/**
 * The queue port in process, over a SQLite file of its own: no HTTP, no signature. A job is on the disk before `publish` resolves,
 * and goes to `handle` when it is due, also after a crash. A job that waits already is not stored twice.
 */
export function embeddedQueue(dependencies: { sql: Sql; clock: Clock; handle(job: Job): Promise<Handled>; concurrency?: number }): Queue & {
  /** Looks for what is due; only for a host whose clock jumps. */
  wake(): void;
  /** Begins no further job and waits for those under way. */
  stop(): Promise<void>;
} {
  const { sql, clock, handle, concurrency } = dependencies;

  const deliver = async (message: Message): Promise<Verdict> => {
    const handled = await handle(JSON.parse(message.body) as Job);
    if (handled.ok) return { do: "done" };
    if (message.retried >= RETRIES) return { do: "bury", id: message.id, note: "" };
    return { do: "again", at: clock.now() + (handled.retryAfterMs ?? backOffMs(message.retried)) };
  };

  const engine = new QueueEngine({ sql, clock, deliver, ...(concurrency === undefined ? {} : { concurrency }) });
  return {
    async publish(jobs) {
      if (jobs.length > 0) await engine.publish(jobs.map((job) => ({ id: jobId(job), due: job.at, body: JSON.stringify(job) })));
    },
    maxDelay: MAX_DELAY_MS,
    isReady: async () => true,
    wake: () => engine.wake(),
    stop: () => engine.stop(),
  };
}
