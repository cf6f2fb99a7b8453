import type { Sql } from "../../ports.ts";

/**
 * Full-text search over what people were told. A document stands once per event × language, not once per person: the column
 * `people` holds a token for everyone it was for, so that a query names its person and no other's text is ever read.
 */
export class Search {
  readonly #sql: Sql;
  constructor(sql: Sql) {
    this.#sql = sql;
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
    if (match === null) return [];
    return this.#sql
      .exec<{ rowid: number }>(
        `SELECT rowid FROM search WHERE search MATCH ? AND rowid < ? ORDER BY rowid DESC LIMIT ?`,
        `people : ${token(person)} AND {title body} : (${match})`,
        before,
        limit,
      )
      .toArray()
      .map((row) => row.rowid);
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
