import { queueReceiver } from "@carillon/worker/adapters/upstash-qstash";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { createApp } from "@carillon/worker/app";
import { Courier, forOrder } from "@carillon/worker/pipeline/courier";
import { Unavailable } from "@carillon/worker/errors";
import type { Clock, Config, Job, Outside, Queue, Shards, Sql } from "@carillon/worker/ports";
import { fixedClock, memoryStore } from "@carillon/worker/settings/fixtures";
import { createVault } from "@carillon/worker/settings/vault";
import type { ShardCalls } from "@carillon/worker/shard/calls";
import { Shard, type Told, type Work } from "@carillon/worker/shard/shard";
import { SHARDS } from "./shards.ts";
import { signAsQueue } from "./signature.ts";

/** What a parsed answer is before a test has looked at it. */
type Json = ReturnType<typeof JSON.parse>;
export type Answer = { status: number; headers: Headers; text: string; body: Json };
type Headed = Record<string, string>;

export const ORIGIN = "https://carillon.example.com";
export const QUEUE_KEYS = { currentKey: "sig_current_of_the_tests", nextKey: "sig_next_of_the_tests" };

/** One call of a shard, with what it did to the database. */
export type ShardCall = { name: keyof ShardCalls; shard: number; statements: { query: string; bindings: unknown[] }[]; frames: Told[] };

/**
 * The whole of Carillon in this process: the real app, real shards and the embedded store in memory, a queue that only remembers.
 * Everything that goes through a port is counted.
 */
export async function startApp({ shards: shardCount = SHARDS, config = {} }: { shards?: number; config?: Partial<Config> } = {}) {
  const clock = fixedClock();
  const store = memoryStore(clock);
  const queue = rememberingQueue();
  const pending: Promise<unknown>[] = [];
  const shards = countedShards(clock, (org, shard, work) => {
    const done = courier.run(org, shard, work).catch(leftToTheTimer);
    pending.push(done);
    return done;
  });
  const isFromQueue = queueReceiver(QUEUE_KEYS);
  const outside: Outside = {
    clock,
    store,
    queue,
    shards,
    vault: createVault({ keys: { k1: Buffer.alloc(32, 7).toString("base64") }, active: "k1" }),
    background: (work) => void pending.push(work),
    config: { publicUrl: ORIGIN, allowPrivateHosts: false, standIns: {}, bootstrapToken: "the-bootstrap-token", local: null, ...config },
    asset: async (path) => (path === "/index.html" ? new Response("<!doctype html>", { headers: { "content-type": "text/html" } }) : null),
    socket: async (_request, org, shard) => Response.json({ openedAt: `${org}.${shard}` }),
    isFromQueue: (request, body) =>
      isFromQueue({ body, signature: request.headers.get("upstash-signature") ?? "", url: `${ORIGIN}${new URL(request.url).pathname}` }),
  };
  const courier = new Courier(outside);
  const app = createApp(outside);

  const fetch = async (
    method: string,
    path: string,
    { body, headers = {} }: { body?: BodyInit; headers?: Headed } = {},
  ): Promise<Answer> => {
    const streams = body instanceof ReadableStream ? { duplex: "half" } : {};
    const response = await app(new Request(`${ORIGIN}${path}`, { method, headers, body: body ?? null, ...streams }));
    const text = await response.text();
    const isJson = /^application\/(problem\+)?json/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, text, body: isJson && text !== "" ? JSON.parse(text) : null };
  };
  const call = (method: string, path: string, body?: unknown, headers: Headed = {}): Promise<Answer> =>
    fetch(
      method,
      path,
      body === undefined ? { headers } : { body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } },
    );

  /** Waits for all that goes on after the answers. */
  const settle = async (): Promise<void> => {
    while (pending.length > 0) await Promise.all(pending.splice(0));
  };

  /** Makes an organisation; answers the headers of its first API key, which has every scope. */
  const found = async (org: string): Promise<Headed> => {
    const owner = { id: "olga", name: "Olga Owner", email: "olga@example.com" };
    const founded = { org, name: org, owner, shards: shardCount };
    const { body } = await call("POST", "/internal/bootstrap", founded, { authorization: "Bearer the-bootstrap-token" });
    return { authorization: `Bearer ${body.apiKey}` };
  };
  const key = await found("acme");

  /** Signs an admin in; answers the headers that its browser sends. */
  const signIn = async (role: string, by: Headed = key): Promise<Headed> => {
    const admin = { id: `the-${role}`, name: `The ${role}`, email: `${role}@example.com` };
    const { body } = await call("POST", "/v1/admin-tickets", { admin, role }, by);
    const session = await call("POST", "/admin/api/session", { ticket: body.ticket }, { origin: ORIGIN });
    return { cookie: session.headers.get("set-cookie")!.split(";")[0]!, origin: ORIGIN };
  };

  /** The headers of a person's bell. */
  const bell = async (user: string, by: Headed = key): Promise<Headed> => {
    const { body } = await call("POST", "/v1/tokens", { user }, by);
    return { authorization: `Bearer ${body.token}` };
  };

  /** Brings a job as the queue does; its signature is checked against the machine's own clock. */
  const deliver = (job: Job): Promise<Answer> => {
    const body = JSON.stringify(job);
    const signature = signAsQueue({ url: `${ORIGIN}/internal/jobs/deliver`, body, key: QUEUE_KEYS.currentKey, now: Date.now() });
    return fetch("POST", "/internal/jobs/deliver", {
      body,
      headers: { "content-type": "application/json", "upstash-signature": signature },
    });
  };

  /** What went through the ports while `work` was done, and after its answers. */
  const count = async <Result>(work: () => Promise<Result>) => {
    await settle();
    const begin = { trips: store.trips, commands: store.commands.length, calls: shards.calls.length, requests: queue.requests.length };
    const result = await work();
    const since = () => ({
      trips: store.trips - begin.trips,
      commands: store.commands.slice(begin.commands),
      calls: shards.calls.slice(begin.calls),
      requests: queue.requests.slice(begin.requests),
    });
    const before = since();
    await settle();
    return { result, before, after: since() };
  };

  return { outside, app, clock, store, queue, shards, fetch, call, settle, found, key, signIn, bell, deliver, count };
}
export type House = Awaited<ReturnType<typeof startApp>>;

