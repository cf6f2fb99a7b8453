import { mkdirSync } from "node:fs";
import { openSql } from "../../adapters/node-sqlite.ts";
import type { Clock } from "../../ports.ts";
import { qstashFace } from "./qstash/face.ts";
import type { Backend } from "./redis/backend.ts";
import { bridgeBackend } from "./redis/bridge.ts";
import { embeddedBackend } from "./redis/embedded.ts";
import { redisFace } from "./redis/face.ts";
import { startRedisServer } from "./redis/redis-server.ts";
import { serve } from "./serve.ts";

/** What stands behind the Redis face: SQLite, a Redis at an address, or one of this machine that is started for it. */
export type StoreChoice = { kind: "embedded" } | { kind: "redis"; url: string } | { kind: "redis-server" };

type Options = {
  /** The folder of the database files. */
  data: string;
  store?: StoreChoice;
  secrets: { redisToken: string; qstashToken: string; qstashCurrentKey: string; qstashNextKey: string };
  redisPort: number;
  qstashPort: number;
  clock?: Clock;
};

export type Faces = {
  redisUrl: string;
  /** What the store is, in words. */
  storeWords: string;
  qstashUrl: string;
  /** What deliveries are signed with: the secrets' keys until they are rotated. */
  keys(): { current: string; next: string };
  stop(): Promise<void>;
};

/** Serves the embedded store and queue as Upstash Redis and QStash, on this machine only. Port 0 takes any free one. */
export async function startFaces(options: Options): Promise<Faces> {
  const { data, secrets, redisPort, qstashPort, clock = { now: () => Date.now() } } = options;
  mkdirSync(data, { recursive: true });
  const { backend, words } = await openBackend(options.store ?? { kind: "embedded" }, data, clock);
  const redis = await serve(redisPort, redisFace({ backend, token: secrets.redisToken }));
  const queueSql = openSql(`${data}/qstash.db`);
  const face = qstashFace({
    sql: queueSql,
    clock,
    token: secrets.qstashToken,
    keys: { current: secrets.qstashCurrentKey, next: secrets.qstashNextKey },
  });
  const qstash = await serve(qstashPort, face.handle);
  return {
    redisUrl: redis.url,
    storeWords: words,
    qstashUrl: qstash.url,
    keys: face.keys,
    async stop() {
      await Promise.all([redis.stop(), qstash.stop()]);
      await face.stop();
      await backend.stop();
      queueSql.close();
    },
  };
}

async function openBackend(choice: StoreChoice, data: string, clock: Clock): Promise<{ backend: Backend; words: string }> {
  if (choice.kind === "embedded") return { backend: embeddedBackend(`${data}/store.db`, clock), words: "embedded (SQLite)" };
  if (choice.kind === "redis") {
    if (!URL.canParse(choice.url)) throw new Error("REDIS_URL must be a URL: redis://…, rediss://… or unix:///…");
    const backend = bridgeBackend(choice.url);
    await backend.run([["PING"]]).catch((cause: unknown) => {
      throw new Error(`REDIS_URL: ${withoutPassword(choice.url)} does not answer`, { cause });
    });
    return { backend, words: `Redis at ${withoutPassword(choice.url)}` };
  }
  const server = await startRedisServer(`${data}/redis`);
  const backend = bridgeBackend(server.url);
  const stop = async () => {
    await backend.stop();
    await server.stop();
  };
  return { backend: { ...backend, stop }, words: `${server.name} of this machine, append-only file in ${data}/redis` };
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = "";
  return String(shown);
}
