import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { queueReceiver, upstashQueue } from "@carillon/worker/adapters/upstash-qstash";
import { type StoreChoice, startFaces } from "@carillon/worker/local/faces/start";
import { type Handler, serve } from "@carillon/worker/local/faces/serve";
import type { Clock, Job, Queue } from "@carillon/worker/ports";
import type { Handle } from "./queue.ts";

export const TOKENS = {
  redisToken: "redis-token",
  qstashToken: "qstash-token",
  qstashCurrentKey: "sig_current",
  qstashNextKey: "sig_next",
};
export const realClock: Clock = { now: () => Date.now() };

/** What a test opened and has to be closed after it, the latest first. */
export function cleanup() {
  const closing: (() => Promise<void> | void)[] = [];
  return {
    after: (close: () => Promise<void> | void) => void closing.push(close),
    /** Closes all, also when one can't be closed. */
    async run() {
      const problems: unknown[] = [];
      for (const close of closing.splice(0).toReversed()) await Promise.try(close).catch((problem: unknown) => problems.push(problem));
      if (problems.length > 0) throw problems[0];
    },
  };
}
export type Cleanup = ReturnType<typeof cleanup>;

/** A folder that is gone after the test. */
export function folder({ after }: Cleanup): string {
  const path = mkdtempSync(join(tmpdir(), "carillon-"));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export async function faces(
  clean: Cleanup,
  { data = folder(clean), store = { kind: "embedded" } }: { data?: string; store?: StoreChoice } = {},
) {
  const started = await startFaces({ data, store, secrets: TOKENS, redisPort: 0, qstashPort: 0, clock: realClock });
  clean.after(() => started.stop());
  return started;
}

/** An HTTP server as a destination of the queue. */
export async function destination(clean: Cleanup, handler: Handler): Promise<string> {
  const server = await serve(0, handler);
  clean.after(() => server.stop());
  return server.url;
}

/** The whole way round: adapter, unmodified client, face, engine, signed delivery over HTTP, receiver, handler. */
export async function queueThroughFace(clean: Cleanup, handle: Handle): Promise<Queue> {
  const isFromQueue = queueReceiver({ currentKey: TOKENS.qstashCurrentKey, nextKey: TOKENS.qstashNextKey });
  let url = "";
  const base = await destination(clean, async (request) => {
    const body = await request.text();
    const signature = request.headers.get("upstash-signature") ?? "";
    if (!(await isFromQueue({ body, signature, url }))) return new Response(null, { status: 401 });
    const handled = await handle(JSON.parse(body) as Job);
    if (handled.ok) return new Response(null, { status: 200 });
    return new Response(null, { status: 503, headers: { "retry-after": String(Math.ceil((handled.retryAfterMs ?? 0) / 1000)) } });
  });
  url = `${base}/internal/jobs/deliver`;
  const { qstashUrl } = await faces(clean);
  return upstashQueue({ url: qstashUrl, token: TOKENS.qstashToken, destination: url, failureUrl: `${base}/internal/jobs/failed` });
}
