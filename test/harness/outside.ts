import { join } from "node:path";
import { startFaces } from "@carillon/worker/local/faces/start";
import { freePort } from "@carillon/worker/local/free-port";
import { readSecrets } from "@carillon/worker/local/secrets";
import { Instance, withShards, type Runtime } from "./instance.ts";

/** What stands between Carillon and its store or queue. */
export type Door = { port: number; stop(): Promise<void> };
export type Outside<Redis extends Door, Qstash extends Door> = {
  carillon: Instance;
  redis: Redis;
  qstash: Qstash;
  stop(): Promise<void>;
};

/**
 * An instance that reaches store and queue through doors of a test's own; each is opened for the port of the real one. On Deno that is
 * served by this process, on workerd by the instance's own start.
 */
export async function startOutside<Redis extends Door, Qstash extends Door>(
  runtime: Runtime,
  shards: number,
  open: { redis(port: number): Promise<Redis>; qstash(port: number): Promise<Qstash> },
): Promise<Outside<Redis, Qstash>> {
  const env = withShards(shards);
  const carillon = new Instance(runtime, env);
  const secrets = readSecrets(carillon.data);
  const faces = runtime === "deno" ? await startFaces({ data: join(carillon.data, "faces"), secrets, redisPort: 0, qstashPort: 0 }) : null;
  const redisPort = faces ? Number(new URL(faces.redisUrl).port) : await freePort();
  const qstashPort = faces ? Number(new URL(faces.qstashUrl).port) : await freePort();
  const [redis, qstash] = [await open.redis(redisPort), await open.qstash(qstashPort)];
  Object.assign(env, {
    CARILLON_REDIS_PORT: String(redisPort),
    CARILLON_QSTASH_PORT: String(qstashPort),
    UPSTASH_REDIS_REST_URL: `http://127.0.0.1:${redis.port}`,
    UPSTASH_REDIS_REST_TOKEN: secrets.redisToken,
    QSTASH_URL: `http://127.0.0.1:${qstash.port}`,
    QSTASH_TOKEN: secrets.qstashToken,
    QSTASH_CURRENT_SIGNING_KEY: secrets.qstashCurrentKey,
    QSTASH_NEXT_SIGNING_KEY: secrets.qstashNextKey,
  });
  await carillon.start();
  return {
    carillon,
    redis,
    qstash,
    async stop() {
      await carillon.stop();
      await faces?.stop();
      await Promise.all([redis.stop(), qstash.stop()]);
      await carillon.dispose();
    },
  };
}
