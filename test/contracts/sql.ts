import assert from "node:assert/strict";
import type { Sql } from "@carillon/worker/ports";

/** The duties of the Sql port, one sentence per test. Each gets an empty database. */
export const sqlContract: { name: string; run(make: () => Sql): void }[] = [
  duty("gives back what was bound, each in its kind", (sql) => {
    sql.exec("CREATE TABLE t (a TEXT, b INTEGER, c BLOB, d REAL)");
    sql.exec("INSERT INTO t VALUES (?, ?, ?, ?)", "ü😀", 1_795_000_000_000, bytes(1, 2, 255), 0.5);
    sql.exec("INSERT INTO t VALUES (?, ?, ?, ?)", null, null, null, null);
    const [row, empty] = sql
      .exec<{ a: string | null; b: number | null; c: ArrayBuffer | null; d: number | null }>("SELECT a, b, c, d FROM t ORDER BY rowid")
      .toArray();
    assert.ok(row?.c instanceof ArrayBuffer);
    assert.deepEqual({ ...row, c: [...new Uint8Array(row.c)] }, { a: "ü😀", b: 1_795_000_000_000, c: [1, 2, 255], d: 0.5 });
    assert.deepEqual({ ...empty }, { a: null, b: null, c: null, d: null });
  }),
  duty("says how many rows were written", (sql) => {
    sql.exec("CREATE TABLE t (a INTEGER)");
    assert.ok(sql.exec("INSERT INTO t VALUES (1), (2), (3)").rowsWritten >= 3);
    assert.equal(sql.exec("SELECT a FROM t").rowsWritten, 0);
  }),
  duty("answers the rows that a write returns", (sql) => {
    sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
    const rows = sql.exec<{ id: number }>("INSERT INTO t (a) VALUES (?), (?) RETURNING id", "x", "y").toArray();
    assert.deepEqual(
      rows.map(({ id }) => id),
      [1, 2],
    );
  }),
  duty("answers no rows where there are none", (sql) => {
    sql.exec("CREATE TABLE t (a INTEGER)");
    assert.deepEqual([sql.exec("SELECT a FROM t").toArray(), sql.exec("DELETE FROM t").toArray()], [[], []]);
  }),
  duty("keeps what a transaction did and answers its result", (sql) => {
    sql.exec("CREATE TABLE t (a INTEGER)");
    assert.equal(
      sql.transaction(() => {
        sql.exec("INSERT INTO t VALUES (1)");
        return "result";
      }),
      "result",
    );
    assert.equal(countOf(sql), 1);
  }),
  duty("undoes all of a transaction that throws, and passes the error on", (sql) => {
    sql.exec("CREATE TABLE t (a INTEGER)");
    assert.throws(
      () =>
        sql.transaction(() => {
          sql.exec("INSERT INTO t VALUES (1)");
          throw new Error("mine");
        }),
      /mine/,
    );
    assert.equal(countOf(sql), 0);
    sql.transaction(() => sql.exec("INSERT INTO t VALUES (2)"));
    assert.equal(countOf(sql), 1);
  }),
  duty("undoes only the inner one of two nested transactions", (sql) => {
    sql.exec("CREATE TABLE t (a INTEGER)");
    sql.transaction(() => {
      sql.exec("INSERT INTO t VALUES (1)");
      assert.throws(() =>
        sql.transaction(() => {
          sql.exec("INSERT INTO t VALUES (2)");
          throw new Error("inner");
        }),
      );
      sql.transaction(() => sql.exec("INSERT INTO t VALUES (3)"));
    });
    assert.deepEqual(
      sql
        .exec<{ a: number }>("SELECT a FROM t ORDER BY a")
        .toArray()
        .map(({ a }) => a),
      [1, 3],
    );
  }),
  duty("throws for a statement that breaks a rule, and goes on", (sql) => {
    sql.exec("CREATE TABLE t (a INTEGER PRIMARY KEY)");
    sql.exec("INSERT INTO t VALUES (1)");
    assert.throws(() => sql.exec("INSERT INTO t VALUES (1)"), /UNIQUE/);
    assert.equal(countOf(sql), 1);
  }),
  duty("searches full text", (sql) => {
    sql.exec("CREATE VIRTUAL TABLE f USING fts5 (body)");
    sql.exec("INSERT INTO f VALUES (?)", "the quick brown fox");
    assert.equal(sql.exec("SELECT body FROM f WHERE f MATCH ?", "quick").toArray().length, 1);
  }),
];

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;
const countOf = (sql: Sql): number | undefined => sql.exec<{ n: number }>("SELECT count(*) AS n FROM t").toArray()[0]?.n;

function duty(name: string, check: (sql: Sql) => void): (typeof sqlContract)[number] {
  return { name: `SQL ${name}`, run: (make) => check(make()) };
}
