import { QueueEngine } from "../../../embedded/queue/engine.ts";
import { Unavailable } from "../../../errors.ts";
import type { Clock, Sql } from "../../../ports.ts";
import { bears } from "../bearer.ts";
import type { Handler } from "../serve.ts";
import { deadLetterRoutes } from "./dead-letter-routes.ts";
import { createDeliver } from "./deliver.ts";
import { Events } from "./events.ts";
import { messageRoutes } from "./messages.ts";
import { Refused } from "./publication.ts";
import type { Route } from "./route.ts";
import { SigningKeys } from "./signing-keys.ts";

export type QstashFace = {
  handle: Handler;
  /** The keys that deliveries are signed with now. */
  keys(): { current: string; next: string };
  /** Looks for what is due; only for a host whose clock jumps. */
  wake(): void;
  /** Begins no further delivery and waits for those under way. */
  stop(): Promise<void>;
};

/** How many deliveries may be under way at once. */
const CONCURRENCY = 16;
/** How long deliveries under way may take after a stop was asked for. */
const GRACE_MS = 3_000;

/**
 * QStash's API, version 2, in front of the embedded queue; the unmodified `@upstash/qstash` takes it for the real one. Schedules, URL
 * groups, queues and flow control are not offered. `keys` are the first signing keys, until they are rotated.
 * https://upstash.com/docs/qstash/api-reference
 */
export function qstashFace(options: { sql: Sql; clock: Clock; token: string; keys: { current: string; next: string } }): QstashFace {
  const { sql, clock, token } = options;
  const keys = new SigningKeys(sql, options.keys);
  const stopping = new AbortController();
  const deliver = createDeliver({ clock, keys, stop: stopping.signal, record: (...event) => events.record(...event) });
  const engine = new QueueEngine({ sql, clock, deliver, concurrency: CONCURRENCY });
  const events = new Events(sql, clock, (query, ...bindings) => engine.write(query, ...bindings));

  const routes: Route[] = [
    ...messageRoutes({ engine, events, clock }),
    ...deadLetterRoutes(engine),
    ["GET", /^\/v2\/(?:events)$/, ({ query }) => events.list(query)],
    ["GET", /^\/v2\/(?:logs)$/, ({ query }) => asLogs(events.list(query))],
    ["GET", /^\/v2\/(?:keys)$/, () => keys.get()],
    ["POST", /^\/v2\/keys\/(?:rotate)$/, () => keys.rotate()],
    ["GET", /^\/v2\/(?:globalParallelism)$/, () => ({ parallelismMax: CONCURRENCY, parallelismCount: engine.underWay() })],
  ];

  return {
    async handle(request) {
      if (!bears(request, token, "qstash_token")) return Response.json({ error: "invalid token" }, { status: 401 });
      try {
        return await answer(routes, request);
      } catch (error) {
        if (error instanceof Refused) return Response.json({ error: error.message }, { status: error.status });
        if (error instanceof Unavailable) return Response.json({ error: "the queue can't write just now" }, { status: 503 });
        throw error;
      }
    },
    keys: () => keys.get(),
    wake: () => engine.wake(),
    async stop() {
      const timer = setTimeout(() => stopping.abort(), GRACE_MS);
      await engine.stop();
      clearTimeout(timer);
    },
  };
}

async function answer(routes: Route[], request: Request): Promise<Response> {
  const url = new URL(request.url);
  for (const [method, path, act] of routes) {
    // A destination stands in the path as it is, with a query of its own.
    const isPublish = url.pathname.startsWith("/v2/publish/");
    const found = request.method === method && path.exec(isPublish ? url.pathname + url.search : url.pathname);
    if (!found) continue;
    const rest = found[1] ?? "";
    const result = await act({ request, query: url.searchParams, rest: isPublish ? rest : decodeURIComponent(rest) });
    return result instanceof Response ? result : Response.json(result);
  }
  throw new Refused(404, `${request.method} ${url.pathname} is not offered here`);
}

const asLogs = ({ events, ...rest }: ReturnType<Events["list"]>) => ({ logs: events, ...rest });
