import type { Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import type { Sql } from "../ports.ts";
import { tellSlice } from "./accept.ts";
import type { Parts } from "./parts.ts";

type Row = {
  n: number;
  event: string;
  people: number;
  told: number;
  cursor: number;
  last: number | null;
  ended: number | null;
  cancelled: number;
};
type Open = Omit<Row, "event"> & { event: Event };

/** How far an event is that has too many people of this shard to be told at once. */
export type Progress = { people: number; told: number; cancelled: boolean };

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
    this.#sql.exec(`INSERT INTO fan_out VALUES (?, ?, ?, 0, 0, ?, NULL, 0)`, n, JSON.stringify(event), people, last);
    if (this.#open === null) this.#open = undefined;
  }

  /** The oldest that is not at its end; null if there is none. */
  open(): Open | null {
    if (this.#open === undefined) {
      const row = this.#sql.exec<Row>(`SELECT * FROM fan_out WHERE ended IS NULL ORDER BY n LIMIT 1`).toArray()[0];
      this.#open = row ? { ...row, event: JSON.parse(row.event) as Event } : null;
    }
    return this.#open;
  }

  isAnyOpen(): boolean {
    return this.open() !== null;
  }

  advance(open: Open, told: number, cursor: number, ended: number | null): void {
    open.told += told;
    open.cursor = cursor;
    // At its end nobody needs the list of people any more.
    if (ended === null) this.#sql.exec(`UPDATE fan_out SET told = ?, cursor = ? WHERE n = ?`, open.told, cursor, open.n);
    else this.#sql.exec(`UPDATE fan_out SET told = ?, cursor = ?, ended = ?, event = '' WHERE n = ?`, open.told, cursor, ended, open.n);
    if (ended !== null) this.#open = undefined;
  }

  cancel(n: number, now: number): void {
    this.#sql.exec(`UPDATE fan_out SET ended = ?, cancelled = 1, event = '' WHERE n = ? AND ended IS NULL`, now, n);
    this.#open = undefined;
  }

  /** An event that is still being told; null if it is not. */
  waitingFor(n: number): Event | null {
    const row = this.#sql.exec<{ event: string }>(`SELECT event FROM fan_out WHERE n = ? AND ended IS NULL`, n).toArray()[0];
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

  progress(n: number): Progress | null {
    const row = this.#sql.exec<Row>(`SELECT people, told, cancelled FROM fan_out WHERE n = ?`, n).toArray()[0];
    return row ? { people: row.people, told: row.told, cancelled: row.cancelled === 1 } : null;
  }
}

/** Tells the next few people of the oldest fan-out. False if nothing is left to tell. */
export function continueFanOut(parts: Parts, rules: Rules, now: number): boolean {
  const { fanOuts } = parts;
  const open = fanOuts.open();
  if (!open) return false;
  const { recipients, cursor } = nextOf(parts, open);
  if (recipients.length > 0) tellSlice(parts, rules, { ...open.event, recipients }, open.told / LIMITS.slice + 1, now);
  fanOuts.advance(open, recipients.length, cursor, recipients.length < LIMITS.slice ? now : null);
  return fanOuts.isAnyOpen();
}

function nextOf({ people }: Parts, { event, cursor, last }: Open): { recipients: Event["recipients"]; cursor: number } {
  if (!event.audience) return { recipients: event.recipients.slice(cursor, cursor + LIMITS.slice), cursor: cursor + LIMITS.slice };
  const found = people.inAudience(event.audience, cursor, last!, LIMITS.slice);
  return { recipients: found.map(({ id }) => ({ id, fields: null })), cursor: found.at(-1)?.n ?? cursor };
}
