import type { Event } from "@carillon/shared/events";
import type { Sql } from "../../ports.ts";
import { languageOf, renderTexts } from "../../templates/render.ts";

/** An accepted event as the shard keeps it; the people are this shard's numbers, in notice order. */
export type StoredEvent = Omit<Event, "recipients" | "audience"> & {
  n: number;
  at: number;
  hash: string;
  /** The version of the settings that it was decided by; their history holds the values. */
  rules: number;
  /** The shards that its home hands shares of it to. */
  shards: number[];
  /** How many people it is for in all, where those of this row are not all of them; null where they are. */
  accepted: number | null;
  people: number[];
  /** The in-app text by language. */
  texts: Record<string, { title: string; body: string }>;
};
/** What of an event stands in no column of its own. */
type Body = Omit<StoredEvent, "n" | "id" | "hash" | "type" | "at" | "people" | "texts">;
type Row = { n: number; id: string; hash: string; type: string; at: number; body: string; people: string; texts: string };

const CACHED_EVENTS = 200;
/** Between an event's id, which has no such letter, and the number of a slice, written so that the ids are in the order of the slices. */
const SLICE_MARK = "\n";
const PAST_SLICE_MARK = "\v";

/** The events of a shard. They never change after they were accepted, but for an erased person's texts. */
export class Events {
  readonly #sql: Sql;
  #byNumber = new Map<number, StoredEvent>();
  #next: number | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  forget(): void {
    this.#byNumber.clear();
    this.#next = null;
  }

  /** Takes `count` notice numbers, at least one; the first is the event's own. */
  reserve(count: number): number {
    const n = this.next();
    this.#next = n + Math.max(1, count);
    return n;
  }

  /** The number that the next event will have. */
  next(): number {
    return (this.#next ??= this.#lastEnd());
  }

  /** How an event is known here, and how many people it is for in all. */
  hashOf(id: string): { hash: string; accepted: number } | null {
    const row = this.#sql
      .exec<{ hash: string; people: string; accepted: number | null }>(
        `SELECT hash, people, body ->> '$.accepted' AS accepted FROM event WHERE id = ?`,
        id,
      )
      .toArray()[0];
    return row ? { hash: row.hash, accepted: row.accepted ?? (JSON.parse(row.people) as number[]).length } : null;
  }

  /** `slice` tells the rows of a fan-out apart; its first, which has no people, is 0. */
  insert(event: StoredEvent, slice = 0): void {
    this.#sql.exec(
      `INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      event.n,
      slice === 0 ? event.id : `${event.id}${SLICE_MARK}${String(slice).padStart(8, "0")}`,
      event.hash,
      event.type,
      event.at,
      JSON.stringify(bodyOf(event)),
      JSON.stringify(event.people),
      JSON.stringify(event.texts),
    );
    this.#keep(event);
  }

  byId(id: string): StoredEvent | null {
    const row = this.#sql.exec<Row>(`SELECT * FROM event WHERE id = ?`, id).toArray()[0];
    return row ? this.#keep(read(row)) : null;
  }

  /** All rows of an event: one, or those of a fan-out in the order in which they were told. */
  rowsOf(id: string, limit = Number.MAX_SAFE_INTEGER): StoredEvent[] {
    const first = this.byId(id);
    if (!first) return [];
    // A range of the ids and no LIKE: whatever an id looks like, it can't stand for others.
    const slices = this.#sql
      .exec<Row>(
        `SELECT * FROM event WHERE id > ? AND id < ? ORDER BY id LIMIT ?`,
        `${id}${SLICE_MARK}`,
        `${id}${PAST_SLICE_MARK}`,
        limit - 1,
      )
      .toArray();
    return [first, ...slices.map(read)];
  }

  /** The event that a notice number belongs to. */
  containing(notice: number): StoredEvent | null {
    const own = this.#byNumber.get(notice);
    if (own) return own;
    const row = this.#sql.exec<Row>(`SELECT * FROM event WHERE n <= ? ORDER BY n DESC LIMIT 1`, notice).toArray()[0];
    if (!row) return null;
    const event = this.#byNumber.get(row.n) ?? this.#keep(read(row));
    return notice < event.n + Math.max(1, event.people.length) ? event : null;
  }

  /** Events below number `before`, newest first. */
  before(before: number, limit: number): StoredEvent[] {
    return this.#sql.exec<Row>(`SELECT * FROM event WHERE n < ? ORDER BY n DESC LIMIT ?`, before, limit).toArray().map(read);
  }

  /** Events above number `after`, oldest first. */
  after(after: number, limit: number): StoredEvent[] {
    return this.#sql.exec<Row>(`SELECT * FROM event WHERE n > ? ORDER BY n LIMIT ?`, after, limit).toArray().map(read);
  }

  /** The number from which on events were accepted at or after `at`; past all of them if none was. */
  firstAt(at: number): number {
    // Instants rise with the numbers, so the border is found by halving.
    let low = 0;
    let high = this.next();
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const event = this.#sql
        .exec<{ n: number; at: number }>(`SELECT n, at FROM event WHERE n >= ? ORDER BY n LIMIT 1`, middle)
        .toArray()[0];
      if (event && event.at < at) low = event.n + 1;
      else high = middle;
    }
    return low;
  }

  lastAt(): number {
    return this.#sql.exec<{ at: number }>(`SELECT at FROM event ORDER BY n DESC LIMIT 1`).toArray()[0]?.at ?? 0;
  }

  /** The in-app text in the person's language; made now for a language that nobody had when the event came. */
  text(event: StoredEvent, locale: string | null): { title: string; body: string } {
    const language = languageOf(locale);
    return event.texts[language] ?? renderTexts(event, "in-app", language);
  }

  /** Takes the words out of an event that spoke to nobody but an erased person. */
  blank(event: StoredEvent): void {
    const blanked: StoredEvent = { ...event, data: {}, link: null, actor: null, texts: {} };
    const body = JSON.stringify(bodyOf(blanked));
    this.#sql.exec(`UPDATE event SET body = ?, texts = ? WHERE n = ?`, body, JSON.stringify(blanked.texts), event.n);
    this.#byNumber.delete(event.n);
  }

  /** Takes the event's own row away. Its numbers are never given out again. */
  remove(event: StoredEvent): void {
    const next = this.next();
    this.#sql.exec(`DELETE FROM event WHERE n = ?`, event.n);
    this.#byNumber.delete(event.n);
    if (this.#lastEnd() < next)
      this.#sql.exec(`INSERT INTO meta VALUES ('next', ?) ON CONFLICT DO UPDATE SET v = excluded.v`, String(next));
  }

  #lastEnd(): number {
    const row = this.#sql.exec<{ n: number; people: string }>(`SELECT n, people FROM event ORDER BY n DESC LIMIT 1`).toArray()[0];
    if (row) return row.n + Math.max(1, (JSON.parse(row.people) as number[]).length);
    // Also where all have been removed, numbers go on.
    return Number(this.#sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'next'`).toArray()[0]?.v ?? 1);
  }

  #keep(event: StoredEvent): StoredEvent {
    if (this.#byNumber.size >= CACHED_EVENTS) this.#byNumber.delete(this.#byNumber.keys().next().value!);
    this.#byNumber.set(event.n, event);
    return event;
  }
}

