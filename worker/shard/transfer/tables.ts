import { createHash } from "node:crypto";
import type { Sql } from "../../ports.ts";

/** A row as it travels: the values in the order of its table's columns. No column of a shard holds a buffer. */
export type Value = string | number | null;
export type Row = Value[];
/** What a row is found by: the values of its primary key. */
export type Key = (string | number)[];
export type Table = { name: string; columns: string[]; key: string[] };

/** What one answer holds of rows, characters of JSON; a single row may be longer. Far below what a call on Workers may carry. */
export const PAGE_CHARACTERS = 700_000;
/** Rows read at a time, so that a few long ones don't fill the memory. */
const BATCH = 50;

/**
 * What belongs to the deployment and not to the shard: wake-ups are in its queue, turns and connections are those of its jobs, tickets
 * are of seconds. Documents of the search are made from the events, for they can't be read.
 */
const STAYS = /^(wake|ticket|pace|schema_version|search(_.*)?|backup_.*|sqlite_.*|_cf_.*)$/;
/** Rows of `meta` that are of this very database: how far its search is, and whether it is being filled. */
const OWN_META = ["indexed", "filling"];

/** The tables that make up a shard, whatever the migrations have brought. */
export function tablesOf(sql: Sql): Table[] {
  return sql
    .exec<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
    .toArray()
    .filter(({ name }) => !STAYS.test(name))
    .map(({ name }) => {
      const columns = sql.exec<{ name: string; pk: number }>(`SELECT name, pk FROM pragma_table_info('${name}')`).toArray();
      const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
      return { name, columns: columns.map((column) => column.name), key: key.map((column) => column.name) };
    });
}

/** The next rows after a key (null for the first), in the order of the keys. `next` is where to go on; null at the end. */
export function readPage(sql: Sql, table: Table, after: Key | null, most = PAGE_CHARACTERS): { rows: Row[]; next: Key | null } {
  const rows: Row[] = [];
  let size = 0;
  for (let last = after; ;) {
    const batch = select(sql, table, last === null ? "" : `AND ${tuple(table.key)} > ${marks(table.key)}`, last ?? []);
    for (const row of batch) {
      size += JSON.stringify(row).length;
      if (size > most && rows.length > 0) return { rows, next: keyOf(table, rows.at(-1)!) };
      rows.push(row);
    }
    if (batch.length < BATCH) return { rows, next: null };
    last = keyOf(table, batch.at(-1)!);
  }
}

/** The row with this key as it is now; null if it is gone. */
export const readRow = (sql: Sql, table: Table, key: Key): Row | null =>
  select(sql, table, `AND ${tuple(table.key)} = ${marks(table.key)}`, key)[0] ?? null;

/** Puts rows in the place of those with their keys, after those with the keys `gone` were removed. */
export function writeRows(sql: Sql, table: Table, rows: Row[], gone: Key[] = []): void {
  for (const key of gone) sql.exec(`DELETE FROM ${table.name} WHERE ${tuple(table.key)} = ${marks(table.key)}`, ...key);
  const insert = `INSERT OR REPLACE INTO ${table.name} ${tuple(table.columns)} VALUES ${marks(table.columns)}`;
  for (const row of rows) sql.exec(insert, ...row);
}

/** Whether anything was ever stored here. */
export const isEmpty = (sql: Sql): boolean => tablesOf(sql).every((table) => select(sql, table, "", []).length === 0);

/** Removes all that makes up the shard, and what stood for it in this deployment. */
export function empty(sql: Sql): void {
  for (const name of [...tablesOf(sql).map((table) => table.name), "wake", "ticket", "pace"]) sql.exec(`DELETE FROM ${name}`);
  sql.exec(`INSERT INTO search (search) VALUES ('delete-all')`);
}

/** By this two copies of a page are known to be equal. */
export const digestOf = (rows: Row[]): string => createHash("sha256").update(JSON.stringify(rows)).digest("base64url");

function select(sql: Sql, { name, columns, key }: Table, where: string, bindings: Key): Row[] {
  const own = name === "meta" ? `k NOT IN (${OWN_META.map((one) => `'${one}'`).join()})` : "TRUE";
  return sql
    .exec<Record<string, Value>>(
      `SELECT ${columns.map(quoted).join()} FROM ${name} WHERE ${own} ${where} ORDER BY ${key.map(quoted).join()} LIMIT ${BATCH}`,
      ...bindings,
    )
    .toArray()
    .map((row) => columns.map((column) => row[column]!));
}

const keyOf = ({ columns, key }: Table, row: Row): Key => key.map((name) => row[columns.indexOf(name)] as string | number);
const quoted = (column: string): string => `"${column}"`;
const tuple = (columns: string[]): string => `(${columns.map(quoted).join()})`;
const marks = (columns: string[]): string => `(${columns.map(() => "?").join()})`;
