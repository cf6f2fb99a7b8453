import type { Priority } from "@carillon/shared/event-types";
import type { InboxFilter, InboxItem, InboxMark, ServerFrame } from "@carillon/shared/inbox";
import { LIMITS } from "@carillon/shared/limits";
import type { Sql, SqlValue } from "../../ports.ts";
import type { Events } from "../ledger/events.ts";
import { publicId, numberOf } from "../ledger/cells.ts";
import type { People, Person } from "../people/people.ts";
import type { Search } from "./search.ts";

export type NoticeRow = {
  person: number;
  n: number;
  cells: string;
  seq: number | null;
  rev: number | null;
  silent: number;
  seen: number | null;
  read: number | null;
  archived: number | null;
  dismissed: number | null;
};

type Deps = {
  sql: Sql;
  shard: number;
  people: People;
  events: Events;
  search: Search;
  tell: (person: string, frame: ServerFrame) => void;
  /** Whether the person has a socket: for nobody, no frame is made. */
  isListening: (person: string) => boolean;
};

const UNREAD = `read IS NULL AND archived IS NULL AND dismissed IS NULL`;
const WHERE: Record<InboxFilter, string> = {
  all: `dismissed IS NULL AND archived IS NULL`,
  unread: UNREAD,
  archived: `archived IS NOT NULL AND dismissed IS NULL`,
  dismissed: `dismissed IS NOT NULL`,
};
/** Which rows a mark changes, and how. `unread` takes a mark back. */
const MARKS: Record<InboxMark, { set: string; where: string }> = {
  read: { set: `read = ?, seen = coalesce(seen, ?)`, where: `read IS NULL` },
  unread: { set: `read = NULL`, where: `read IS NOT NULL` },
  seen: { set: `seen = ?`, where: `seen IS NULL` },
  archive: { set: `archived = ?`, where: `archived IS NULL` },
  dismiss: { set: `dismissed = ?`, where: `dismissed IS NULL` },
};
/** How many search hits are looked at for one page before it is given out short. */
const SEARCH_HITS = 1_000;

/**
 * What a person sees in the bell. Every item has a sequence number of its person; every change of any item raises the person's
 * revision, so that a client that was away asks for all that changed since the one it knows.
 */
