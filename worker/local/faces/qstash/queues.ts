import { z } from "zod";
import type { QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock, Sql } from "../../../ports.ts";
import { queueLane } from "./admission.ts";
import { readQueueName } from "./publication.ts";
import { Refused } from "./refused.ts";
import { type Call, orMissing, type Route } from "./route.ts";

type Queue = { name: string; parallelism: number; paused: number; created: number; updated: number };

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS queue (name TEXT PRIMARY KEY, parallelism INTEGER NOT NULL, paused INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID`,
  // Which messages stand in which queue says the message itself, so that the two can't differ.
  `CREATE INDEX IF NOT EXISTS message_queue ON message (json_extract(body, '$.queue'), json_extract(body, '$.root')) WHERE json_extract(body, '$.queue') IS NOT NULL`,
];
/** Of a place with several messages (one and its callbacks) only one row. */
const PLACES = "SELECT DISTINCT json_extract(body, '$.root') AS root FROM message WHERE json_extract(body, '$.queue') = ? ORDER BY 1";
const MESSAGES = "SELECT id FROM message WHERE json_extract(body, '$.queue') = ?";

/** FIFO queues: a place in one is taken until its message is delivered or given up, and so are its callbacks. */
export class Queues {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    for (const statement of SCHEMA) sql.exec(statement);
    this.#sql = sql;
    this.#clock = clock;
  }

  get(name: string): Queue | null {
    return this.#sql.exec<Queue>("SELECT name, parallelism, paused, created, updated FROM queue WHERE name = ?", name).toArray()[0] ?? null;
  }

  list(): Queue[] {
    return this.#sql.exec<Queue>("SELECT name, parallelism, paused, created, updated FROM queue ORDER BY name").toArray();
  }

  /** What is not given stays as it is; of a new queue one at a time, and not paused. */
  put(name: string, { parallelism, paused }: { parallelism?: number; paused?: boolean } = {}): void {
    const [now, before] = [this.#clock.now(), this.get(name)];
    this.#sql.exec(
      "INSERT OR REPLACE INTO queue (name, parallelism, paused, created, updated) VALUES (?, ?, ?, ?, ?)",
      name,
      parallelism ?? before?.parallelism ?? 1,
      Number(paused ?? before?.paused ?? 0),
      before?.created ?? now,
      now,
    );
  }

  remove(name: string): void {
    this.#sql.exec("DELETE FROM queue WHERE name = ?", name);
  }

  /** Whether the message that holds this place is among the first, as many as may go at once. */
  mayGo(name: string, root: string): boolean {
    const queue = this.get(name);
    if (!queue || queue.paused) return !queue;
    return this.#sql
      .exec<{ root: string }>(`${PLACES} LIMIT ?`, name, queue.parallelism)
      .toArray()
      .some((place) => place.root === root);
  }

  /** The messages, callbacks included, that hold its first places: those that may go. */
  first(name: string): string[] {
    const queue = this.get(name);
    if (!queue || queue.paused) return [];
    const rows = this.#sql.exec<{ id: string }>(
      `${MESSAGES} AND json_extract(body, '$.root') IN (${PLACES} LIMIT ?)`,
      name,
      name,
      queue.parallelism,
    );
    return rows.toArray().map(({ id }) => id);
  }

  lag(name: string): number {
    return this.#sql.exec(PLACES, name).toArray().length;
  }

  /** The ids of its messages. */
  messages(name: string): string[] {
    return this.#sql
      .exec<{ id: string }>(MESSAGES, name)
      .toArray()
      .map(({ id }) => id);
  }
}

const putSchema = z.object({ queueName: z.string(), parallelism: z.int().min(1).max(100).optional(), paused: z.boolean().optional() });

/** https://upstash.com/docs/qstash/features/queues */
export function queueRoutes({ queues, engine }: { queues: Queues; engine: QueueEngine }): Route[] {
  return [
    ["POST", /^\/v2\/(?:queues)\/?$/, put],
    ["GET", /^\/v2\/(?:queues)\/?$/, () => queues.list().map(view)],
    ["GET", /^\/v2\/queues\/([^/]+)$/, ({ rest }) => view(find(rest))],
    ["DELETE", /^\/v2\/queues\/([^/]+)$/, remove],
    ["POST", /^\/v2\/queues\/([^/]+)\/pause$/, ({ rest }) => pause(find(rest).name, true)],
    ["POST", /^\/v2\/queues\/([^/]+)\/resume$/, ({ rest }) => pause(find(rest).name, false)],
  ];

  function find(name: string): Queue {
    return orMissing(queues.get(name), "queue", name);
  }

  async function put({ request }: Call): Promise<Response> {
    const wanted = putSchema.safeParse(await request.json().catch(() => null));
    if (!wanted.success) throw new Refused(400, "invalid queue: a queueName, and a parallelism from 1 to 100");
    const { queueName, parallelism, paused } = wanted.data;
    queues.put(readQueueName(queueName), {
      ...(parallelism === undefined ? {} : { parallelism }),
      ...(paused === undefined ? {} : { paused }),
    });
    engine.reconsider(queueLane(queueName));
    return new Response(null);
  }

  async function remove({ rest }: Call): Promise<Response> {
    queues.remove(find(rest).name);
    await engine.cancel(queues.messages(rest));
    return new Response(null);
  }

  function pause(name: string, paused: boolean): Response {
    queues.put(name, { paused });
    engine.reconsider(queueLane(name));
    return new Response(null);
  }

  function view({ name, parallelism, paused, created, updated }: Queue): object {
    return { name, parallelism, paused: paused === 1, createdAt: created, updatedAt: updated, lag: queues.lag(name) };
  }
}
