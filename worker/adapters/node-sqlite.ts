import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Sql, SqlValue } from "../ports.ts";

/** A database file with, besides the port, a transaction that the host opens and closes itself. */
export type HostSql = Sql & {
  /** From here on all calls belong to one commit; `transaction` inside it is a savepoint. */
  begin(): void;
  /** Returns after the disk has it. Throws if that fails; then everything since `begin` is undone. */
  commit(): void;
  rollback(): void;
  close(): void;
};

type Cursor = ReturnType<Sql["exec"]>;
type Row = Record<string, SqlValue>;

/** Another process (a backup, a look from the shell) may hold the file for this long. */
const BUSY_MS = 5_000;
/** Under load, SQLite's own 1,000 pages and 2 MiB would double the cost of a commit: the same pages are copied and read again and again. */
const CHECKPOINT_PAGES = 4_000;
const CACHE_KIB = 16_000;

/**
 * Opens a file, or ":memory:". A commit has reached the disk (WAL, synchronous=FULL): it survives a power cut. Not for text that
 * holds NUL: Deno's sqlite reads it only up to there.
 */
export function openSql(path: string): HostSql {
  const database = new DatabaseSync(path);
  database.exec(
    `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA cache_size = -${CACHE_KIB}`,
  );
  const prepared = new Map<string, Prepared>();
  let depth = 0;

  const find = (query: string): Prepared => {
    let found = prepared.get(query);
    if (!found) prepared.set(query, (found = prepare(database, query)));
    return found;
  };
  const step = (query: string) => find(query).statement.run();

  /** SQLite may have rolled back by itself (disk full); then there is nothing left to undo. */
  const undo = (): void => {
    depth = 0;
    if (database.isTransaction) step("ROLLBACK");
  };

  const begin = (): void => {
    if (depth !== 0) throw new Error("A transaction is open already");
    step("BEGIN IMMEDIATE");
    depth = 1;
  };

  const commit = (): void => {
    try {
      step("COMMIT");
      depth = 0;
    } catch (error) {
      undo();
      throw error;
    }
  };

  const outermost = <T>(work: () => T): T => {
    begin();
    let result: T;
    try {
      result = work();
    } catch (error) {
      undo();
      throw error;
    }
    commit();
    return result;
  };

  const nested = <T>(work: () => T): T => {
    const level = depth;
    step(`SAVEPOINT s${level}`);
    depth = level + 1;
    try {
      const result = work();
      step(`RELEASE s${level}`);
      depth = level;
      return result;
    } catch (error) {
      if (database.isTransaction) {
        step(`ROLLBACK TO s${level}`);
        step(`RELEASE s${level}`);
        depth = level;
      }
      throw error;
    }
  };

  return {
    exec<T extends Row>(query: string, ...bindings: SqlValue[]) {
      return execute(find(query), bindings) as { toArray(): T[]; readonly rowsWritten: number };
    },
    transaction: (work) => (depth === 0 ? outermost(work) : nested(work)),
    begin,
    commit,
    rollback: undo,
    close() {
      prepared.clear();
      database.close();
    },
  };
}

/** `buffers`: the columns whose values may be buffers; null for a statement that returns no rows. */
type Prepared = { statement: StatementSync; buffers: string[] | null; writes: boolean };

const NEVER_A_BUFFER = /INT|CHAR|CLOB|TEXT|REAL|FLOA|DOUB/i;

function prepare(database: DatabaseSync, query: string): Prepared {
  const statement = database.prepare(query);
  if (query.slice(statement.sourceSQL.length).trim() !== "") throw new Error(`One statement at a time, please: ${query}`);
  const columns = statement.columns();
  if (columns.length === 0) return { statement, buffers: null, writes: true };
  const buffers = columns.filter(({ type }) => type === null || !NEVER_A_BUFFER.test(type)).map(({ name }) => name);
  return { statement, buffers, writes: /^\s*(insert|update|delete|replace)\b/i.test(query) };
}

function execute({ statement, buffers, writes }: Prepared, bindings: SqlValue[]): Cursor {
  for (let index = 0; index < bindings.length; index++) {
    const value = bindings[index];
    if (value instanceof ArrayBuffer) (bindings as SQLInputValue[])[index] = new Uint8Array(value);
  }
  const values = bindings as SQLInputValue[];
  if (buffers === null) return { toArray: noRows, rowsWritten: Number(statement.run(...values).changes) };
  const rows = statement.all(...values) as Record<string, SqlValue | Uint8Array>[];
  for (const name of buffers) for (const row of rows) row[name] = fromBytes(row[name]);
  return { toArray: () => rows as Row[], rowsWritten: writes ? rows.length : 0 };
}

const NO_ROWS: never[] = [];
const noRows = () => NO_ROWS;
const fromBytes = (value: SqlValue | Uint8Array | undefined) => (value instanceof Uint8Array ? value.slice().buffer : (value ?? null));
