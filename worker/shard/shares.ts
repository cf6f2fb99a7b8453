import type { Event } from "@carillon/shared/events";
import { shardOf } from "../pipeline/place.ts";
import type { Sql } from "../ports.ts";

/** So many events, or so many letters of them, are handed over in one call at the most. */
const BATCH = { events: 100, letters: 1_000_000 };

/** Shares of events for one shard, in the order of their acceptance. `upTo` is the number of the last. */
export type Handover = { upTo: number; events: Event[] };

/**
 * An event for people of several shards has a home, where it is accepted whole; what is for the others is a share, kept until
 * that shard has taken it.
 */
export class Shares {
  readonly #sql: Sql;
  #fresh = new Set<number>();
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  forget(): void {
    this.#fresh.clear();
  }

  add(shard: number, n: number, event: Event): void {
    this.#sql.exec(`INSERT INTO share VALUES (?, ?, ?)`, shard, n, JSON.stringify(event));
    this.#fresh.add(shard);
  }

  isFresh(): boolean {
    return this.#fresh.size > 0;
  }

  /** The shards for which this transaction has something new. */
  takeFresh(): number[] {
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    return fresh;
  }

  /** What is to be handed to a shard next; null for nothing. */
  next(shard: number): Handover | null {
    const rows = this.#sql
      .exec<{ n: number; event: string }>(`SELECT n, event FROM share WHERE shard = ? ORDER BY n LIMIT ?`, shard, BATCH.events)
      .toArray();
    let letters = 0;
    const fitting = rows.filter((row, index) => (letters += row.event.length) <= BATCH.letters || index === 0);
    const last = fitting.at(-1);
    return last ? { upTo: last.n, events: fitting.map((row) => JSON.parse(row.event) as Event) } : null;
  }

  /** How many people of events accepted in this time are named in what waits. */
  people(from: number, to: number): number {
    return this.#sql
      .exec<{ people: number }>(
        `SELECT coalesce(sum(json_array_length(share.event, '$.recipients')), 0) AS people FROM share JOIN event ON event.n = share.n
          WHERE event.at >= ? AND event.at < ?`,
        from,
        to,
      )
      .toArray()[0]!.people;
  }

  /** An event as it waits to be handed on; null if nothing of it does. */
  waitingFor(n: number): Event | null {
    const row = this.#sql.exec<{ event: string }>(`SELECT event FROM share WHERE n = ? LIMIT 1`, n).toArray()[0];
    return row ? (JSON.parse(row.event) as Event) : null;
  }

  /** That shard has everything up to this one. */
  taken(shard: number, upTo: number): void {
    this.#sql.exec(`DELETE FROM share WHERE shard = ? AND n <= ?`, shard, upTo);
  }

  /** An event was cancelled: what is not handed over yet never will be. */
  drop(n: number): void {
    this.#sql.exec(`DELETE FROM share WHERE n = ?`, n);
  }

  /** The shards for which something waits. */
  waiting(): number[] {
    return this.#sql
      .exec<{ shard: number }>(`SELECT DISTINCT shard FROM share`)
      .toArray()
      .map((row) => row.shard);
  }
}

/**
 * An event's recipients by their shard. An audience, and those for whom something is resolved, may be anywhere: such an event has a
 * share in every shard, if one without a name.
 */
export function recipientsByShard(event: Event, shards: number): Map<number, Event["recipients"]> {
  const byShard = new Map<number, Event["recipients"]>();
  if (event.audience || event.resolves.length > 0) for (let shard = 0; shard < shards; shard++) byShard.set(shard, []);
  for (const recipient of event.recipients) {
    const shard = shardOf(recipient.id, shards);
    const others = byShard.get(shard);
    if (others) others.push(recipient);
    else byShard.set(shard, [recipient]);
  }
  return byShard;
}
