import { expect, test } from "vitest";
import { openSql } from "./node-sqlite.ts";

function table() {
  const sql = openSql(":memory:");
  sql.exec("CREATE TABLE t (a INTEGER)");
  const rows = () =>
    sql
      .exec<{ a: number }>("SELECT a FROM t ORDER BY a")
      .toArray()
      .map(({ a }) => a);
  return { sql, rows, add: (a: number) => sql.exec("INSERT INTO t VALUES (?)", a) };
}

test("calls between begin and commit share a commit, and one that throws takes only itself back", () => {
  const { sql, rows, add } = table();
  sql.begin();
  sql.transaction(() => add(1));
  expect(() =>
    sql.transaction(() => {
      add(2);
      throw new Error("mine");
    }),
  ).toThrow("mine");
  sql.transaction(() => sql.transaction(() => add(3)));
  sql.commit();
  expect(rows()).toEqual([1, 3]);
});

test("a rollback takes back everything since begin, and the next transaction starts afresh", () => {
  const { sql, rows, add } = table();
  sql.begin();
  sql.transaction(() => add(1));
  sql.rollback();
  sql.transaction(() => add(2));
  expect(rows()).toEqual([2]);
});

test("a second begin is a mistake of the host", () => {
  const { sql } = table();
  sql.begin();
  expect(() => sql.begin()).toThrow(/open already/);
});

test("a commit that fails takes back everything and leaves no transaction open", () => {
  const { sql, rows, add } = table();
  sql.exec("PRAGMA foreign_keys = ON");
  sql.exec("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
  sql.exec("CREATE TABLE child (parent INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)");
  sql.begin();
  add(1);
  sql.exec("INSERT INTO child VALUES (7)");
  expect(() => sql.commit()).toThrow(/FOREIGN KEY/);
  sql.transaction(() => add(2));
  expect(rows()).toEqual([2]);
});

test("a second statement in one call is refused, not dropped in silence", () => {
  const { sql, rows } = table();
  expect(() => sql.exec("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")).toThrow(/One statement/);
  expect(rows()).toEqual([]);
});
