import type { Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import type { Sql } from "../ports.ts";
import { tellSlice } from "./accept.ts";
import type { StoredEvent } from "./ledger/events.ts";
import type { Parts } from "./parts.ts";

type Row = {
  n: number;
  people: number;
  told: number;
  cursor: number;
  last: number | null;
  ended: number | null;
  cancelled: number;
};
type Open = Row & { event: Event };

/** How far an event is that has too many people of this shard to be told at once. */
export type Progress = { people: number; told: number; cancelled: boolean };

/**
 * The same of any event, with what it is. `accepted`: how many people it is for in all, as far as this shard knows. `isOver`: nobody
 * of this shard is to be told any more.
 */
export type EventProgress = Progress &
  Pick<StoredEvent, "type" | "typeName" | "priority" | "at" | "deliverAt" | "accepted" | "shards"> & {
    isOver: boolean;
    title: string | null;
  };

/** Events that are told slice by slice, the oldest first. */
export class FanOuts {
  readonly #sql: Sql;
  /** The one being told; its list of people is long, and not read for every slice. */
  #open: Open | null | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  forget(): void {
    this.#open = undefined;
  }

  start(n: number, event: Event, people: number, last: number | null): void {
    this.#sql.exec(`INSERT INTO fan_out VALUES (?, ?, 0, 0, ?, NULL, 0)`, n, people, last);
    this.#sql.exec(`INSERT INTO fan_out_event VALUES (?, ?)`, n, JSON.stringify(event));
    if (this.#open === null) this.#open = undefined;
  }

  /** The oldest that is not at its end; null if there is none. */
  open(): Open | null {
    if (this.#open === undefined) {
      const row = this.#sql.exec<Row>(`SELECT * FROM fan_out WHERE ended IS NULL ORDER BY n LIMIT 1`).toArray()[0];
      this.#open = row ? { ...row, event: this.waitingFor(row.n)! } : null;
    }
    return this.#open;
  }

  isAnyOpen(): boolean {
    return this.open() !== null;
  }

  advance(open: Open, told: number, cursor: number, ended: number | null): void {
    open.told += told;
    open.cursor = cursor;
    this.#sql.exec(`UPDATE fan_out SET told = ?, cursor = ?, ended = ? WHERE n = ?`, open.told, cursor, ended, open.n);
    if (ended !== null) this.#end(open.n);
  }

  cancel(n: number, now: number): void {
    this.#sql.exec(`UPDATE fan_out SET ended = coalesce(ended, ?), cancelled = 1 WHERE n = ?`, now, n);
    this.#end(n);
  }

  /** Nobody needs the list of people any more. */
  #end(n: number): void {
    this.#sql.exec(`DELETE FROM fan_out_event WHERE n = ?`, n);
    this.#open = undefined;
  }

  /** An event that is still being told; null if it is not. */
  waitingFor(n: number): Event | null {
    const row = this.#sql.exec<{ event: string }>(`SELECT event FROM fan_out_event WHERE n = ?`, n).toArray()[0];
    return row ? (JSON.parse(row.event) as Event) : null;
  }

  /** How many people of events accepted in this time are still to be told. */
  waiting(from: number, to: number): number {
    if (!this.open()) return 0;
    return this.#sql
      .exec<{ people: number }>(
        `SELECT coalesce(sum(fan_out.people - fan_out.told), 0) AS people FROM fan_out JOIN event ON event.n = fan_out.n
          WHERE ended IS NULL AND event.at >= ? AND event.at < ?`,
        from,
        to,
      )
      .toArray()[0]!.people;
  }

  /** The last of them that this shard has, newest first. */
  newest(limit: number): { id: string; at: number }[] {
    return this.#sql
      .exec<{ id: string; at: number }>(
        `SELECT event.id, event.at FROM fan_out JOIN event ON event.n = fan_out.n ORDER BY fan_out.n DESC LIMIT ?`,
        limit,
      )
      .toArray();
  }

  isOver(n: number): boolean {
    return this.#sql.exec(`SELECT 1 FROM fan_out WHERE n = ? AND ended IS NULL`, n).toArray().length === 0;
  }

  progress(n: number): Progress | null {
    const row = this.#sql.exec<Row>(`SELECT people, told, cancelled FROM fan_out WHERE n = ?`, n).toArray()[0];
    return row ? { people: row.people, told: row.told, cancelled: row.cancelled === 1 } : null;
  }
}

/** How far an event is here, be it a fan-out or not; null for an unknown one. */
export function progressOf({ events, fanOuts }: Parts, id: string): EventProgress | null {
  // The first row of a fan-out has nobody, and its first slice what is said.
  const rows = events.rowsOf(id, 2);
  const [event] = rows;
  if (!event) return null;
  const { n, type, typeName, priority, at, deliverAt, accepted, shards, people } = event;
  const said = rows.find((row) => row.people.length > 0);
  const progress = fanOuts.progress(n) ?? { people: people.length, told: people.length, cancelled: false };
  const title = said ? events.text(said, null).title : null;
  return { ...progress, type, typeName, priority, at, deliverAt, accepted, shards, isOver: fanOuts.isOver(n), title };
}

/** Tells the next few people of the oldest fan-out. False if nothing is left to tell. */
export function continueFanOut(parts: Parts, rules: Rules, now: number): boolean {
  const { fanOuts, people } = parts;
  const open = fanOuts.open();
  if (!open) return false;
  const { event, cursor, last } = open;
  const slice = open.told / LIMITS.slice + 1;
  if (event.audience) {
    const found = people.inAudience(event.audience, cursor, last!, LIMITS.slice);
    if (found.length > 0) tellSlice(parts, rules, event, found, slice, now);
    fanOuts.advance(open, found.length, found.at(-1)?.n ?? cursor, found.length < LIMITS.slice ? now : null);
  } else {
    const recipients = event.recipients.slice(cursor, cursor + LIMITS.slice);
    if (recipients.length > 0) tellSlice(parts, rules, { ...event, recipients }, null, slice, now);
    fanOuts.advance(open, recipients.length, cursor + LIMITS.slice, recipients.length < LIMITS.slice ? now : null);
  }
  return fanOuts.isAnyOpen();
}
