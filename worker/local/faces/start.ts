import { mkdirSync } from "node:fs";
import { openSql } from "../../adapters/node-sqlite.ts";
import { openStore } from "../../embedded/store.ts";
import type { Clock } from "../../ports.ts";
import { qstashFace } from "./qstash/face.ts";
import { redisFace } from "./redis.ts";
import { serve } from "./serve.ts";

type Options = {
  /** The folder of the two database files. */
  data: string;
  secrets: { redisToken: string; qstashToken: string; qstashCurrentKey: string; qstashNextKey: string };
  redisPort: number;
  qstashPort: number;
  clock?: Clock;
};

type Faces = {
  redisUrl: string;
  qstashUrl: string;
  /** What deliveries are signed with: the secrets' keys until they are rotated. */
  keys(): { current: string; next: string };
  stop(): Promise<void>;
};

/** Serves the embedded store and queue as Upstash Redis and QStash, on this machine only. Port 0 takes any free one. */
export async function startFaces({ data, secrets, redisPort, qstashPort, clock = { now: () => Date.now() } }: Options): Promise<Faces> {
  mkdirSync(data, { recursive: true });
  const [storeSql, queueSql] = [openSql(`${data}/store.db`), openSql(`${data}/qstash.db`)];
  const redis = await serve(redisPort, redisFace({ engine: openStore(storeSql, clock), token: secrets.redisToken }));
  const face = qstashFace({
    sql: queueSql,
    clock,
    token: secrets.qstashToken,
    keys: { current: secrets.qstashCurrentKey, next: secrets.qstashNextKey },
  });
  const qstash = await serve(qstashPort, face.handle);
  return {
    redisUrl: redis.url,
    qstashUrl: qstash.url,
    keys: face.keys,
    async stop() {
      await Promise.all([redis.stop(), qstash.stop()]);
      await face.stop();
      storeSql.close();
      queueSql.close();
    },
  };
}
