import type { QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock, Sql } from "../../../ports.ts";
import { readFilter } from "./filter.ts";
import type { Outgoing } from "./publication.ts";
import { countOf } from "./route.ts";
import { loggedBody, shared } from "./views.ts";

export type State = "CREATED" | "ACTIVE" | "DELIVERED" | "ERROR" | "RETRY" | "FAILED" | "CANCELED";
/** What a single step has to tell besides its message; instants in ms since 1970. */
export type More = { error?: string; responseStatus?: number; nextDeliveryTime?: number };
export type RecordEvent = (message: string, outgoing: Outgoing, state: State, more?: More) => void;

/** The log forgets what is older than its last so many entries. */
const KEEP = 10_000;

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS log_entry (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, message TEXT NOT NULL, state TEXT NOT NULL, more TEXT NOT NULL)`,
  // What all entries of a message have in common.
  `CREATE TABLE IF NOT EXISTS logged (message TEXT PRIMARY KEY, outgoing TEXT NOT NULL, n INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS logged_n ON logged (n)`,
];

type Row = { n: number; at: number; message: string; state: State; more: string; outgoing: string };

/** What happened to messages. Entries reach the disk with the change that they tell of. */
export class Events {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #write: QueueEngine["write"];

  constructor(sql: Sql, clock: Clock, write: QueueEngine["write"]) {
    for (const statement of SCHEMA) sql.exec(statement);
    this.#sql = sql;
    this.#clock = clock;
    this.#write = write;
  }

  record: RecordEvent = (message, outgoing, state, more = {}) => {
    this.#write(
      "INSERT INTO log_entry (at, message, state, more) VALUES (?, ?, ?, ?)",
      this.#clock.now(),
      message,
      state,
      JSON.stringify(more),
    );
    if (state !== "CREATED") return;
    this.#write(
      "INSERT OR REPLACE INTO logged (message, outgoing, n) VALUES (?, ?, (SELECT max(n) FROM log_entry))",
      message,
      JSON.stringify(outgoing),
    );
    this.#write("DELETE FROM log_entry WHERE n <= (SELECT max(n) FROM log_entry) - ?", KEEP);
    this.#write("DELETE FROM logged WHERE n <= (SELECT max(n) FROM log_entry) - ?", KEEP);
  };

  /** The newest first, a page of at most 100. https://upstash.com/docs/qstash/api-reference/logs/list-logs */
  list(query: URLSearchParams): { events: object[]; cursor?: string } {
    const isMeant = readFilter(query, "logs");
    const before = Number(query.get("cursor") ?? Number.MAX_SAFE_INTEGER);
    const count = countOf(query);
    const found = this.#sql
      .exec<Row>(
        "SELECT log_entry.n, at, message, state, more, outgoing FROM log_entry JOIN logged USING (message) WHERE log_entry.n < ? ORDER BY log_entry.n DESC",
        before,
      )
      .toArray()
      .map((row) => ({ ...row, outgoing: JSON.parse(row.outgoing) as Outgoing }))
      .filter(({ message, at, state, outgoing }) => isMeant({ id: message, createdAt: at, state, outgoing }));
    const page = found.slice(0, count);
    const last = page.at(-1);
    const events = page.map(({ at, message, state, more, outgoing }) => ({
      time: at,
      messageId: message,
      state,
      ...shared(outgoing),
      body: loggedBody(outgoing),
      ...(JSON.parse(more) as More),
    }));
    return { events, ...(last && found.length > page.length ? { cursor: String(last.n) } : {}) };
  }
}
