import type { Clock, Sql } from "../../ports.ts";
import type { TurnCommit } from "../commit-per-turn.ts";
import type { Message } from "./engine.ts";

/** A message that was given up. `message` is the id it had, `at` when it was given up, `note` what the deliverer wrote down. */
export type DeadLetter = { id: string; message: string; at: number; retried: number; createdAt: number; body: string; note: string };

/** As long as QStash keeps them on its paid plan. */
const KEEP_MS = 7 * 86_400_000;

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS dead_letter (id TEXT PRIMARY KEY, message TEXT NOT NULL, at INTEGER NOT NULL, retried INTEGER NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL, note TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS dead_letter_at ON dead_letter (at)`,
];
const SELECT = "SELECT id, message, at, retried, created AS createdAt, body, note FROM dead_letter";

/** The messages that were given up in the last seven days. Writes reach the disk with the turn's commit. */
export class DeadLetters {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #turn: TurnCommit;

  constructor(sql: Sql, clock: Clock, turn: TurnCommit) {
    for (const statement of SCHEMA) sql.exec(statement);
    this.#sql = sql;
    this.#clock = clock;
    this.#turn = turn;
  }

  get(id: string): DeadLetter | null {
    const [row] = this.#sql.exec<DeadLetter>(`${SELECT} WHERE id = ?`, id).toArray();
    return row ?? null;
  }

  /** The oldest first. */
  list(): DeadLetter[] {
    return this.#sql.exec<DeadLetter>(`${SELECT} ORDER BY at, id`).toArray();
  }

  bury(id: string, { id: message, retried, createdAt, body }: Message, note: string): void {
    const now = this.#clock.now();
    this.#turn.write("DELETE FROM dead_letter WHERE at < ?", now - KEEP_MS);
    this.#turn.write(
      "INSERT OR REPLACE INTO dead_letter (id, message, at, retried, created, body, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
      id,
      message,
      now,
      retried,
      createdAt,
      body,
      note,
    );
  }

  remove(id: string): void {
    this.#turn.write("DELETE FROM dead_letter WHERE id = ?", id);
  }
}
