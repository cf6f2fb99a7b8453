import { Buffer } from "node:buffer";
import { openSql } from "../adapters/node-sqlite.ts";
import { createApp } from "../app.ts";
import { Courier } from "../pipeline/courier.ts";
import type { Outside, Shards } from "../ports.ts";
import { fixedClock, memoryQueue, memoryStore } from "../settings/fixtures.ts";
import { createVault } from "../settings/vault.ts";
import type { ShardCalls } from "../shard/calls.ts";
import { Shard, type Work } from "../shard/shard.ts";

export const ORIGIN = "http://localhost:8787";

/** Real shards in memory, one transaction a call. */
function memoryShards(clock: Outside["clock"], work: (org: string, shard: number, work: Work) => void): Shards {
  const calls = new Map<string, ShardCalls>();
  const open = (org: string, shard: number): ShardCalls => {
    const sql = openSql(":memory:");
    const core = new Shard({ sql, clock, org, shard });
    return new Proxy(core, {
      get:
        (target, name) =>
        async (...args: unknown[]) =>
          sql.transaction(() => {
            const answer: unknown = Reflect.apply(Reflect.get(target, name) as (...args: unknown[]) => unknown, target, args);
            target.beforeCommit();
            const left = target.takeWork();
            if (left) work(org, shard, left);
            return answer;
          }),
    }) as unknown as ShardCalls;
  };
  return {
    get(org, shard) {
      const name = `${org}.${shard}`;
      if (!calls.has(name)) calls.set(name, open(org, shard));
      return calls.get(name)!;
    },
  };
}

/** The whole app over memory, as a local start has it, with a browser-like `call` and an admin who can sign in. */
export async function localApp() {
  const clock = fixedClock();
  const store = memoryStore(clock);
  const pending: Promise<unknown>[] = [];
  const demoKey = `ck_demo.local_${"s".repeat(43)}`;
  const outside: Outside = {
    clock,
    store,
    queue: memoryQueue(),
    shards: memoryShards(clock, (org, shard, work) => void pending.push(courier.run(org, shard, work))),
    vault: createVault({ keys: { k1: Buffer.alloc(32, 1).toString("base64") }, active: "k1" }),
    background: (work) => void pending.push(work),
    config: {
      publicUrl: ORIGIN,
      allowPrivateHosts: true,
      standIns: {},
      bootstrapToken: "boot",
      local: { token: "local", demoKey, sandboxUrl: "http://localhost:8025" },
    },
    asset: async () => null,
    socket: async () => new Response(),
    isFromQueue: async () => false,
  };
  const courier = new Courier(outside);
  const app = createApp(outside);

  const call = async (method: string, path: string, { body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {}) => {
    const withBody = body === undefined ? {} : { body: JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const response = await app(new Request(`${ORIGIN}${path}`, { method, headers: { ...type, ...headers }, ...withBody }));
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: () => JSON.parse(text) as Record<string, unknown> & { code?: string },
    };
  };
  const key = { authorization: `Bearer ${demoKey}` };
  const made = await call("POST", "/internal/bootstrap", {
    body: { org: "demo", name: "Demo", owner: { id: "o", name: "Olga", email: "olga@example.com" }, apiKey: demoKey },
    headers: { authorization: "Bearer boot" },
  });

  /** Signs an admin in and answers the headers that its browser sends. */
  const signIn = async (role: string): Promise<Record<string, string>> => {
    const { ticket } = (
      await call("POST", "/v1/admin-tickets", {
        body: { admin: { id: `the ${role}`, name: "Kim", email: "kim@example.com" }, role },
        headers: key,
      })
    ).json();
    const session = await call("POST", "/admin/api/session", { body: { ticket }, headers: { origin: ORIGIN } });
    return { cookie: session.headers.get("set-cookie")!.split(";")[0]!, origin: ORIGIN };
  };
  return { app, call, clock, store, key, made, signIn, pending };
}
