import { Buffer } from "node:buffer";
import type { Clock, Sql, SqlValue } from "../../ports.ts";
import type { TurnCommit } from "../commit-per-turn.ts";
import { type Bytes, isUtf8, toBytes, toText } from "./bytes.ts";
import { wrongType } from "./command.ts";

/** What a collection's members carry: a hash's value, nothing, a sorted set's score. */
type Carried = { hash: Bytes; set: null; zset: number };
type Kind = keyof Carried;
type Collection = { [K in Kind]: { kind: K; members: Map<Bytes, Carried[K]>; expiresAt: number | null } }[Kind];
/** `first` is the position of `values[0]`; positions stay when the list grows or shrinks at its ends. */
type List = { kind: "list"; values: Bytes[]; first: number; expiresAt: number | null };
type Entry = { kind: "string"; value: Bytes; expiresAt: number | null } | List | Collection;

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS entry (key PRIMARY KEY, kind TEXT NOT NULL, value, expires INTEGER) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS member (n INTEGER PRIMARY KEY, key NOT NULL, name NOT NULL, value, UNIQUE (key, name))`,
];
const PUT_MEMBER = "INSERT INTO member (key, name, value) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
/** Keys that ran out and were never asked for again are looked for this often. */
const SWEEP_MS = 60_000;

/**
 * All keys with their values: in memory to be read, in SQLite to last. One process owns the file. Every change goes to both; the
 * rows reach the disk with the turn's commit.
 */
export class Keyspace {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #turn: TurnCommit;
  readonly #entries = new Map<Bytes, Entry>();
  readonly #expiring = new Set<Bytes>();
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
      const key = fromCell(row.key);
      this.#entries.set(key, { ...emptyEntry(row.kind, fromCell(row.value)), expiresAt: row.expires });
      if (row.expires !== null) this.#expiring.add(key);
    }
    for (const row of this.#sql
      .exec<MemberRow>("SELECT key, name, value FROM member WHERE typeof(name) IN ('text', 'blob') ORDER BY n")
      .toArray()) {
      const entry = this.#entries.get(fromCell(row.key));
      if (entry && entry.kind !== "string" && entry.kind !== "list")
        remember(entry, fromCell(row.name), typeof row.value === "number" ? row.value : fromCell(row.value));
    }
    const positions = "SELECT key, name, value FROM member WHERE typeof(name) NOT IN ('text', 'blob') ORDER BY name";
    for (const { key, name, value } of this.#sql.exec<PositionRow>(positions).toArray()) {
      const list = this.#entries.get(fromCell(key));
      if (list?.kind !== "list") continue;
      if (list.values.length === 0) list.first = name;
      list.values.push(fromCell(value));
    }
  }

  now(): number {
    return this.#clock.now();
  }

  kindOf(key: Bytes): Entry["kind"] | null {
    return this.#find(key)?.kind ?? null;
  }

  /** All keys that have not run out. */
  keys(): Bytes[] {
    this.#dropExpired();
    return [...this.#entries.keys()];
  }

  /** Throws WRONGTYPE if the key holds a collection. */
  string(key: Bytes): Bytes | null {
    const entry = this.#find(key);
    if (!entry) return null;
    if (entry.kind !== "string") throw wrongType();
    return entry.value;
  }

  setString(key: Bytes, value: Bytes, expiresAt: number | null): void {
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

  /** A string that is changed in place keeps its time. */
  changeString(key: Bytes, value: Bytes): void {
    this.setString(key, value, this.expiresAt(key) ?? null);
  }

  /** A collection to be read; changed only through setMember and removeMember. Throws WRONGTYPE if the key holds something else. */
  members<K extends Kind>(key: Bytes, kind: K): ReadonlyMap<Bytes, Carried[K]> | null {
    const entry = this.#find(key);
    if (!entry) return null;
    if (entry.kind !== kind) throw wrongType();
    return entry.members as Map<Bytes, Carried[K]>;
  }

  /** Makes the collection if need be. The caller has checked its kind. */
  setMember<K extends Kind>(key: Bytes, kind: K, name: Bytes, value: Carried[K]): void {
    const entry = this.#find(key) ?? this.#make(key, kind);
    if (entry.kind !== kind) throw wrongType();
    const kept = value === 0 ? 0 : value; // Of a negative zero the sign is not kept.
    remember(entry as Collection, name, kept);
    this.#turn.write(PUT_MEMBER, toCell(key), toCell(name), typeof kept === "string" ? toCell(kept) : kept);
  }

  /** An emptied collection ceases to exist. */
  removeMember(key: Bytes, name: Bytes): boolean {
    const entry = this.#find(key);
    if (!entry || entry.kind === "string" || entry.kind === "list" || !entry.members.delete(name)) return false;
    if (entry.members.size === 0) this.remove(key);
    else this.#turn.write("DELETE FROM member WHERE key = ? AND name = ?", toCell(key), toCell(name));
    return true;
  }

  /** A collection of exactly these members takes the place of whatever the key held; of none, none. */
  replace<K extends Kind>(key: Bytes, kind: K, members: Iterable<[Bytes, Carried[K]]>): void {
    this.remove(key);
    for (const [name, value] of members) this.setMember(key, kind, name, value);
  }

  /** A list to be read; changed only through the four methods below. Throws WRONGTYPE if the key holds something else. */
  list(key: Bytes): readonly Bytes[] | null {
    return this.#list(key)?.values ?? null;
  }

  /** Adds at an end, one after the other; makes the list if need be. */
  push(key: Bytes, end: "left" | "right", values: readonly Bytes[]): number {
    const list = this.#list(key) ?? this.#makeList(key);
    for (const value of values) {
      if (end === "right") list.values.push(value);
      else {
        list.values.unshift(value);
        list.first--;
      }
      this.#putAt(key, list, end === "right" ? list.values.length - 1 : 0);
    }
    return list.values.length;
  }

  /** Takes one from an end; an emptied list ceases to exist. */
  pop(key: Bytes, end: "left" | "right"): Bytes | null {
    const list = this.#list(key);
    if (!list) return null;
    const position = end === "left" ? list.first : list.first + list.values.length - 1;
    const value = end === "left" ? list.values.shift() : list.values.pop();
    if (end === "left") list.first++;
    if (list.values.length === 0) this.remove(key);
    else this.#turn.write("DELETE FROM member WHERE key = ? AND name = ?", toCell(key), position);
    return value ?? null;
  }

  setAt(key: Bytes, index: number, value: Bytes): void {
    const list = this.#list(key);
    if (!list) return;
    list.values[index] = value;
    this.#putAt(key, list, index);
  }

  /** The list holds exactly these values and keeps its time; of none, it ceases to exist. */
  replaceList(key: Bytes, values: readonly Bytes[]): void {
    const expiresAt = this.expiresAt(key) ?? null;
    this.remove(key);
    if (values.length === 0) return;
    this.push(key, "right", values);
    if (expiresAt !== null) this.setExpiry(key, expiresAt);
  }

  remove(key: Bytes): boolean {
    const entry = this.#find(key);
    if (entry) this.#drop(key, entry);
    return entry !== undefined;
  }

  /** The key is there and is not `to`. Whatever `to` held is gone. */
  rename(key: Bytes, to: Bytes): void {
    const entry = this.#find(key);
    if (!entry) return;
    this.remove(to);
    this.#entries.delete(key);
    this.#expiring.delete(key);
    this.#entries.set(to, entry);
    this.#noteExpiry(to, entry.expiresAt);
    this.#turn.write("UPDATE entry SET key = ? WHERE key = ?", toCell(to), toCell(key));
    if (entry.kind !== "string") this.#turn.write("UPDATE member SET key = ? WHERE key = ?", toCell(to), toCell(key));
  }

  /** As `rename`, and the key stays. */
  copy(key: Bytes, to: Bytes): void {
    const entry = this.#find(key);
    if (!entry) return;
    this.remove(to);
    this.#entries.set(to, structuredClone(entry));
    this.#noteExpiry(to, entry.expiresAt);
    const [from, into] = [toCell(key), toCell(to)];
    this.#turn.write("INSERT INTO entry (key, kind, value, expires) SELECT ?, kind, value, expires FROM entry WHERE key = ?", into, from);
    if (entry.kind !== "string")
      this.#turn.write("INSERT INTO member (key, name, value) SELECT ?, name, value FROM member WHERE key = ? ORDER BY n", into, from);
  }

  /** Undefined if there is no such key, null if it lasts for ever, else ms since 1970. */
  expiresAt(key: Bytes): number | null | undefined {
    return this.#find(key)?.expiresAt;
  }

  setExpiry(key: Bytes, expiresAt: number | null): void {
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

  #find(key: Bytes): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.expiresAt === null || entry.expiresAt > this.#clock.now()) return entry;
    this.#drop(key, entry);
    return undefined;
  }

  #list(key: Bytes): List | null {
    const entry = this.#find(key);
    if (!entry) return null;
    if (entry.kind !== "list") throw wrongType();
    return entry;
  }

  #make(key: Bytes, kind: Kind | "list"): Entry {
    const entry = emptyEntry(kind, "");
    this.#entries.set(key, entry);
    this.#turn.write("INSERT INTO entry (key, kind, value, expires) VALUES (?, ?, NULL, NULL)", toCell(key), kind);
    return entry;
  }

  #makeList(key: Bytes): List {
    return this.#make(key, "list") as List;
  }

  #putAt(key: Bytes, { values, first }: List, index: number): void {
    this.#turn.write(PUT_MEMBER, toCell(key), first + index, toCell(values[index] ?? ""));
  }

  #drop(key: Bytes, entry: Entry): void {
    this.#entries.delete(key);
    this.#expiring.delete(key);
    this.#turn.write("DELETE FROM entry WHERE key = ?", toCell(key));
    if (entry.kind !== "string") this.#turn.write("DELETE FROM member WHERE key = ?", toCell(key));
  }

  #dropExpired(): void {
    for (const key of this.#expiring) this.#find(key);
  }

  #noteExpiry(key: Bytes, expiresAt: number | null): void {
    if (expiresAt === null) this.#expiring.delete(key);
    else this.#expiring.add(key);
  }
}

type EntryRow = { key: string | ArrayBuffer; kind: Entry["kind"]; value: string | ArrayBuffer | null; expires: number | null };
type MemberRow = { key: string | ArrayBuffer; name: string | ArrayBuffer; value: string | ArrayBuffer | number | null };
/** A value of a list; its name is its position. */
type PositionRow = { key: string | ArrayBuffer; name: number; value: string | ArrayBuffer };

function emptyEntry(kind: Entry["kind"], value: Bytes): Entry {
  switch (kind) {
    case "string":
      return { kind, value, expiresAt: null };
    case "list":
      return { kind, values: [], first: 0, expiresAt: null };
    case "hash":
      return { kind, members: new Map(), expiresAt: null };
    case "set":
      return { kind, members: new Map(), expiresAt: null };
    case "zset":
      return { kind, members: new Map(), expiresAt: null };
  }
}

function remember(entry: Collection, name: Bytes, value: Bytes | number | null): void {
  if (entry.kind === "hash") entry.members.set(name, String(value ?? ""));
  else if (entry.kind === "set") entry.members.set(name, null);
  else entry.members.set(name, Number(value));
}

/** Text where it is text, so that the file can be read; else a buffer, as with NUL: Deno's sqlite reads text only up to one. */
const toCell = (bytes: Bytes): SqlValue =>
  bytes.includes("\0") || !isUtf8(bytes) ? new Uint8Array(Buffer.from(bytes, "latin1")).buffer : toText(bytes);
const fromCell = (cell: string | ArrayBuffer | null): Bytes =>
  cell === null ? "" : typeof cell === "string" ? toBytes(cell) : Buffer.from(cell).toString("latin1");
