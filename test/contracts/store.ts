import assert from "node:assert/strict";
import type { Command, Reply, Store } from "@carillon/worker/ports";

/** The duties of the store port, one sentence per test. Each runs on an empty store, on any runtime. */
export const storeContract: { name: string; run(make: () => Promise<Store>): Promise<void> }[] = [
  duty("answers the commands of one run in their order", async (store) => {
    assert.deepEqual(await store.run(["SET", "a", "1"], ["INCR", "a"], ["GET", "a"], ["GET", "none"]), ["OK", 2, "2", null]);
  }),
  duty("does nothing for an empty run", async (store) => {
    assert.deepEqual([await store.run(), await store.atomic()], [[], []]);
  }),
  duty("keeps strings as strings, whatever they look like", async (store) => {
    const texts = [
      "007",
      "1e5",
      "true",
      "null",
      "[1]",
      '{"a":1}',
      "",
      " ",
      "OK",
      "+15550100",
      "99999999999999999999",
      "ü€😀",
      "\ufeffx",
      "a\0b",
      "\r\n",
    ];
    await store.run(...texts.map((text, n): Command => ["HSET", "texts", `f${n}`, text]));
    assert.deepEqual(await store.run(["HMGET", "texts", ...texts.map((_, n) => `f${n}`)]), [texts]);
  }),
  duty("answers hashes as flat lists of fields and values", async (store) => {
    assert.deepEqual(await store.run(["HSET", "h", "a", "1", "b", "2"], ["HGETALL", "h"], ["HGETALL", "none"]), [
      2,
      ["a", "1", "b", "2"],
      [],
    ]);
  }),
  duty("sets a field only if it is new: a compare-and-set", async (store) => {
    assert.deepEqual(await store.run(["HSETNX", "h", "7", "a"], ["HSETNX", "h", "7", "b"], ["HGET", "h", "7"]), [1, 0, "a"]);
  }),
  duty("lets one of many racing compare-and-sets win", async (store) => {
    const wins = await Promise.all(Array.from({ length: 20 }, (_, n) => store.run(["HSETNX", "race", "1", String(n)])));
    assert.equal(wins.flat().filter((won) => won === 1).length, 1);
  }),
  duty("shows a write to whoever asks after its answer", async (store) => {
    await store.run(["HSET", "h", "version", "8"]);
    assert.deepEqual(await store.run(["HMGET", "h", "version", "none"]), [["8", null]]);
  }),
  duty("removes fields, and the hash with its last one", async (store) => {
    await store.run(["HSET", "h", "a", "1", "b", "2"]);
    const replies = await store.run(["HDEL", "h", "a", "none"], ["HLEN", "h"], ["HDEL", "h", "b"], ["EXISTS", "h"]);
    assert.deepEqual(replies, [1, 1, 1, 0]);
  }),
  duty("keeps sets without doubles", async (store) => {
    assert.deepEqual(
      await store.run(["SADD", "s", "a", "b", "a"], ["SCARD", "s"], ["SISMEMBER", "s", "b"], ["SREM", "s", "b"]),
      [2, 2, 1, 1],
    );
    assert.deepEqual(await store.run(["SMEMBERS", "s"]), [["a"]]);
  }),
  duty("orders a sorted set by score, then by bytes", async (store) => {
    await store.run(["ZADD", "z", 2, "b", 1, "c", 2, "a"]);
    assert.deepEqual(await store.run(["ZRANGE", "z", 0, -1, "WITHSCORES"]), [["c", "1", "a", "2", "b", "2"]]);
    assert.deepEqual(
      await store.run(["ZRANGEBYSCORE", "z", "(1", "+inf", "LIMIT", 1, 5], ["ZREMRANGEBYSCORE", "z", "-inf", 1], ["ZCARD", "z"]),
      [["b"], 1, 2],
    );
  }),
  duty("keeps a list in its order, from both ends", async (store) => {
    assert.deepEqual(await store.run(["RPUSH", "l", "b", "ü"], ["LPUSH", "l", "a"], ["LRANGE", "l", 0, -1]), [2, 3, ["a", "b", "ü"]]);
    assert.deepEqual(await store.run(["LPOP", "l"], ["LINSERT", "l", "BEFORE", "ü", "c"], ["LRANGE", "l", 0, -1]), [
      "a",
      3,
      ["b", "c", "ü"],
    ]);
  }),
  duty("finds every key in a whole scan", async (store) => {
    await store.run(...Array.from({ length: 40 }, (_, n): Command => ["SET", `key:${n}`, n]), ["SET", "other", 1]);
    const found = new Set<string>();
    for (let cursor = "0"; ;) {
      const [[next, keys]] = (await store.run(["SCAN", cursor, "MATCH", "key:*", "COUNT", 7])) as [[string, string[]]];
      for (const key of keys) found.add(key);
      if (next === "0") break;
      cursor = next;
    }
    assert.equal(found.size, 40);
  }),
  duty("counts in bytes", async (store) => {
    assert.deepEqual(await store.run(["SET", "t", "aü€"], ["STRLEN", "t"], ["GETRANGE", "t", 1, 2], ["APPEND", "t", "!"]), [
      "OK",
      6,
      "ü",
      7,
    ]);
  }),
  duty("forgets a key when its time is up", async (store) => {
    await store.run(["SET", "short", "x", "PX", 40], ["SET", "long", "x", "EX", 100]);
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.deepEqual(await store.run(["GET", "short"], ["TTL", "short"], ["TTL", "long"]), [null, -2, 100]);
  }),
  duty("keeps the time of a key that is changed in place", async (store) => {
    await store.run(["SET", "n", "1", "EX", 100], ["INCR", "n"]);
    assert.deepEqual(await store.run(["TTL", "n"], ["SET", "n", "5", "KEEPTTL"], ["TTL", "n"], ["SET", "n", "6"], ["TTL", "n"]), [
      100,
      "OK",
      100,
      "OK",
      -1,
    ]);
  }),
  duty("carries out a transaction as a whole", async (store) => {
    assert.deepEqual(await store.atomic(["HSETNX", "t", "1", "x"], ["HSET", "t", "version", "1"], ["HLEN", "t"]), [1, 1, 2]);
  }),
  duty("does nothing of a transaction that holds an unknown command", async (store) => {
    await assert.rejects(store.atomic(["SET", "a", "1"], ["NOSUCH", "x"]), /EXECABORT/);
    assert.deepEqual(await store.run(["GET", "a"]), [null]);
  }),
  duty("lets nobody see half a transaction", async (store) => {
    const seen: Reply[] = [];
    const writing = Array.from({ length: 20 }, (_, n) => store.atomic(["SET", "left", n], ["SET", "right", n]));
    for (let n = 0; n < 20; n++) seen.push(...(await store.run(["MGET", "left", "right"])));
    await Promise.all(writing);
    for (const pair of seen) assert.equal(...(pair as [string, string]));
  }),
  duty("throws a command's error in Redis's words", async (store) => {
    await store.run(["SET", "text", "x"]);
    await assert.rejects(
      store.run(["HGET", "text", "f"]),
      /^[A-Za-z]*Error: WRONGTYPE Operation against a key holding the wrong kind of value$/,
    );
    await assert.rejects(store.run(["INCR", "text"]), /ERR value is not an integer or out of range/);
    await assert.rejects(store.run(["NOSUCH", "x"]), /ERR unknown command 'NOSUCH'/);
    await assert.rejects(store.run(["GET"]), /ERR wrong number of arguments for 'get' command/);
  }),
  duty("carries out the other commands of a run in which one fails", async (store) => {
    await assert.rejects(store.run(["SET", "a", "1"], ["HGET", "a", "f"], ["SET", "b", "2"]), /WRONGTYPE/);
    assert.deepEqual(await store.run(["MGET", "a", "b"]), [["1", "2"]]);
  }),
  duty("says that it is ready", async (store) => {
    assert.equal(await store.isReady(), true);
  }),
];

function duty(name: string, check: (store: Store) => Promise<void>): (typeof storeContract)[number] {
  return { name: `the store ${name}`, run: async (make) => check(await make()) };
}
