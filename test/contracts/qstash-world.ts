import { Client } from "@upstash/qstash";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { qstashFace } from "@carillon/worker/local/faces/qstash/face";
import { serve } from "@carillon/worker/local/faces/serve";
import { type Cleanup, destination, folder, TOKENS } from "./harness.ts";

export type Received = { path: string; method: string; headers: Headers; body: string; at: number };

/** QStash's face with a clock of its own, the unmodified client before it and a destination behind it. */
export async function qstashWorld(clean: Cleanup) {
  const clock = { time: Date.now(), now: () => clock.time };
  const file = `${folder(clean)}/queue.db`;
  const received: Received[] = [];
  const world = {
    clock,
    received,
    /** What the destination answers. */
    answer: (() => new Response("fine")) as (one: Received) => Response | Promise<Response>,
    target: "",
    baseUrl: "",
    client: null as unknown as Client,
    paths: () => received.map(({ path }) => path),
    pass,
    settled,
    ask,
    restart,
  };
  world.target = await destination(clean, async (request) => {
    const url = new URL(request.url);
    const one = {
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: await request.text(),
      at: clock.time,
    };
    received.push(one);
    return world.answer(one);
  });

  let stop = async (): Promise<void> => undefined;
  let wake = (): void => undefined;
  await open();
  clean.after(() => stop());
  return world;

  async function open(): Promise<void> {
    const sql = openSql(file);
    const face = qstashFace({
      sql,
      clock,
      token: TOKENS.qstashToken,
      keys: { current: TOKENS.qstashCurrentKey, next: TOKENS.qstashNextKey },
    });
    const server = await serve(0, face.handle);
    wake = face.wake;
    stop = async () => {
      await server.stop();
      await face.stop();
      sql.close();
    };
    world.baseUrl = server.url;
    world.client = new Client({ baseUrl: server.url, token: TOKENS.qstashToken, devMode: false });
  }

  /** A new process on the same file. */
  async function restart(): Promise<void> {
    await stop();
    await open();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await settled();
  }

  /** Lets time pass, and the queue do what is due by then. What is under way is settled before the clock moves. */
  async function pass(ms: number): Promise<void> {
    await settled();
    clock.time += ms;
    wake();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await settled();
  }

  /** Every attempt that has begun has ended, by the queue's own log. */
  async function settled(): Promise<void> {
    for (;;) {
      const { events } = (await (await ask("GET", "/v2/events?count=1000")).json()) as { events: { state: string }[] };
      const count = (...states: string[]) => events.filter(({ state }) => states.includes(state)).length;
      if (count("ACTIVE") === count("DELIVERED", "ERROR")) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  function ask(method: string, path: string, { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {}) {
    const sent = { authorization: `Bearer ${TOKENS.qstashToken}`, ...headers };
    return fetch(world.baseUrl + path, { method, headers: sent, ...(body === undefined ? {} : { body }) });
  }
}
