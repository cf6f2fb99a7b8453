import type { Clock, Sql, SqlValue } from "../../ports.ts";
import type { TurnCommit } from "../commit-per-turn.ts";
import { wrongType } from "./command.ts";

/** What a collection's members carry: a hash's value, nothing, a sorted set's score. */
type Carried = { hash: string; set: null; zset: number };
type Kind = keyof Carried;
type Collection = { [K in Kind]: { kind: K; members: Map<string, Carried[K]>; expiresAt: number | null } }[Kind];
type Entry = { kind: "string"; value: string; expiresAt: number | null } | Collection;

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS entry (key PRIMARY KEY, kind TEXT NOT NULL, value, expires INTEGER) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS member (n INTEGER PRIMARY KEY, key NOT NULL, name NOT NULL, value, UNIQUE (key, name))`,
];
/** Keys that ran out and were never asked for again are looked for this often. */
const SWEEP_MS = 60_000;

/**
 * All keys with their values: in memory to be read, in SQLite to last. One process owns the file. Every change goes to both; the
 * rows reach the disk with the turn's commit. Values are text: what is no valid Unicode is replaced before it gets here.
 */
export class Keyspace {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #turn: TurnCommit;
  readonly #entries = new Map<string, Entry>();
  readonly #expiring = new Set<string>();
  #sweptAt = 0;

  constructor(sql: Sql, clock: Clock, turn: TurnCommit) {
    this.#sql = sql;
    this.#clock = clock;
    this.#turn = turn;
    for (const statement of SCHEMA) sql.exec(statement);
    this.load();
  }

  /** Forgets what memory holds and reads the file. */
  load(): void {
    this.#entries.clear();
    this.#expiring.clear();
    for (const row of this.#sql.exec<EntryRow>("SELECT key, kind, value, expires FROM entry").toArray()) {
      const key = toText(row.key);
      this.#entries.set(key, { ...emptyEntry(row.kind, toText(row.value)), expiresAt: row.expires });
      if (row.expires !== null) this.#expiring.add(key);
    }
    for (const row of this.#sql.exec<MemberRow>("SELECT key, name, value FROM member ORDER BY n").toArray()) {
      const entry = this.#entries.get(toText(row.key));
      if (entry && entry.kind !== "string")
        remember(entry, toText(row.name), typeof row.value === "number" ? row.value : toText(row.value));
    }
  }

  now(): number {
    return this.#clock.now();
  }

  kindOf(key: string): Entry["kind"] | null {
    return this.#find(key)?.kind ?? null;
  }

  /** Throws WRONGTYPE if the key holds a collection. */
  string(key: string): string | null {
    const entry = this.#find(key);
    if (!entry) return null;
    if (entry.kind !== "string") throw wrongType();
    return entry.value;
  }

  setString(key: string, value: string, expiresAt: number | null): void {
    const entry = this.#find(key);
    if (entry && entry.kind !== "string") this.remove(key);
    this.#entries.set(key, { kind: "string", value, expiresAt });
    this.#noteExpiry(key, expiresAt);
    this.#turn.write(
      "INSERT INTO entry (key, kind, value, expires) VALUES (?, 'string', ?, ?) ON CONFLICT DO UPDATE SET kind = 'string', value = excluded.value, expires = excluded.expires",
      toCell(key),
      toCell(value),
      expiresAt,
    );
  }

  /** A collection to be read; changed only through setMember and removeMember. Throws WRONGTYPE if the key holds something else. */
  members<K extends Kind>(key: string, kind: K): ReadonlyMap<string, Carried[K]> | null {
    const entry = this.#find(key);
    if (!entry) return null;
    if (entry.kind !== kind) throw wrongType();
    return entry.members as Map<string, Carried[K]>;
  }

  /** Makes the collection if need be. The caller has checked its kind. */
  setMember<K extends Kind>(key: string, kind: K, name: string, value: Carried[K]): void {
    let entry = this.#find(key);
    if (!entry) {
      entry = { ...emptyEntry(kind, ""), expiresAt: null };
      this.#entries.set(key, entry);
      this.#turn.write("INSERT INTO entry (key, kind, value, expires) VALUES (?, ?, NULL, NULL)", toCell(key), kind);
    }
    if (entry.kind !== kind) throw wrongType();
    remember(entry, name, value);
    this.#turn.write(
      "INSERT INTO member (key, name, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      toCell(key),
      toCell(name),
      typeof value === "string" ? toCell(value) : value,
    );
  }

  /** An emptied collection ceases to exist. */
  removeMember(key: string, name: string): boolean {
    const entry = this.#find(key);
    if (!entry || entry.kind === "string" || !entry.members.delete(name)) return false;
    if (entry.members.size === 0) this.remove(key);
    else this.#turn.write("DELETE FROM member WHERE key = ? AND name = ?", toCell(key), toCell(name));
    return true;
  }

  remove(key: string): boolean {
    const entry = this.#find(key);
    if (entry) this.#drop(key, entry);
    return entry !== undefined;
  }

  /** Undefined if there is no such key, null if it lasts for ever, else ms since 1970. */
  expiresAt(key: string): number | null | undefined {
    return this.#find(key)?.expiresAt;
  }

  setExpiry(key: string, expiresAt: number | null): void {
    const entry = this.#find(key);
    if (!entry) return;
    entry.expiresAt = expiresAt;
    this.#noteExpiry(key, expiresAt);
    this.#turn.write("UPDATE entry SET expires = ? WHERE key = ?", expiresAt, toCell(key));
  }

  size(): number {
    this.#dropExpired();
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
    this.#expiring.clear();
    this.#turn.write("DELETE FROM entry");
    this.#turn.write("DELETE FROM member");
  }

  /** Drops what has run out, once a minute at most. */
  sweep(): void {
    if (this.now() - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = this.now();
    this.#dropExpired();
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.expiresAt === null || entry.expiresAt > this.#clock.now()) return entry;
    this.#drop(key, entry);
    return undefined;
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#expiring.delete(key);
    this.#turn.write("DELETE FROM entry WHERE key = ?", toCell(key));
    if (entry.kind !== "string") this.#turn.write("DELETE FROM member WHERE key = ?", toCell(key));
  }

  #dropExpired(): void {
    for (const key of this.#expiring) this.#find(key);
  }

  #noteExpiry(key: string, expiresAt: number | null): void {
    if (expiresAt === null) this.#expiring.delete(key);
    else this.#expiring.add(key);
  }
}

type EntryRow = { key: string | ArrayBuffer; kind: Entry["kind"]; value: string | ArrayBuffer | null; expires: number | null };
type MemberRow = { key: string | ArrayBuffer; name: string | ArrayBuffer; value: string | ArrayBuffer | number | null };

function emptyEntry(kind: Entry["kind"], value: string): Entry {
  switch (kind) {
    case "string":
      return { kind, value, expiresAt: null };
    case "hash":
      return { kind, members: new Map(), expiresAt: null };
    case "set":
      return { kind, members: new Map(), expiresAt: null };
    case "zset":
      return { kind, members: new Map(), expiresAt: null };
  }
}

function remember(entry: Collection, name: string, value: string | number | null): void {
  if (entry.kind === "hash") entry.members.set(name, String(value ?? ""));
  else if (entry.kind === "set") entry.members.set(name, null);
  else entry.members.set(name, Number(value));
}

/** Text with NUL is kept as a buffer: Deno's sqlite reads text only up to a NUL. */
const toCell = (text: string): SqlValue => (text.includes("\0") ? new TextEncoder().encode(text).buffer : text);
const toText = (cell: string | ArrayBuffer | null): string =>
  typeof cell === "string" ? cell : cell === null ? "" : new TextDecoder("utf-8", { ignoreBOM: true }).decode(cell);
