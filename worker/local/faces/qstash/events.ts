import type { QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock, Sql } from "../../../ports.ts";
import type { Outgoing } from "./publication.ts";

export type State = "CREATED" | "ACTIVE" | "DELIVERED" | "ERROR" | "RETRY" | "FAILED" | "CANCELED";
export type RecordEvent = (message: string, outgoing: Outgoing, state: State, error?: string) => void;

/** The log forgets what is older than its last so many entries. */
const KEEP = 10_000;
const PAGE = 100;

const SCHEMA = `CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, message TEXT NOT NULL, state TEXT NOT NULL, url TEXT NOT NULL, labels TEXT NOT NULL, error TEXT)`;

type Row = { n: number; at: number; message: string; state: State; url: string; labels: string; error: string | null };

/** What happened to messages. Entries reach the disk with the change that they tell of. */
export class Events {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #write: QueueEngine["write"];

  constructor(sql: Sql, clock: Clock, write: QueueEngine["write"]) {
    sql.exec(SCHEMA);
    this.#sql = sql;
    this.#clock = clock;
    this.#write = write;
  }

  record: RecordEvent = (message, { url, labels }, state, error) => {
    this.#write(
      "INSERT INTO event (at, message, state, url, labels, error) VALUES (?, ?, ?, ?, ?, ?)",
      this.#clock.now(),
      message,
      state,
      url,
      JSON.stringify(labels),
      error ?? null,
    );
    if (state === "CREATED") this.#write("DELETE FROM event WHERE n <= (SELECT max(n) FROM event) - ?", KEEP);
  };

  /** The newest first, a page of at most 100. https://upstash.com/docs/qstash/api-reference/logs/list-logs */
  list(query: URLSearchParams): { events: object[]; cursor?: string } {
    const messages = [...query.getAll("messageIds"), ...query.getAll("messageId")].flatMap((ids) => ids.split(","));
    const [state, url, label] = [query.get("state"), query.get("url"), query.get("label")];
    const before = Number(query.get("cursor") ?? Number.MAX_SAFE_INTEGER);
    const count = Math.min(Number(query.get("count") ?? PAGE) || PAGE, PAGE);
    const found = this.#sql
      .exec<Row>("SELECT n, at, message, state, url, labels, error FROM event WHERE n < ? ORDER BY n DESC", before)
      .toArray()
      .filter(
        (row) => (messages.length === 0 || messages.includes(row.message)) && (!state || row.state === state) && (!url || row.url === url),
      )
      .filter((row) => !label || (JSON.parse(row.labels) as string[]).includes(label));
    const page = found.slice(0, count);
    const last = page.at(-1);
    return { events: page.map(toEvent), ...(last && found.length > page.length ? { cursor: String(last.n) } : {}) };
  }
}

function toEvent({ at, message, state, url, labels, error }: Row): object {
  const all = JSON.parse(labels) as string[];
  return {
    time: at,
    messageId: message,
    state,
    url,
    ...(all[0] === undefined ? {} : { label: all[0], labels: all }),
    ...(error === null ? {} : { error }),
  };
}