/** A host goes on when a part was away: its shard's timer brings the work again. */
function leftToTheTimer(error: unknown): void {
  if (!(error instanceof Unavailable)) throw error;
}

/** A queue that remembers what was published, a list of jobs a request. It answers when `answers` resolves. */
function rememberingQueue() {
  let taken = 0;
  const queue = {
    requests: [] as Job[][],
    answers: Promise.resolve(),
    /** The jobs since it was last asked. */
    take(): Job[] {
      const jobs = queue.requests.slice(taken).flat();
      taken = queue.requests.length;
      return jobs;
    },
    maxDelay: 7 * 86_400_000,
    async publish(jobs: Job[]) {
      queue.requests.push(jobs);
      await queue.answers;
    },
    isReady: async () => true,
  };
  return queue satisfies Queue;
}

/** Real shards in memory, one transaction a call, which remember every call with its statements and frames. */
function countedShards(
  clock: Clock,
  work: (org: string, shard: number, work: Work) => Promise<void>,
): Shards & {
  calls: ShardCall[];
  isAway: boolean;
  away: Set<number>;
  ring(org: string, number: number): Promise<void>;
  crash(org: string, number: number): void;
} {
  type Opened = ShardCalls & { alarm(): Promise<Work>; crash(): void };
  const open = new Map<string, Opened>();
  const shards = {
    calls: [] as ShardCall[],
    isAway: false,
    /** Those that can't be reached. */
    away: new Set<number>(),
    /** What its timer does, however late or early it is. */
    async ring(org: string, number: number): Promise<void> {
      shards.get(org, number);
      await open.get(`${org}.${number}`)!.alarm();
    },
    /** Its process dies: what it had in memory is gone. */
    crash(org: string, number: number): void {
      shards.get(org, number);
      open.get(`${org}.${number}`)!.crash();
    },
    get(org: string, number: number): ShardCalls {
      const name = `${org}.${number}`;
      if (!open.has(name)) open.set(name, openShard(org, number));
      return open.get(name)!;
    },
  };
  const openShard = (org: string, number: number): Opened => {
    const file = openSql(":memory:");
    let statements: ShardCall["statements"] = [];
    const sql: Sql = {
      exec(query, ...bindings) {
        statements.push({ query, bindings });
        return file.exec(query, ...bindings);
      },
      transaction: (work) => file.transaction(work),
    };
    const start = () => new Shard({ sql, clock, org, shard: number });
    let shard = start();
    return new Proxy({ crash: () => void (shard = start()) } as Opened, {
      get:
        ({ crash }, name: keyof Opened) =>
        async (...args: never[]) => {
          if (name === "crash") return crash();
          const isLocal = name === "handOver" || name === "alarm";
          if (!isLocal && (shards.isAway || shards.away.has(number))) throw new Unavailable("shard");
          statements = [];
          const answer = file.transaction(() => {
            const result: unknown = (shard[name] as (...args: never[]) => unknown).apply(shard, args);
            shard.beforeCommit();
            return result;
          });
          shard.takeAlarm();
          // What a host asks its own shard is no call from elsewhere.
          if (!isLocal) shards.calls.push({ name, shard: number, statements, frames: shard.takeTold() });
          const left = name === "alarm" ? (answer as Work) : shard.takeWork();
          const done = left && work(org, number, left);
          if (done && left.carry.length > 0 && name !== "alarm") await forOrder(done);
          // What crosses a process border on Workers crosses it here too.
          return structuredClone(answer);
        },
    });
  };
  return shards;
}
