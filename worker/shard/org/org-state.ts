import type { Sql } from "../../ports.ts";
import type { AuditEntry, SettingsChange } from "../calls.ts";

/** What only shard 0 keeps: who did what, and a settings change that is under way. */
export class OrgState {
  readonly #sql: Sql;
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A broadcast that is on record already stays as it is. */
  note(entry: AuditEntry): void {
    this.#sql.exec(`INSERT OR IGNORE INTO audit (entry) VALUES (?)`, JSON.stringify(entry));
  }

  audit(limit: number, before: number): (AuditEntry & { n: number })[] {
    return this.#sql
      .exec<{ n: number; entry: string }>(`SELECT n, entry FROM audit WHERE n < ? ORDER BY n DESC LIMIT ?`, before, limit)
      .toArray()
      .map((row) => ({ ...(JSON.parse(row.entry) as AuditEntry), n: row.n }));
  }

  /** The notes of broadcasts with these ids, in no order. */
  broadcasts(ids: string[]): AuditEntry[] {
    return this.#sql
      .exec<{ entry: string }>(
        `SELECT entry FROM audit WHERE entry ->> '$.act' = 'broadcast.send' AND entry ->> '$.what' IN (SELECT value FROM json_each(?))`,
        JSON.stringify(ids),
      )
      .toArray()
      .map(({ entry }) => JSON.parse(entry) as AuditEntry);
  }

  /** Takes a change on if no other is under way; the very same one again is fine. */
  intend(change: SettingsChange): boolean {
    const pending = this.pending();
    if (pending) return JSON.stringify(pending) === JSON.stringify(change);
    this.#sql.exec(`INSERT INTO intent VALUES (?, ?)`, change.version, JSON.stringify(change));
    return true;
  }

  pending(): SettingsChange | null {
    const row = this.#sql.exec<{ change: string }>(`SELECT change FROM intent ORDER BY version LIMIT 1`).toArray()[0];
    return row ? (JSON.parse(row.change) as SettingsChange) : null;
  }

  settled(version: number): void {
    this.#sql.exec(`DELETE FROM intent WHERE version <= ?`, version);
  }
}
