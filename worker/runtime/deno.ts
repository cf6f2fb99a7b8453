import { openSql } from "../adapters/node-sqlite.ts";
import { queueReceiver, upstashQueue } from "../adapters/upstash-qstash.ts";
import { upstashStore } from "../adapters/upstash-redis.ts";
import { createApp } from "../app.ts";
import { embeddedQueue } from "../embedded/queue.ts";
import { embeddedStore } from "../embedded/store.ts";
import { Unavailable } from "../errors.ts";
import { configureLog, log, wordsOf } from "../log.ts";
import { Courier } from "../pipeline/courier.ts";
import { deliver } from "../pipeline/deliver.ts";
import type { Clock, Outside, Ports, Queue } from "../ports.ts";
import { createVault } from "../settings/vault.ts";
import { channels } from "../channels/all.ts";
import { fileAssets } from "./deno-assets.ts";
import { DenoShards } from "./deno-shards.ts";
import { readEnvironment, type Environment } from "./environment.ts";
import { rearmAll } from "../pipeline/rearm.ts";

const MINUTE_MS = 60_000;
/** How long requests under way may take after a stop was asked for. */
const GRACE_MS = 3_000;

/** Carillon as one Deno process on a host with a disk. Upstash is used where the environment names it. */
export async function serve(
  env: Record<string, string | undefined>,
  options: { hostname: string; port: number; data: string; pages: string },
) {
  const environment = readEnvironment(env);
  const clock: Clock = { now: () => Date.now() };
  configureLog(environment.log, clock);
  Deno.mkdirSync(options.data, { recursive: true });
  const background = (work: Promise<unknown>) =>
    void work.catch((error) => log("error", "background work failed", { error: String(error) }));

  const shards: DenoShards = new DenoShards({
    folder: `${options.data}/shards`,
    clock,
    work: (org, shard, work) => courier.run(org, shard, work),
  });
  const store = environment.redis ? upstashStore(environment.redis) : embeddedStore(openSql(`${options.data}/store.db`), clock);
  const isFromQueue = environment.qstash ? queueReceiver(environment.qstash) : async () => false;
  const inProcess = environment.qstash
    ? null
    : embeddedQueue({ sql: openSql(`${options.data}/queue.db`), clock, handle: (job) => answerJob(() => deliver(ports, job)) });
  const queue: Queue = inProcess ?? remoteQueue(environment);

  const outside: Outside = {
    clock,
    store,
    queue,
    shards,
    vault: createVault(environment.settingsKeys),
    background,
    config: environment.config,
    asset: fileAssets(options.pages),
    socket: (request, org, shard, ticket) => shards.host(org, shard).connect(request, ticket),
    isFromQueue: (request, body) =>
      isFromQueue({
        body,
        signature: request.headers.get("upstash-signature") ?? "",
        url: `${environment.config.publicUrl}${new URL(request.url).pathname}`,
      }),
  };
  const ports: Ports = { ...outside, channels, self: (request) => app(request) };
  const courier = new Courier(outside);
  const app = createApp(outside);

  const server = Deno.serve({ hostname: options.hostname, port: options.port, onListen() {} }, (request, { remoteAddr }) =>
    app(request, remoteAddr.hostname),
  );
  background(rearmAll(ports));
  const cron = setInterval(() => background(rearmAll(ports)), MINUTE_MS);

  return {
    port: server.addr.port,
    async stop() {
      clearInterval(cron);
      const finished = Promise.all([server.shutdown(), inProcess?.stop()]);
      await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, GRACE_MS))]);
      shards.close();
    },
  };
}

function remoteQueue({ qstash, config }: Environment): Queue {
  if (!qstash) throw new Error("QSTASH_TOKEN is missing.");
  const at = (path: string) => `${config.publicUrl}/internal/jobs/${path}`;
  return upstashQueue({ ...qstash, destination: at("deliver"), failureUrl: at("failed") });
}

/** The queue comes again when something could not be reached; anything else is a mistake that a repeat would not mend. */
async function answerJob(work: () => Promise<void>): Promise<{ ok: true } | { ok: false; retryAfterMs?: number }> {
  try {
    await work();
    return { ok: true };
  } catch (error) {
    if (error instanceof Unavailable) return { ok: false, retryAfterMs: 10_000 };
    log("error", "a job failed", wordsOf(error));
    return { ok: false };
  }
}
