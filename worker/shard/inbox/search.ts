import type { Sql } from "../../ports.ts";
import type { Events, StoredEvent } from "../ledger/events.ts";

/** Documents are indexed this many at a time: a small index write in every commit would cost more than all the rest of it. */
const BATCH = 256;

/**
 * Full-text search over what people were told. A document stands once per event × language, not once per person: the column
 * `people` holds a token for everyone it was for, so that a query names its person and no other's text is ever read.
 * Accepted events are indexed in batches; whoever searches first has the last few indexed.
 */
export class Search {
  readonly #sql: Sql;
  readonly #events: Events;
  /** How many events wait to be indexed; null when that is not known, after a start or a rollback. */
  #waiting: number | null = null;

  constructor(sql: Sql, events: Events) {
    this.#sql = sql;
    this.#events = events;
  }

  forget(): void {
    this.#waiting = null;
  }

  /** An event was accepted. */
  note(): void {
    if (this.#waiting === null) this.#waiting = this.#countWaiting();
    else this.#waiting++;
    if (this.#waiting >= BATCH) this.index();
  }

  /** Takes everything that waits into the index. */
  index(): void {
    let done = this.#indexed();
    for (;;) {
      const slice = this.#events.after(done, BATCH);
      for (const event of slice) this.#addAll(event);
      if (slice.length > 0) {
        done = slice.at(-1)!.n;
        this.#sql.exec(`INSERT INTO meta VALUES ('indexed', ?) ON CONFLICT DO UPDATE SET v = excluded.v`, String(done));
      }
      if (slice.length < BATCH) break;
    }
    this.#waiting = 0;
  }

  /** `n` lies in the event's own range of notice numbers, so that a hit leads to its event by arithmetic. */
  add(n: number, people: number[], title: string, body: string): void {
    this.#sql.exec(`INSERT INTO search (rowid, people, title, body) VALUES (?, ?, ?, ?)`, n, people.map(token).join(" "), title, body);
  }

  remove(n: number): void {
    this.#sql.exec(`DELETE FROM search WHERE rowid = ?`, n);
  }

  /** Numbers of documents for this person that hold every word (the last one as a beginning), below `before`, newest first. */
  find(person: number, words: string, before: number, limit: number): number[] {
    const match = matchOf(words);
    return match === null ? [] : this.#query(`people : ${token(person)} AND {title body} : (${match})`, before, limit);
  }

  /** The same over everybody's documents, for the log. */
  findForAll(words: string, before: number, limit: number): number[] {
    const match = matchOf(words);
    return match === null ? [] : this.#query(`{title body} : (${match})`, before, limit);
  }

  #query(match: string, before: number, limit: number): number[] {
    if (this.#waiting !== 0) this.index();
    return this.#sql
      .exec<{ rowid: number }>(
        `SELECT rowid FROM search WHERE search MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`,
        match,
        before,
        limit,
      )
      .toArray()
      .map((row) => row.rowid);
  }

  /** One document per language; each lies within the event's numbers, of which there are at least as many as languages. */
  #addAll(event: StoredEvent): void {
    Object.values(event.texts).forEach((text, index) => this.add(event.n + index, event.people, text.title, text.body));
  }

  #indexed(): number {
    return Number(this.#sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'indexed'`).toArray()[0]?.v ?? 0);
  }

  #countWaiting(): number {
    return this.#events.after(this.#indexed(), BATCH).length;
  }
}

const token = (person: number): string => `p${person.toString(36)}`;
const MAX_WORDS = 12;

/** What a person types, as an FTS5 query: every word quoted, so that no operator gets through. Null if there is no word in it. */
export function matchOf(text: string): string | null {
  const words = text
    .normalize("NFC")
    .match(/[\p{L}\p{N}\p{M}]+/gu)
    ?.slice(0, MAX_WORDS);
  if (!words) return null;
  return words.map((word, index) => `"${word}"${index === words.length - 1 ? "*" : ""}`).join(" AND ");
}