export class Inbox {
  readonly #deps: Deps;
  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Writes the notice with its item and tells the sockets. The caller knows that the notice is new. */
  add(person: Person, n: number, cells: string, silent: boolean): void {
    person.seq++;
    person.rev++;
    person.unread++;
    this.#deps.sql.exec(
      `INSERT INTO notice (person, n, cells, seq, rev, silent) VALUES (?, ?, ?, ?, ?, ?)`,
      person.n,
      n,
      cells,
      person.seq,
      person.rev,
      silent ? 1 : 0,
    );
    this.#deps.people.count(person);
    this.#tellOf(person, n);
  }

  /** Lets a notice that was parked or held appear; false if it already stands there. */
  release(person: Person, n: number, silent: boolean): boolean {
    const { sql, people } = this.#deps;
    const rows = sql
      .exec(
        `UPDATE notice SET seq = ?, rev = ?, silent = ? WHERE person = ? AND n = ? AND seq IS NULL RETURNING n`,
        person.seq + 1,
        person.rev + 1,
        silent ? 1 : 0,
        person.n,
        n,
      )
      .toArray();
    if (rows.length === 0) return false;
    person.seq++;
    person.rev++;
    person.unread++;
    people.count(person);
    this.#tellOf(person, n);
    return true;
  }

  page(
    person: Person,
    filter: InboxFilter,
    type: string | null,
    words: string | null,
    limit: number,
    cursor: string | null,
  ): { data: InboxItem[]; next: string | null } {
    const before = cursor === null ? Number.MAX_SAFE_INTEGER : (numberOf(this.#deps.shard, cursor) ?? 0);
    return words === null || words.trim() === ""
      ? this.#list(person, filter, type, limit, before)
      : this.#search(person, filter, type, words, limit, before);
  }

  /** Everything that changed after revision `after`, oldest change first, at most 200. */
  since(person: Person, after: number): ServerFrame & { type: "sync" } {
    const rows = this.#deps.sql
      .exec<NoticeRow>(
        `SELECT * FROM notice WHERE person = ? AND rev > ? ORDER BY rev LIMIT ?`,
        person.n,
        after > person.rev ? 0 : after,
        LIMITS.syncItems + 1,
      )
      .toArray();
    const more = rows.length > LIMITS.syncItems;
    const shown = more ? rows.slice(0, LIMITS.syncItems) : rows;
    const rev = more ? shown.at(-1)!.rev! : person.rev;
    return { type: "sync", items: shown.flatMap((row) => this.#item(person, row) ?? []), rev, more, unread: person.unread };
  }

  /** Marks items and tells the sockets; what already is so stays untouched. `all` means everything in the list. */
  mark(person: Person, mark: InboxMark, ids: string[] | "all", now: number): { unread: number } {
    const { shard, people, tell } = this.#deps;
    const { where } = MARKS[mark];
    const numbers = ids === "all" ? this.#allFor(person, mark, where) : ids.flatMap((id) => numberOf(shard, id) ?? []);
    const changed: number[] = [];
    let { unread, rev } = person;
    for (const n of new Set(numbers)) {
      const before = this.#row(person, n);
      if (!before || before.seq === null || !this.#set(person, n, mark, now, rev + 1)) continue;
      rev++; // Each change has a revision of its own, so that a page of a sync never ends within one.
      unread += (isUnread(this.#row(person, n)!) ? 1 : 0) - (isUnread(before) ? 1 : 0);
      changed.push(n);
    }
    if (changed.length > 0) {
      person.rev = rev;
      person.unread = unread;
      people.count(person);
      tell(person.id, { type: "state", ids: changed.map((n) => publicId(shard, n)), state: mark, rev, unread });
    }
    return { unread };
  }

  /** Takes items away that were kept for long enough, read or not; open bells are told, unless `now` is null. Marks stay for the log. */
  expire(person: Person, notices: number[], now: number | null): void {
    const { sql, shard, people, tell } = this.#deps;
    const gone: number[] = [];
    for (const n of notices) {
      const row = this.#row(person, n);
      if (!row || row.seq === null) continue;
      if (isUnread(row)) person.unread--;
      sql.exec(`UPDATE notice SET seq = NULL, rev = NULL WHERE person = ? AND n = ?`, person.n, n);
      gone.push(n);
    }
    if (gone.length === 0) return;
    person.rev++;
    people.count(person);
    if (now !== null)
      tell(person.id, {
        type: "state",
        ids: gone.map((n) => publicId(shard, n)),
        state: "dismiss",
        rev: person.rev,
        unread: person.unread,
      });
  }

  /** Takes a person's whole inbox away; the cells stay for the ledger. */
  erase(person: Person): void {
    this.#deps.sql.exec(
      `UPDATE notice SET seq = NULL, rev = NULL, seen = NULL, read = NULL, archived = NULL, dismissed = NULL WHERE person = ?`,
      person.n,
    );
  }

  notice(person: number, n: number): NoticeRow | null {
    return this.#deps.sql.exec<NoticeRow>(`SELECT * FROM notice WHERE person = ? AND n = ?`, person, n).toArray()[0] ?? null;
  }

  #row(person: Person, n: number): NoticeRow | null {
    return this.notice(person.n, n);
  }

  #set(person: Person, n: number, mark: InboxMark, now: number, rev: number): boolean {
    const { set, where } = MARKS[mark];
    const times: SqlValue[] = mark === "unread" ? [] : mark === "read" ? [now, now] : [now];
    return (
      this.#deps.sql
        .exec(`UPDATE notice SET ${set}, rev = ? WHERE person = ? AND n = ? AND ${where} RETURNING n`, ...times, rev, person.n, n)
        .toArray().length > 0
    );
  }

  #allFor(person: Person, mark: InboxMark, where: string): number[] {
    const list = mark === "read" || mark === "seen" ? UNREAD : WHERE.all;
    return this.#deps.sql
      .exec<{ n: number }>(`SELECT n FROM notice WHERE person = ? AND seq IS NOT NULL AND ${list} AND ${where}`, person.n)
      .toArray()
      .map((row) => row.n);
  }

  #list(
    person: Person,
    filter: InboxFilter,
    type: string | null,
    limit: number,
    before: number,
  ): { data: InboxItem[]; next: string | null } {
    const data: InboxItem[] = [];
    let from = before;
    let looked = 0;
    while (data.length < limit && looked < SEARCH_HITS) {
      const rows = this.#deps.sql
        .exec<NoticeRow>(
          `SELECT * FROM notice WHERE person = ? AND n < ? AND seq IS NOT NULL AND ${WHERE[filter]} ORDER BY n DESC LIMIT ?`,
          person.n,
          from,
          limit + 1,
        )
        .toArray();
      for (const row of rows) {
        if (data.length === limit) return { data, next: publicId(this.#deps.shard, from) };
        from = row.n;
        looked++;
        const item = this.#item(person, row);
        if (item && (type === null || item.type === type)) data.push(item);
      }
      if (rows.length <= limit) return { data, next: null };
    }
    return { data, next: publicId(this.#deps.shard, from) };
  }

  #search(
    person: Person,
    filter: InboxFilter,
    type: string | null,
    words: string,
    limit: number,
    before: number,
  ): { data: InboxItem[]; next: string | null } {
    const { events, search, shard } = this.#deps;
    const data: InboxItem[] = [];
    const hits = search.find(person.n, words, before, SEARCH_HITS);
    let from = before;
    for (const hit of hits) {
      if (data.length === limit) return { data, next: publicId(shard, from) };
      from = hit;
      const event = events.containing(hit);
      if (!event || (type !== null && event.type !== type)) continue;
      const row = this.#row(person, event.n + event.people.indexOf(person.n));
      if (!row || row.seq === null || !shows(filter, row)) continue;
      const item = this.#item(person, row);
      if (item) data.push(item);
    }
    return { data, next: hits.length === SEARCH_HITS ? publicId(shard, from) : null };
  }

  #tellOf(person: Person, n: number): void {
    if (!this.#deps.isListening(person.id)) return;
    const row = this.#row(person, n);
    const item = row && this.#item(person, row);
    if (item) this.#deps.tell(person.id, { type: "item", item, rev: person.rev, unread: person.unread });
  }

  #item(person: Person, row: NoticeRow): InboxItem | null {
    if (row.seq === null || row.rev === null) return null;
    const event = this.#deps.events.containing(row.n);
    if (!event) return null;
    const text = this.#deps.events.text(event, person.locale);
    return {
      id: publicId(this.#deps.shard, row.n),
      seq: row.seq,
      rev: row.rev,
      event: event.id,
      type: event.type,
      title: text.title,
      body: text.body,
      link: event.link,
      priority: event.priority as Priority,
      silent: row.silent === 1,
      createdAt: new Date(event.at).toISOString(),
      seenAt: iso(row.seen),
      readAt: iso(row.read),
      archivedAt: iso(row.archived),
      dismissedAt: iso(row.dismissed),
      why: row.silent === 1 ? "quiet-hours" : "matrix",
    };
  }
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const isUnread = (row: NoticeRow): boolean => row.read === null && row.archived === null && row.dismissed === null;

/** In search, `all` means the whole history: dismissed and archived items leave the list but not the search. */
function shows(filter: InboxFilter, row: NoticeRow): boolean {
  if (filter === "unread") return isUnread(row);
  if (filter === "archived") return row.archived !== null && row.dismissed === null;
  if (filter === "dismissed") return row.dismissed !== null;
  return true;
}
