import { queueReceiver, upstashQueue } from "@carillon/worker/adapters/upstash-qstash";
import { upstashStore } from "@carillon/worker/adapters/upstash-redis";
import type { Job, Queue, Sql, Store } from "@carillon/worker/ports";
import { type Handle, queueContract } from "../contracts/queue.ts";
import { sqlContract } from "../contracts/sql.ts";
import { storeContract } from "../contracts/store.ts";

/** How to make what is tested; a runtime leaves out what it does not have. */
export type Makers = { sql(): Sql; store?(): Store; queue?(handle: Handle): Queue };
/** Where the faces are, and what opens them. */
export type Order = {
  suite: "sql" | "store" | "queue" | "upstash-store" | "upstash-queue";
  index: number;
  redis: { url: string; token: string };
  qstash: { url: string; token: string; currentKey: string; nextKey: string };
};

export const CONTRACTS = {
  sql: sqlContract,
  store: storeContract,
  queue: queueContract,
  "upstash-store": storeContract,
  "upstash-queue": queueContract,
};

/** A fetch handler that runs one duty of a contract inside the runtime it is in, and takes in what the queue delivers meanwhile. */
export function contractRunner(makers: Makers): (request: Request) => Promise<Response> {
  let handle: Handle | null = null;
  let receive: ReturnType<typeof queueReceiver> | null = null;

  const deliver = async (request: Request): Promise<Response> => {
    const body = await request.text();
    const isReal = await receive?.({ body, signature: request.headers.get("upstash-signature") ?? "", url: request.url });
    if (!isReal || !handle) return new Response(null, { status: 401 });
    const handled = await handle(JSON.parse(body) as Job);
    if (handled.ok) return new Response(null, { status: 200 });
    return new Response(null, { status: 503, headers: { "retry-after": String(Math.ceil((handled.retryAfterMs ?? 0) / 1_000)) } });
  };

  const run = async ({ suite, index, redis, qstash }: Order, origin: string): Promise<void> => {
    if (suite === "sql") return sqlContract[index]!.run(makers.sql);
    if (suite === "store") return storeContract[index]!.run(async () => need(makers.store)());
    if (suite === "upstash-store") return storeContract[index]!.run(async () => upstashStore(redis));
    if (suite === "queue") return queueContract[index]!.run(async (given) => need(makers.queue)(given));
    return queueContract[index]!.run(async (given) => {
      handle = given;
      receive = queueReceiver(qstash);
      return upstashQueue({
        url: qstash.url,
        token: qstash.token,
        destination: `${origin}/internal/jobs/deliver`,
        failureUrl: `${origin}/failed`,
      });
    });
  };

  return async (request) => {
    const { pathname, origin } = new URL(request.url);
    if (pathname === "/ready") return new Response("ready");
    if (pathname === "/internal/jobs/deliver") return deliver(request);
    if (pathname !== "/run") return new Response(null, { status: 404 });
    try {
      await run(await request.json(), origin);
      return new Response("kept");
    } catch (error) {
      return new Response(error instanceof Error ? (error.stack ?? error.message) : String(error), { status: 500 });
    }
  };
}

function need<Maker>(maker: Maker | undefined): Maker {
  if (!maker) throw new Error("This runtime has no such part");
  return maker;
}
