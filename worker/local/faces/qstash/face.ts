import { QueueEngine } from "../../../embedded/queue/engine.ts";
import { Unavailable } from "../../../errors.ts";
import type { Clock, Sql } from "../../../ports.ts";
import { bears } from "../bearer.ts";
import type { Handler } from "../serve.ts";
import { createGate } from "./admission.ts";
import { deadLetterRoutes } from "./dead-letter-routes.ts";
import { createDeliver } from "./deliver.ts";
import { Events } from "./events.ts";
import { FlowControl, flowRoutes } from "./flow-control.ts";
import { messageRoutes } from "./messages.ts";
import { type Outgoing, readPublication } from "./publication.ts";
import { Refused } from "./refused.ts";
import { Publisher } from "./publisher.ts";
import { queueRoutes, Queues } from "./queues.ts";
import type { Route } from "./route.ts";
import { isTick, scheduleRoutes, Schedules } from "./schedules.ts";
import { SigningKeys } from "./signing-keys.ts";
import { urlGroupRoutes, UrlGroups } from "./url-groups.ts";

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
 * QStash's API, version 2, in front of the embedded queue; the unmodified `@upstash/qstash` takes it for the real one. `keys` are the
 * first signing keys, until they are rotated. https://upstash.com/docs/qstash/api-reference
 */
export function qstashFace(options: { sql: Sql; clock: Clock; token: string; keys: { current: string; next: string } }): QstashFace {
  const { sql, clock, token } = options;
  const keys = new SigningKeys(sql, options.keys);
  const stopping = new AbortController();
  const deliver = createDeliver({ clock, keys, stop: stopping.signal, record: (...event) => events.record(...event) });
  const engine: QueueEngine = new QueueEngine({
    sql,
    clock,
    concurrency: CONCURRENCY,
    deliver: (message) => (isTick(message.id) ? Promise.resolve(schedules.run(message)) : deliver(message)),
    gate: { enter: (message) => gate.enter(message), left: (message) => gate.left(message) },
  });
  const [queues, groups, flows] = [new Queues(sql, clock), new UrlGroups(sql, clock), new FlowControl(sql)];
  const gate = createGate({ clock, queues, flows, engine });
  const events = new Events(sql, clock, (query, ...bindings) => engine.write(query, ...bindings));
  const publisher = new Publisher({ engine, events, groups, queues });
  const schedules: Schedules = new Schedules({
    sql,
    clock,
    engine,
    messagesOf(schedule, destination, headers, body) {
      const publication = readPublication(destination, headers, body, clock.now());
      const outgoing: Outgoing = { ...publication.outgoing, schedule };
      const messages = publisher.messagesOf({ ...publication, outgoing });
      for (const message of messages) publisher.record(message);
      return messages;
    },
  });

  const routes: Route[] = [
    ...messageRoutes({ engine, events, publisher, clock }),
    ...queueRoutes({ queues, engine }),
    ...urlGroupRoutes(groups),
    ...scheduleRoutes({ schedules, publisher, clock }),
    ...flowRoutes({ flows, engine, clock }),
    ...deadLetterRoutes({ engine, events, clock }),
    ["GET", /^\/v2\/(?:events)\/?$/, ({ query }) => events.list(query)],
    ["GET", /^\/v2\/(?:logs)\/?$/, ({ query }) => asLogs(events.list(query))],
    ["GET", /^\/v2\/(?:keys)\/?$/, () => keys.get()],
    ["POST", /^\/v2\/keys\/(?:rotate)\/?$/, () => keys.rotate()],
    ["GET", /^\/v2\/(?:globalParallelism)\/?$/, () => ({ parallelismMax: CONCURRENCY, parallelismCount: engine.underWay() })],
  ];

  return {
    async handle(request, target) {
      if (!bears(request, token, "qstash_token")) return Response.json({ error: "invalid token" }, { status: 401 });
      try {
        return await answer(routes, request, target);
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

/** After these a destination stands in the path as it is, with a query of its own. */
const WITH_DESTINATION = /^\/v2\/(publish|enqueue|schedules)\/[^?]*/;

async function answer(routes: Route[], request: Request, target: string): Promise<Response> {
  const url = new URL(request.url);
  const hasDestination = request.method === "POST" && WITH_DESTINATION.test(target);
  for (const [method, path, act] of routes) {
    const found = request.method === method && path.exec(hasDestination ? target : url.pathname);
    if (!found) continue;
    const rest = found[1] ?? "";
    const result = await act({ request, query: url.searchParams, rest: hasDestination ? rest : decodeURIComponent(rest) });
    return result instanceof Response ? result : Response.json(result);
  }
  throw new Refused(404, `${request.method} ${url.pathname} not found`);
}

const asLogs = ({ events, ...rest }: ReturnType<Events["list"]>) => ({ logs: events, ...rest });
