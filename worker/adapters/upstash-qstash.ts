import { Client, Receiver } from "@upstash/qstash";
import { Unavailable } from "../errors.ts";
import { jobId, type Job, type Queue } from "../ports.ts";

/** A publish is answered in some 50 ms; a caller of ours waits for it. */
const PATIENCE_MS = 900;
/** Infrastructure only: a job is a wake-up, what becomes of a delivery is the ledger's business. */
const RETRIES = 3;
/** The free plan's; a paid plan allows a year. https://upstash.com/pricing/qstash */
const MAX_DELAY_MS = 7 * 86_400_000;
/** How far our clock may differ from QStash's. */
const CLOCK_TOLERANCE_S = 60;

type Options = {
  url: string;
  token: string;
  /** Where a job is delivered to, as QStash reaches it; it is part of the signature. */
  destination: string;
  /** Where QStash tells that it has given a job up. */
  failureUrl: string;
  retries?: number;
  maxDelayMs?: number;
  patienceMs?: number;
};

/** The queue port over QStash (https://upstash.com/docs/qstash): one request per call, one message per job. */
export function upstashQueue({
  url,
  token,
  destination,
  failureUrl,
  retries = RETRIES,
  maxDelayMs = MAX_DELAY_MS,
  patienceMs = PATIENCE_MS,
}: Options): Queue {
  // One repeat after a network error; a double is swallowed by its deduplication id.
  const client = new Client({ baseUrl: url, token, devMode: false, enableTelemetry: false, retry: { retries: 1, backoff: () => 50 } });

  const messageOf = (job: Job) => ({
    url: destination,
    body: job,
    notBefore: Math.ceil(job.at / 1000), // Whole seconds, and never early.
    deduplicationId: jobId(job).replaceAll(/[^\w.-]/g, "_"),
    retries,
    failureCallback: failureUrl,
  });

  return {
    async publish(jobs) {
      if (jobs.length === 0) return;
      const answers = await within(patienceMs, () => client.batchJSON(jobs.map(messageOf)));
      const refused = answers.flat().filter((answer) => !("messageId" in answer));
      if (answers.length !== jobs.length || refused.length > 0)
        throw new Unavailable("queue", new Error(`${jobs.length} jobs, not all stored: ${JSON.stringify(refused)}`));
    },
    maxDelay: maxDelayMs,
    async isReady() {
      return within(patienceMs, () => client.flowControl.getGlobalParallelism()).then(
        () => true,
        () => false,
      );
    },
  };
}

/** The client takes no abort signal, so a request that hangs is left to its fate. */
async function within<T>(patienceMs: number, ask: () => Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`No answer within ${patienceMs} ms`)), patienceMs);
  try {
    return await Promise.race([ask(), tooLate]);
  } catch (cause) {
    throw new Unavailable("queue", cause);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether a request is from QStash: signed with one of the two keys, for exactly this url and body, and not expired. No replay
 * protection: a job that comes twice does no harm. https://upstash.com/docs/qstash/howto/signature
 */
export function queueReceiver({ currentKey, nextKey }: { currentKey: string; nextKey: string }) {
  const receiver = new Receiver({ currentSigningKey: currentKey, nextSigningKey: nextKey, devMode: false });

  return async ({ body, signature, url }: { body: string; signature: string; url: string }): Promise<boolean> => {
    if (url === "" || !expires(signature)) return false;
    try {
      return await receiver.verify({ body, signature, url, clockTolerance: CLOCK_TOLERANCE_S });
    } catch {
      return false; // Whatever is wrong with it, it is not from the queue.
    }
  };
}

/** The client accepts a token that never expires; we don't. Says nothing about the signature. */
function expires(token: string): boolean {
  try {
    const claims: unknown = JSON.parse(atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
    return typeof claims === "object" && claims !== null && "exp" in claims && typeof claims.exp === "number";
  } catch {
    return false;
  }
}
