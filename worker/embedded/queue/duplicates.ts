import type { Clock, Sql } from "../../ports.ts";
import type { TurnCommit } from "../commit-per-turn.ts";
import type { NewMessage } from "./engine.ts";

/** https://upstash.com/docs/qstash/features/deduplication */
const WINDOW_MS = 600_000;

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS deduplication (id TEXT PRIMARY KEY, message TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS deduplication_until ON deduplication (until)`,
];

/** Which deduplication ids were seen in the last ten minutes, and for which message; the oldest first. */
export class Duplicates {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #turn: TurnCommit;
  readonly #seen = new Map<string, { message: string; until: number }>();

  constructor(sql: Sql, clock: Clock, turn: TurnCommit) {
    for (const statement of SCHEMA) sql.exec(statement);
    this.#sql = sql;
    this.#clock = clock;
    this.#turn = turn;
    this.load();
  }

  load(): void {
    this.#seen.clear();
    const rows = this.#sql
      .exec<{ id: string; message: string; until: number }>("SELECT id, message, until FROM deduplication ORDER BY until")
      .toArray();
    for (const { id, message, until } of rows) this.#seen.set(id, { message, until });
  }

  /** The id of the message that came first, or null, and then this one is remembered. */
  of({ id, deduplicationId }: NewMessage): string | null {
    if (deduplicationId === undefined) return null;
    this.#forgetOld();
    const earlier = this.#seen.get(deduplicationId);
    if (earlier) return earlier.message;
    const until = this.#clock.now() + WINDOW_MS;
    this.#seen.set(deduplicationId, { message: id, until });
    this.#turn.write("INSERT OR REPLACE INTO deduplication (id, message, until) VALUES (?, ?, ?)", deduplicationId, id, until);
    return null;
  }

  #forgetOld(): void {
    const now = this.#clock.now();
    for (const [id, { until }] of this.#seen) {
      if (until > now) return;
      this.#seen.delete(id);
      this.#turn.write("DELETE FROM deduplication WHERE id = ?", id);
    }
  }
}
