import { Unavailable } from "../../errors.ts";
import type { Sql } from "../../ports.ts";
import type { Search } from "../inbox/search.ts";
import { SCHEMA_VERSION } from "../schema.ts";
import { dropNotes, noteChanges, readChanges, type Changed } from "./changes.ts";
import { digestOf, empty, isEmpty, readPage, tablesOf, writeRows, type Key, type Row } from "./tables.ts";

/**
 * What a backup asks of a shard, in this order. `begin` names the backup, and from then on the shard notes what changes; `page` reads
 * every table while all goes on; `changes` reads what has changed meanwhile, again and again, the last time while the shard is held
 * (`hold`, `letGo`); `end`. The copy is then the shard as of the hold, and nobody was refused anything.
 *
 * What a restore asks: `clear`, only of a shard that nothing was ever stored in or that is being filled already, so that a restore that
 * was cut off begins again from nothing; `rows`; `digest`, which is compared with the copy's; `index` until all can be found again;
 * `ready`. Until `ready` the shard serves nobody and its timer rests; after it, it opens with the first call from outside, which can
 * only come once the organisation is on record.
 */
export type TransferStep =
  | { act: "begin"; backup: string }
  | { act: "page"; backup: string; table: string; after: Key | null }
  | { act: "changes"; backup: string; after: number }
  | { act: "hold"; ms: number }
  | { act: "letGo" }
  | { act: "end"; backup: string }
  | { act: "clear"; schema: number }
  | { act: "rows"; table: string; rows: Row[] }
  | { act: "digest"; table: string; after: Key | null }
  | { act: "index" }
  | { act: "ready" };
export type TransferAnswer =
  | { done: true }
  | { schema: number }
  | { rows: Row[]; next: Key | null }
  | { changed: Changed[]; upTo: number; isAll: boolean; isHeld: boolean }
  | { count: number; digest: string; next: Key | null }
  | { left: boolean }
  | { refused: Refused };
/** `lost`: this backup has ended, or another has begun. `not-empty`, `not-filling`: nothing may be written here. */
export type Refused = "lost" | "not-empty" | "not-filling" | "schema" | "table";

/** A backup that is not heard of for so long is over. */
const PATIENCE_MS = 600_000;

const DONE: TransferAnswer = { done: true };
const refused = (why: Refused): TransferAnswer => ({ refused: why });

/** A shard as something that is copied to elsewhere, or from there. */
export class Transfer {
  readonly #sql: Sql;
  readonly #search: Search;
  /** The backup that is being taken, by its name; undefined until it is looked up. */
  #backup: { name: string; until: number } | null | undefined;
  #filling: string | null | undefined;
  #heldUntil = 0;

  constructor(sql: Sql, search: Search) {
    this.#sql = sql;
    this.#search = search;
  }

  forget(): void {
    this.#backup = undefined;
    this.#filling = undefined;
  }

  /** How much longer all calls but the transfer's own have to wait; 0 for not at all. */
  heldMs(now: number): number {
    return this.#heldUntil === 0 ? 0 : Math.max(0, this.#heldUntil - now);
  }

  /** Whether the shard serves nobody, and its timer rests. */
  isClosed(): boolean {
    return this.#fillingState() !== null;
  }

  /** Somebody calls from outside. @throws Unavailable while the shard is being filled */
  admit(): void {
    const state = this.#fillingState();
    if (state === null) return;
    if (state !== READY) throw new Unavailable("shard", new Error("The shard is being restored"));
    this.#setFilling(null);
  }

  /** When a backup that has died is to be ended; null for none. */
  endsAt(): number | null {
    return this.#running()?.until ?? null;
  }

  sweep(now: number): void {
    if ((this.endsAt() ?? Infinity) <= now) this.#end();
  }

