import { LIMITS } from "@carillon/shared/limits";
import type { PushSubscription } from "../../channels/channel.ts";
import type { Sql } from "../../ports.ts";
import type { People, Person } from "./people.ts";

type Row = { endpoint: string; person: number; p256dh: string; auth: string; key: string | null; at: number };

/** The browsers that take push messages. Each belongs to the person who signed in there last. */
export class Browsers {
  readonly #sql: Sql;
  readonly #people: People;
  constructor(sql: Sql, people: People) {
    this.#sql = sql;
    this.#people = people;
  }

  of(person: Person): PushSubscription[] {
    if (person.browsers === 0) return [];
    return this.#sql.exec<Row>(`SELECT * FROM browser WHERE person = ? ORDER BY at`, person.n).toArray().map(toSubscription);
  }

  /** Binds a browser to a person, and takes it from whoever had it. Beyond the limit the oldest gives way. */
  put(person: Person, { endpoint, p256dh, auth, publicKey }: PushSubscription, now: number): void {
    const before = this.#ownerOf(endpoint);
    this.#sql.exec(
      `INSERT INTO browser (endpoint, person, p256dh, auth, key, at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET person = excluded.person, p256dh = excluded.p256dh, auth = excluded.auth, key = excluded.key, at = excluded.at`,
      endpoint,
      person.n,
      p256dh,
      auth,
      publicKey ?? null,
      now,
    );
    this.#sql.exec(
      `DELETE FROM browser WHERE person = ?1 AND endpoint NOT IN (SELECT endpoint FROM browser WHERE person = ?1 ORDER BY at DESC LIMIT ?2)`,
      person.n,
      LIMITS.browsers,
    );
    this.#count(person.n, now);
    if (before !== null && before !== person.n) this.#count(before, now);
  }

  /** Takes a browser away, from this person only unless it is null. False if there was none. */
  remove(endpoint: string, person: Person | null, now: number): boolean {
    const owner = this.#ownerOf(endpoint);
    if (owner === null || (person !== null && owner !== person.n)) return false;
    this.#sql.exec(`DELETE FROM browser WHERE endpoint = ?`, endpoint);
    this.#count(owner, now);
    return true;
  }

  /** Every browser of a person that is erased. */
  forget(person: Person): void {
    this.#sql.exec(`DELETE FROM browser WHERE person = ?`, person.n);
  }

  /** How many there are, and how many were made with each VAPID key. */
  status(): { browsers: number; people: number; byKey: Record<string, number> } {
    const rows = this.#sql.exec<{ key: string | null; n: number }>(`SELECT key, count(*) AS n FROM browser GROUP BY key`).toArray();
    const people = this.#sql.exec<{ n: number }>(`SELECT count(DISTINCT person) AS n FROM browser`).toArray()[0]!.n;
    return {
      browsers: rows.reduce((sum, { n }) => sum + n, 0),
      people,
      byKey: Object.fromEntries(rows.flatMap(({ key, n }) => (key === null ? [] : [[key, n]]))),
    };
  }

  #ownerOf(endpoint: string): number | null {
    return this.#sql.exec<{ person: number }>(`SELECT person FROM browser WHERE endpoint = ?`, endpoint).toArray()[0]?.person ?? null;
  }

  #count(person: number, now: number): void {
    const count = this.#sql.exec<{ n: number }>(`SELECT count(*) AS n FROM browser WHERE person = ?`, person).toArray()[0]!.n;
    this.#people.setBrowsers(person, count, now);
  }
}

const toSubscription = ({ endpoint, p256dh, auth, key }: Row): PushSubscription => ({
  endpoint,
  p256dh,
  auth,
  ...(key === null ? {} : { publicKey: key }),
});
