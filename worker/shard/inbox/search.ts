import type { Sql } from "../../ports.ts";
import type { Events, StoredEvent } from "../ledger/events.ts";

/** Documents are indexed this many at a time: a small index write in every commit would cost more than all the rest of it. */
const BATCH = 512;

/**
 * Full-text search over what people were told. A document stands once per event × language, not once per person: the column
 * `people` holds a token for everyone it was for, so that a query names its person and no other's text is ever read.
 * Accepted events are indexed in batches; whoever searches first has the last few indexed.
 */
export class Search {
  readonly #sql: Sql;
  readonly #events: Events;
  /** The newest of the events that wait to be indexed; all of them, if `#isWhole`. */
  #waiting: StoredEvent[] = [];
  /** False after a start or a rollback: then older ones may wait on the disk. */
  #isWhole = false;
  /** The number of the last event that is indexed; null until it is looked up. */
  #indexed: number | null = null;

  constructor(sql: Sql, events: Events) {
    this.#sql = sql;
    this.#events = events;
  }

  forget(): void {
    this.#waiting = [];
    this.#isWhole = false;
    this.#indexed = null;
  }

  /** An event was accepted. A shard that wakes up for every event goes by the numbers, and need not read what waits. */
  note(event: StoredEvent): void {
    this.#waiting.push(event);
    const isFull = this.#waiting.length >= BATCH || (!this.#isWhole && event.n - this.#lastIndexed() >= BATCH);
    if (isFull) this.index();
  }

  /** Takes everything that waits into the index. */
  index(): void {
    if (this.#isWhole) this.#addSlice(this.#waiting);
    else for (let slice = this.#unindexed(); slice.length > 0; slice = this.#unindexed()) this.#addSlice(slice);
    this.#waiting = [];
    this.#isWhole = true;
  }

  /** Takes the next batch into the index of a copy, which begins with an empty one. False once nothing is left. */
  indexNext(): boolean {
    const slice = this.#unindexed();
    this.#addSlice(slice);
    return slice.length === BATCH;
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
    this.index();
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

  #addSlice(slice: StoredEvent[]): void {
    if (slice.length === 0) return;
    for (const event of slice) this.#addAll(event);
    this.#indexed = slice.at(-1)!.n;
    const known = this.#sql.exec(`UPDATE meta SET v = ? WHERE k = 'indexed' RETURNING k`, String(this.#indexed)).toArray();
    if (known.length === 0) this.#sql.exec(`INSERT INTO meta VALUES ('indexed', ?)`, String(this.#indexed));
  }

  /** One document per language; each lies within the event's numbers, of which there are at least as many as languages. */
  #addAll(event: StoredEvent): void {
    Object.values(event.texts).forEach((text, index) => this.add(event.n + index, event.people, text.title, text.body));
  }

  /** Those that came after the last one indexed; a full batch may not be all of them. */
  #unindexed(): StoredEvent[] {
    return this.#events.after(this.#lastIndexed(), BATCH);
  }

  #lastIndexed(): number {
    this.#indexed ??= Number(this.#sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'indexed'`).toArray()[0]?.v ?? 0);
    return this.#indexed;
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