/** What most events do not have; it stands in no row of theirs. */
const ABSENT: Omit<Body, "priority" | "data" | "rules"> = {
  shards: [],
  accepted: null,
  typeName: null,
  actor: null,
  link: null,
  occurredAt: null,
  collapseKey: null,
  resolves: [],
  deliverAt: null,
  expiresAt: null,
};
const OPTIONAL = Object.keys(ABSENT) as (keyof typeof ABSENT)[];

/** Field by field: to leave seven out of twenty by a rest pattern costs several times as much. */
function bodyOf(event: StoredEvent): Partial<Body> {
  const body: Record<string, unknown> = { priority: event.priority, data: event.data, rules: event.rules };
  for (const name of OPTIONAL) {
    const value = event[name];
    if (value !== null && (!Array.isArray(value) || value.length > 0)) body[name] = value;
  }
  return body;
}

function read(row: Row): StoredEvent {
  const body = JSON.parse(row.body) as Body;
  return {
    ...ABSENT,
    ...body,
    n: row.n,
    id: row.id.split(SLICE_MARK, 1)[0]!,
    hash: row.hash,
    type: row.type as StoredEvent["type"],
    at: row.at,
    people: JSON.parse(row.people) as number[],
    texts: JSON.parse(row.texts) as StoredEvent["texts"],
  };
}
