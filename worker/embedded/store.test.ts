import { expect, test } from "vitest";
import { openSql } from "../adapters/node-sqlite.ts";
import { embeddedStore } from "./store.ts";

function storeAt(time: number) {
  const sql = openSql(":memory:");
  const clock = { time, now: () => clock.time };
  return { sql, clock, store: embeddedStore(sql, clock) };
}

test("a write that the disk refuses is refused to all of its turn, and nobody sees it afterwards", async () => {
  const { sql, store } = storeAt(0);
  await store.run(["HSET", "h", "version", "1"]);
  sql.exec("CREATE TRIGGER full BEFORE UPDATE ON member BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  const turn = await Promise.allSettled([
    store.run(["HSET", "h", "version", "2"]),
    store.run(["HSET", "h", "name", "x"]),
    store.run(["HGET", "h", "version"]),
  ]);
  expect(turn.map((result) => (result.status === "rejected" ? String(result.reason) : result.value))).toEqual(
    Array.from({ length: 3 }, () => "Unavailable: The store can't be reached"),
  );
  expect(await store.run(["HGETALL", "h"])).toEqual([["version", "1"]]);
});

test("a key ends at its instant and not a millisecond earlier, and so does its row", async () => {
  const { sql, clock, store } = storeAt(1_000);
  await store.run(["SET", "k", "v", "PX", 500], ["HSET", "h", "f", "v"], ["PEXPIRE", "h", 500]);
  clock.time = 1_499;
  const before = await store.run(["GET", "k"], ["HGET", "h", "f"], ["PTTL", "k"]);
  clock.time = 1_500;
  const after = await store.run(["GET", "k"], ["HGET", "h", "f"], ["PTTL", "k"]);
  expect([before, after]).toEqual([
    ["v", "v", 1],
    [null, null, -2],
  ]);
  expect(sql.exec("SELECT key FROM entry UNION ALL SELECT key FROM member").toArray()).toEqual([]);
});

test("keys that nobody asks for any more are swept from the disk", async () => {
  const { sql, clock, store } = storeAt(0);
  await store.run(["SET", "session", "v", "EX", 10]);
  clock.time = 120_000;
  await store.run(["GET", "other"]);
  expect(sql.exec("SELECT count(*) AS n FROM entry").toArray()).toEqual([{ n: 0 }]);
});

test("a key that ends beyond all numbers does not keep the file from being opened again", async () => {
  const { sql, clock, store } = storeAt(0);
  await store.run(["SET", "k", "v", "EXAT", "9223372036854775"], ["SET", "l", "v"], ["EXPIRE", "l", "9223372036854775"]);
  expect(await embeddedStore(sql, clock).run(["MGET", "k", "l"])).toEqual([["v", "v"]]);
});

test("what was written as text before it was kept as bytes is read as the same", async () => {
  const { sql, clock, store } = storeAt(0);
  await store.run(["GET", "none"]);
  sql.exec("INSERT INTO entry (key, kind, value, expires) VALUES ('schlüssel', 'hash', NULL, NULL)");
  sql.exec("INSERT INTO member (key, name, value) VALUES ('schlüssel', 'größe', '5 €')");
  const reopened = embeddedStore(sql, clock);
  expect(await reopened.run(["HGET", "schlüssel", "größe"], ["HSET", "schlüssel", "größe", "6 €"], ["HGETALL", "schlüssel"])).toEqual([
    "5 €",
    0,
    ["größe", "6 €"],
  ]);
  expect(sql.exec("SELECT name, value FROM member").toArray()).toEqual([{ name: "größe", value: "6 €" }]);
});
