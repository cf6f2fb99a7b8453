import type { Message, NewMessage, QueueEngine, Verdict } from "../../../embedded/queue/engine.ts";
import type { Clock, Sql } from "../../../ports.ts";
import { compileCron } from "./cron.ts";
import { newId } from "./new-id.ts";
import { readPublication } from "./publication.ts";
import { Refused } from "./refused.ts";
import type { Publisher } from "./publisher.ts";
import { type Call, orMissing, type Route } from "./route.ts";
import { viewSchedule } from "./views.ts";

/**
 * A publish request that is repeated. `headers` and `body` (base64) are the request's own. `tick` is the queue's message that will
 * wake the schedule next: so it is as durable as any.
 */
export type Schedule = {
  id: string;
  cron: string;
  destination: string;
  headers: string;
  body: string;
  created: number;
  paused: number;
  last: number | null;
  next: number;
  tick: string;
};

const SCHEMA = `CREATE TABLE IF NOT EXISTS schedule (id TEXT PRIMARY KEY, cron TEXT NOT NULL, destination TEXT NOT NULL, headers TEXT NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL, paused INTEGER NOT NULL, last INTEGER, next INTEGER NOT NULL, tick TEXT NOT NULL) WITHOUT ROWID`;
const TICK = "tick_";

/** Whether a message is a schedule's own wake-up, and no one's to see. */
export const isTick = (id: string): boolean => id.startsWith(TICK);

type Dependencies = {
  sql: Sql;
  clock: Clock;
  engine: QueueEngine;
  /** The messages of a publish request, one for each address; they are recorded as created. */
  messagesOf(schedule: string, destination: string, headers: Headers, body: Uint8Array): NewMessage[];
};

/** Publishes what is to be published again and again. After a time of standstill it does so once. */
export class Schedules {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #engine: QueueEngine;
  readonly #messagesOf: Dependencies["messagesOf"];

  constructor({ sql, clock, engine, messagesOf }: Dependencies) {
    sql.exec(SCHEMA);
    this.#sql = sql;
    this.#clock = clock;
    this.#engine = engine;
    this.#messagesOf = messagesOf;
  }

  get(id: string): Schedule | null {
    return this.#sql.exec<Schedule>("SELECT * FROM schedule WHERE id = ?", id).toArray()[0] ?? null;
  }

  list(): Schedule[] {
    return this.#sql.exec<Schedule>("SELECT * FROM schedule ORDER BY created, id").toArray();
  }

  /** Takes the place of the one with its id, if there is any. */
  async put(schedule: Pick<Schedule, "id" | "cron" | "destination" | "headers" | "body">): Promise<void> {
    const before = this.get(schedule.id);
    const now = this.#clock.now();
    const next = compileCron(schedule.cron)(now);
    const tick = newId(TICK);
    const { id, cron, destination, headers, body } = schedule;
    this.#engine.write(
      "INSERT OR REPLACE INTO schedule (id, cron, destination, headers, body, created, paused, last, next, tick) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      cron,
      destination,
      headers,
      body,
      before?.created ?? now,
      before?.paused ?? 0,
      before?.last ?? null,
      next,
      tick,
    );
    await this.#engine.publish([{ id: tick, due: next, body: JSON.stringify({ schedule: id }) }]);
    if (before) await this.#engine.cancel([before.tick]);
  }

  async remove({ id, tick }: Schedule): Promise<void> {
    this.#engine.write("DELETE FROM schedule WHERE id = ?", id);
    await this.#engine.cancel([tick]);
    await this.#engine.settled();
  }

  async pause({ id }: Schedule, isPaused: boolean): Promise<void> {
    this.#engine.write("UPDATE schedule SET paused = ? WHERE id = ?", Number(isPaused), id);
    await this.#engine.settled();
  }

  /** A tick's delivery: what is published, the next tick and the schedule's new state are one commit. */
  run({ id: tick, body, due }: Message): Verdict {
    const schedule = this.get((JSON.parse(body) as { schedule: string }).schedule);
    if (schedule?.tick !== tick) return { do: "done" };
    const next = compileCron(schedule.cron)(Math.max(this.#clock.now(), due));
    const nextTick = { id: newId(TICK), due: next, body };
    const published = schedule.paused ? [] : this.#messages(schedule);
    const last = schedule.paused ? schedule.last : this.#clock.now();
    this.#engine.write("UPDATE schedule SET next = ?, tick = ?, last = ? WHERE id = ?", next, nextTick.id, last, schedule.id);
    return { do: "done", publish: [...published, nextTick] };
  }

  /** None if it can't be published any more: its URL group may be gone. */
  #messages({ id, destination, headers, body }: Schedule): NewMessage[] {
    try {
      return this.#messagesOf(id, destination, new Headers(JSON.parse(headers) as [string, string][]), Buffer.from(body, "base64"));
    } catch (error) {
      if (error instanceof Refused) return [];
      throw error;
    }
  }
}

/** Of the request, what its messages are made of; each is one of its own. */
const NOT_KEPT = [
  "authorization",
  "upstash-cron",
  "upstash-schedule-id",
  "upstash-deduplication-id",
  "upstash-content-based-deduplication",
];

/** https://upstash.com/docs/qstash/features/schedules */
export function scheduleRoutes({ schedules, publisher, clock }: { schedules: Schedules; publisher: Publisher; clock: Clock }): Route[] {
  const find = (id: string): Schedule => orMissing(schedules.get(id), "schedule", id);
  return [
    ["PATCH", /^\/v2\/schedules\/([^/]+)\/pause$/, ({ rest }) => pause(rest, true)],
    ["POST", /^\/v2\/schedules\/([^/]+)\/pause$/, ({ rest }) => pause(rest, true)],
    ["PATCH", /^\/v2\/schedules\/([^/]+)\/resume$/, ({ rest }) => pause(rest, false)],
    ["POST", /^\/v2\/schedules\/([^/]+)\/resume$/, ({ rest }) => pause(rest, false)],
    ["POST", /^\/v2\/schedules\/(.+)$/s, create],
    ["GET", /^\/v2\/(?:schedules)\/?$/, () => schedules.list().map(viewSchedule)],
    ["GET", /^\/v2\/schedules\/([^/]+)$/, ({ rest }) => viewSchedule(find(rest))],
    ["DELETE", /^\/v2\/schedules\/([^/]+)$/, remove],
  ];

  async function create({ request, rest }: Call): Promise<object> {
    const { headers } = request;
    const cron = headers.get("upstash-cron");
    if (cron === null) throw new Refused(400, "missing Upstash-Cron header");
    const body = new Uint8Array(await request.arrayBuffer());
    publisher.check(readPublication(rest, headers, body, clock.now())); // What can't be published is refused now, not at its hour.
    const id = headers.get("upstash-schedule-id") ?? newId("scd_");
    const kept = [...headers].filter(([name]) => !NOT_KEPT.includes(name));
    await schedules.put({
      id,
      cron: cron.trim(),
      destination: rest,
      headers: JSON.stringify(kept),
      body: Buffer.from(body).toString("base64"),
    });
    return { scheduleId: id };
  }

  async function pause(id: string, isPaused: boolean): Promise<Response> {
    await schedules.pause(find(id), isPaused);
    return new Response(null);
  }

  async function remove({ rest }: Call): Promise<Response> {
    await schedules.remove(find(rest));
    return new Response(null);
  }
}