  do(step: TransferStep, now: number): TransferAnswer {
    switch (step.act) {
      case "begin":
        return this.#begin(step.backup, now);
      case "hold":
        this.#heldUntil = now + step.ms;
        return DONE;
      case "letGo":
        this.#heldUntil = 0;
        return DONE;
      case "page":
      case "changes":
      case "end":
        return this.#read(step, now);
      case "clear":
        return this.#clear(step.schema);
      default:
        return this.#fillingState() === FILLING ? this.#write(step) : refused("not-filling");
    }
  }

  /** Whoever begins last is heard: a backup that was cut off must not be in the way of the next. */
  #begin(name: string, now: number): TransferAnswer {
    if (this.isClosed()) return refused("not-empty");
    this.#end();
    noteChanges(this.#sql);
    this.#sql.exec(`CREATE TABLE backup_run (name TEXT NOT NULL, until INTEGER NOT NULL)`);
    this.#sql.exec(`INSERT INTO backup_run VALUES (?, ?)`, name, now + PATIENCE_MS);
    this.#backup = { name, until: now + PATIENCE_MS };
    return { schema: SCHEMA_VERSION };
  }

  #read(step: Extract<TransferStep, { act: "page" | "changes" | "end" }>, now: number): TransferAnswer {
    if (this.#running()?.name !== step.backup) return step.act === "end" ? DONE : refused("lost");
    if (step.act === "end") {
      this.#end();
      return DONE;
    }
    this.#sql.exec(`UPDATE backup_run SET until = ?`, now + PATIENCE_MS);
    this.#backup!.until = now + PATIENCE_MS;
    if (step.act === "changes") return { ...readChanges(this.#sql, step.after), isHeld: this.heldMs(now) > 0 };
    const table = this.#table(step.table);
    return table ? readPage(this.#sql, table, step.after) : refused("table");
  }

  #end(): void {
    dropNotes(this.#sql);
    this.#sql.exec(`DROP TABLE IF EXISTS backup_run`);
    this.#backup = null;
  }

  #running(): { name: string; until: number } | null {
    if (this.#backup !== undefined) return this.#backup;
    const isThere = this.#sql.exec(`SELECT 1 FROM sqlite_schema WHERE name = 'backup_run'`).toArray().length > 0;
    const [run] = isThere ? this.#sql.exec<{ name: string; until: number }>(`SELECT name, until FROM backup_run`).toArray() : [];
    return (this.#backup = run ?? null);
  }

  #clear(schema: number): TransferAnswer {
    if (schema !== SCHEMA_VERSION) return refused("schema");
    if (!this.isClosed() && !isEmpty(this.#sql)) return refused("not-empty");
    this.#end();
    empty(this.#sql);
    this.#setFilling(FILLING);
    return DONE;
  }

  #write(step: Extract<TransferStep, { act: "rows" | "digest" | "index" | "ready" }>): TransferAnswer {
    if (step.act === "index") return { left: this.#search.indexNext() };
    if (step.act === "ready") {
      this.#setFilling(READY);
      return DONE;
    }
    const table = this.#table(step.table);
    if (!table) return refused("table");
    if (step.act === "rows") {
      writeRows(this.#sql, table, step.rows);
      return DONE;
    }
    const { rows, next } = readPage(this.#sql, table, step.after);
    return { count: rows.length, digest: digestOf(rows), next };
  }

  #table(name: string) {
    return tablesOf(this.#sql).find((table) => table.name === name);
  }

  #fillingState(): string | null {
    if (this.#filling !== undefined) return this.#filling;
    const [row] = this.#sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'filling'`).toArray();
    return (this.#filling = row?.v ?? null);
  }

  #setFilling(state: string | null): void {
    if (state === null) this.#sql.exec(`DELETE FROM meta WHERE k = 'filling'`);
    else this.#sql.exec(`INSERT INTO meta VALUES ('filling', ?) ON CONFLICT DO UPDATE SET v = excluded.v`, state);
    this.#filling = state;
  }
}
const FILLING = "rows";
const READY = "ready";
