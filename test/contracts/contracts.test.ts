import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { upstashStore } from "@carillon/worker/adapters/upstash-redis";
import { embeddedQueue } from "@carillon/worker/embedded/queue";
import { embeddedStore } from "@carillon/worker/embedded/store";
import type { Store } from "@carillon/worker/ports";
import { afterEach, describe, test } from "vitest";
import { cleanup, faces, folder, queueThroughFace, realClock, TOKENS } from "./harness.ts";
import { type MakeQueue, queueContract } from "./queue.ts";
import { sqlContract } from "./sql.ts";
import { realRedis } from "./real-redis.ts";
import { storeContract } from "./store.ts";

const clean = cleanup();
afterEach(clean.run);

const open = () => {
  const sql = openSql(`${folder(clean)}/test.db`);
  clean.after(sql.close);
  return sql;
};

describe("node:sqlite", () => {
  for (const { name, run } of sqlContract) test(name, () => run(open));
});

const STORES: Record<string, () => Promise<Store>> = {
  "the embedded store": async () => embeddedStore(open(), realClock),
  "Upstash's client against the face": async () => upstashStore({ url: (await faces(clean)).redisUrl, token: TOKENS.redisToken }),
  "Upstash's client against the face of a real Redis": async () => {
    const { redisUrl } = await faces(clean, { store: { kind: "redis", url: await realRedis(clean) } });
    return upstashStore({ url: redisUrl, token: TOKENS.redisToken });
  },
};
for (const [kind, make] of Object.entries(STORES)) {
  describe(kind, () => {
    for (const { name, run } of storeContract) test(name, () => run(make));
  });
}

const QUEUES: Record<string, MakeQueue> = {
  "the embedded queue": async (handle) => {
    const queue = embeddedQueue({ sql: open(), clock: realClock, handle });
    clean.after(queue.stop);
    return queue;
  },
  "QStash's client and receiver against the face": (handle) => queueThroughFace(clean, handle),
};
for (const [kind, make] of Object.entries(QUEUES)) {
  describe(kind, () => {
    for (const { name, run } of queueContract) test(name, () => run(make));
  });
}
