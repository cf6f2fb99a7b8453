import type { Sql } from "../../ports.ts";
import { PAGE_CHARACTERS, readRow, tablesOf, type Key, type Row, type Table } from "./tables.ts";

/** Rows as they are now, and keys of rows that are gone, of one table. */
export type Changed = { table: string; rows: Row[]; gone: Key[] };

/** From now on every row that changes is noted by its key. */
export function noteChanges(sql: Sql): void {
  sql.exec(`CREATE TABLE backup_change (n INTEGER PRIMARY KEY, t TEXT NOT NULL, k TEXT NOT NULL)`);
  for (const { name, key } of tablesOf(sql)) {
    const note = (version: "OLD" | "NEW") => `SELECT '${name}', json_array(${key.map((column) => `${version}."${column}"`).join()})`;
    const notes = { insert: note("NEW"), update: `${note("OLD")} UNION ${note("NEW")}`, delete: note("OLD") };
    for (const [act, keys] of Object.entries(notes))
      sql.exec(`CREATE TRIGGER backup_${name}_${act} AFTER ${act} ON ${name} BEGIN INSERT INTO backup_change (t, k) ${keys}; END`);
  }
}

/** Notes nothing more, and forgets what was noted. */
export function dropNotes(sql: Sql): void {
  const triggers = sql.exec<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB 'backup_*'`).toArray();
  for (const { name } of triggers) sql.exec(`DROP TRIGGER ${name}`);
  sql.exec(`DROP TABLE IF EXISTS backup_change`);
}

/** What has changed after note number `after`, as it is now. `upTo`: the last note that is in it; `isAll`: there is none after that. */
export function readChanges(sql: Sql, after: number, most = PAGE_CHARACTERS): { changed: Changed[]; upTo: number; isAll: boolean } {
  const tables = new Map<string, Table>(tablesOf(sql).map((table) => [table.name, table]));
  const changed = new Map<string, Changed>();
  const seen = new Set<string>();
  let size = 0;
  for (let upTo = after; ;) {
    const notes = sql
      .exec<{ n: number; t: string; k: string }>(`SELECT n, t, k FROM backup_change WHERE n > ? ORDER BY n LIMIT ${BATCH}`, upTo)
      .toArray();
    for (const { n, t, k } of notes) {
      if (size > most) return { changed: [...changed.values()], upTo, isAll: false };
      upTo = n;
      if (seen.has(t + k)) continue;
      seen.add(t + k);
      const key = JSON.parse(k) as Key;
      const row = readRow(sql, tables.get(t)!, key);
      let one = changed.get(t);
      if (!one) changed.set(t, (one = { table: t, rows: [], gone: [] }));
      if (row) one.rows.push(row);
      else one.gone.push(key);
      size += (row ? JSON.stringify(row) : k).length;
    }
    if (notes.length < BATCH) return { changed: [...changed.values()], upTo, isAll: true };
  }
}
const BATCH = 500;
