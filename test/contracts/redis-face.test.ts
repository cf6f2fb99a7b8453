import { Redis } from "@upstash/redis";
import type { StoreChoice } from "@carillon/worker/local/faces/start";
import { readOnlyToken } from "@carillon/worker/local/faces/redis/face";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cleanup, faces, TOKENS } from "./harness.ts";
import { until } from "./queue.ts";
import { realRedis } from "./real-redis.ts";

const clean = cleanup();
afterAll(clean.run);

const STORES: Record<string, () => Promise<StoreChoice>> = {
  "the embedded store": async () => ({ kind: "embedded" }),
  "a real Redis": async () => ({ kind: "redis", url: await realRedis(clean) }),
};

describe.each(Object.keys(STORES))("Upstash's REST protocol before %s", (kind) => {
  let url = "";
  let redis: Redis;
  beforeAll(async () => {
    url = (await faces(clean, { store: await STORES[kind]!() })).redisUrl;
    redis = new Redis({ url, token: TOKENS.redisToken });
  });
  beforeEach(async () => {
    await redis.flushall();
  });

  const ask = async (path: string, init: RequestInit = {}, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { ...init, headers: { authorization: `Bearer ${TOKENS.redisToken}`, ...headers } });
    return { status: response.status, body: (await response.json()) as unknown };
  };

  test("the unmodified client with its defaults (base64, own deserialisation) reads back what it wrote", async () => {
    await redis.hset("h", { name: "Zoë 😀", count: 7, nested: { a: [1, "OK"] } });
    await redis.zadd("z", { score: 2, member: "b" }, { score: 1, member: "a" });
    await redis.set("ok", "OK", { ex: 100 });
    expect(await redis.hgetall("h")).toEqual({ name: "Zoë 😀", count: 7, nested: { a: [1, "OK"] } });
    expect(await redis.zrange("z", 0, -1, { withScores: true })).toEqual(["a", 1, "b", 2]);
    expect([await redis.get("ok"), await redis.ttl("ok"), await redis.get("none"), await redis.ping()]).toEqual(["OK", 100, null, "PONG"]);
  });

  test("its pipelines and transactions answer in order, errors one by one", async () => {
    const answers = await redis.pipeline().set("a", 1).hget("a", "f").incr("a").exec({ keepErrors: true });
    expect(answers.map(({ result, error }) => error ?? result)).toEqual([
      "OK",
      "WRONGTYPE Operation against a key holding the wrong kind of value",
      2,
    ]);
    expect(await redis.multi().incr("a").hset("h", { f: "x" }).exec()).toEqual([3, 1]);
  });

  test("automatic pipelining works too", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, n) => redis.set(`k${n}`, n)));
    expect(await Promise.all(Array.from({ length: 20 }, (_, n) => redis.get(`k${n}`)))).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test("a command may stand in the path, with its last argument in the body and options in the query", async () => {
    expect(await ask("/set/path%2Fkey/a%20b")).toEqual({ status: 200, body: { result: "OK" } });
    expect(await ask("/get/path%2Fkey")).toEqual({ status: 200, body: { result: "a b" } });
    expect(await ask("/set/foo?EX=100", { method: "POST", body: '{"json": true}' })).toEqual({ status: 200, body: { result: "OK" } });
    expect(await ask("/mget/foo/none")).toEqual({ status: 200, body: { result: ['{"json": true}', null] } });
    expect(await ask("/ttl/foo")).toEqual({
      status: 200,
      body: { result: expect.toSatisfy((seconds) => seconds === 100 || seconds === 99) },
    });
  });

  test("a command may be a JSON array of strings, numbers and booleans", async () => {
    const post = (command: unknown) => ask("/", { method: "POST", body: JSON.stringify(command) });
    expect(await post(["SET", "k", true, "EX", 100])).toEqual({ status: 200, body: { result: "OK" } });
    expect(await post(["GET", "k"])).toEqual({ status: 200, body: { result: "true" } });
    expect((await post(["GET", { a: 1 }])).status).toBe(400);
    expect((await post([])).status).toBe(400);
    expect((await post("GET k")).status).toBe(400);
  });

  test("answers are base64 when asked for, but for a lone OK", async () => {
    const encoded = (path: string) => ask(path, {}, { "upstash-encoding": "base64" });
    expect((await encoded("/set/k/OK")).body).toEqual({ result: "OK" });
    expect((await encoded("/mget/k/none")).body).toEqual({ result: ["T0s=", null] });
    expect((await encoded("/echo/abc")).body).toEqual({ result: "YWJj" });
  });

  test("errors have Upstash's shape and status", async () => {
    expect(await ask("/get/k", {}, { authorization: "Bearer other" })).toEqual({
      status: 401,
      body: { error: "WRONGPASS invalid or missing auth token" },
    });
    expect(await ask("/get/k", {}, { authorization: "" })).toMatchObject({ status: 401 });
    expect(await ask("/get/k", { method: "DELETE" })).toMatchObject({ status: 405 });
    expect(await ask("/get")).toEqual({ status: 400, body: { error: "ERR wrong number of arguments for 'get' command" } });
    expect(await ask("/pipeline", { method: "POST", body: "[]" })).toMatchObject({ status: 400 });
    expect(await ask("/get/%E0%A4%A")).toMatchObject({ status: 400 });
    const aborted = await ask("/multi-exec", { method: "POST", body: JSON.stringify([["SET", "k", "v"], ["NOSUCH"]]) });
    expect(aborted).toEqual({ status: 400, body: { error: "EXECABORT Transaction discarded because of previous errors." } });
    expect(await redis.get("k")).toBe(null);
  });

  test("the token may stand in the query, and a HEAD request gets no body", async () => {
    expect((await fetch(`${url}/ping?_token=${TOKENS.redisToken}`)).status).toBe(200);
    const head = await fetch(`${url}/ping`, { method: "HEAD", headers: { authorization: `Bearer ${TOKENS.redisToken}` } });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test("every answer carries a sync token, another one each time", async () => {
    const tokens = await Promise.all(
      ["/set/k/1", "/set/k/2"].map(async (path) => {
        const response = await fetch(url + path, { headers: { authorization: `Bearer ${TOKENS.redisToken}` } });
        return response.headers.get("upstash-sync-token");
      }),
    );
    expect(tokens[0]).toBeTruthy();
    expect(tokens[0]).not.toBe(tokens[1]);
  });

  test("bytes that are no text come back as they are with base64, else as U+FFFD", async () => {
    await ask("/set/raw", { method: "POST", body: new Uint8Array([0x61, 0xff, 0x00]) });
    await ask("/set/path/%ff%C3%A9");
    expect((await ask("/get/raw", {}, { "upstash-encoding": "base64" })).body).toEqual({ result: "Yf8A" });
    expect((await ask("/mget/raw/path")).body).toEqual({ result: ["a\ufffd\0", "\ufffdé"] });
    expect((await ask("/strlen/raw")).body).toEqual({ result: 3 });
  });

  test("answers are in RESP2 when asked for, but not a transaction's and not in base64", async () => {
    const resp2 = async (path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
      const sent = { authorization: `Bearer ${TOKENS.redisToken}`, "upstash-response-format": "resp2", ...headers };
      const response = await fetch(url + path, { ...init, headers: sent });
      return [response.status, response.headers.get("content-type"), await response.text()];
    };
    const octets = "application/octet-stream";
    expect(await resp2("/set/k/v")).toEqual([200, octets, "+OK\r\n"]);
    expect(await resp2("/mget/k/none")).toEqual([200, octets, "*2\r\n$1\r\nv\r\n$-1\r\n"]);
    expect(await resp2("/pipeline", [["INCR", "n"], ["INCR", "k"], ["PING"]])).toEqual([
      200,
      octets,
      "*3\r\n:1\r\n-ERR value is not an integer or out of range\r\n+PONG\r\n",
    ]);
    expect((await resp2("/multi-exec", [["INCR", "n"]]))[0]).toBe(400);
    expect((await resp2("/get/k", undefined, { "upstash-encoding": "base64" }))[0]).toBe(400);
    expect(await redis.get("n")).toBe(1);
  });

  test("a read-only token reads, and neither writes nor lists keys", async () => {
    await redis.set("k", "v");
    const reader = new Redis({ url, token: readOnlyToken(TOKENS.redisToken), enableAutoPipelining: false });
    expect(await reader.get("k")).toBe("v");
    await expect(reader.set("k", "w")).rejects.toThrow("NOPERM this user has no permissions to run the 'set' command or its subcommand");
    await expect(reader.keys("*")).rejects.toThrow(/NOPERM/);
    await expect(reader.multi().get("k").del("k").exec()).rejects.toThrow(/EXECABORT/);
    expect(await ask(`/monitor?_token=${readOnlyToken(TOKENS.redisToken)}`, {}, { authorization: "" })).toMatchObject({ status: 400 });
    const answers = await reader.pipeline().get("k").del("k").exec({ keepErrors: true });
    expect(answers.map(({ error }) => error?.slice(0, 6))).toEqual([undefined, "NOPERM"]);
    expect(await redis.get("k")).toBe("v");
  });

  test("what needs a connection of its own is not available, what nobody knows is unknown", async () => {
    const words = async (...command: string[]) => (await ask("/", { method: "POST", body: JSON.stringify(command) })).body;
    expect(await words("blpop", "l", "0")).toEqual({
      error: "ERR Command is not available: 'BLPOP'. See https://upstash.com/docs/redis/overall/rediscompatibility for details",
    });
    expect(await words("XREAD", "BLOCK", "0", "STREAMS", "s", "$")).toMatchObject({ error: expect.stringContaining("not available") });
    expect(await words("NOSUCH", "ü")).toEqual({ error: "ERR unknown command 'NOSUCH', with args beginning with: 'ü' " });
  });

  test("the client's subscriptions hear what is published, by name and by pattern", async () => {
    const heard: unknown[] = [];
    const [subscriber, patterns] = [redis.subscribe<object>("news"), redis.psubscribe<object>("n*")];
    subscriber.on("message", (message) => heard.push(["message", message.channel, message.message]));
    patterns.on("pmessage", (message) => heard.push(["pmessage", message.pattern, message.channel, message.message]));
    let ready = 0;
    for (const one of [subscriber, patterns]) one.on(one === subscriber ? "subscribe" : "psubscribe", () => ready++);
    await until(() => ready === 2);
    expect(await redis.publish("news", { hello: "wörld" })).toBe(2);
    expect(await redis.publish("other", "x")).toBe(0);
    await until(() => heard.length === 2);
    expect(heard.toSorted()).toEqual([
      ["message", "news", { hello: "wörld" }],
      ["pmessage", "n*", "news", { hello: "wörld" }],
    ]);
    await Promise.all([subscriber.unsubscribe(), patterns.unsubscribe()]);
    await until(async () => (await redis.publish("news", "x")) === 0);
  });

  test("/monitor tells every command", async () => {
    const leaving = new AbortController();
    const init = { method: "POST", body: "[]", headers: { authorization: `Bearer ${TOKENS.redisToken}`, accept: "text/event-stream" } };
    const response = await fetch(`${url}/monitor`, { ...init, signal: leaving.signal });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let told = "";
    const reading = (async () => {
      for await (const chunk of response.body!) told += Buffer.from(chunk).toString();
    })().catch(() => undefined);
    await until(() => told.startsWith('data: "OK"\n'));
    await redis.set("k", 'say "hi"');
    await until(() => /\ndata: [\d.]+ \[0 \S+\] "set" "k" "say \\"hi\\""\n/i.test(told));
    leaving.abort();
    await reading;
  });

  test("the client's own methods work on lists, sorted sets and scans", async () => {
    await redis.rpush("list", "a", "b", "c");
    expect([await redis.lmove("list", "other", "left", "right"), await redis.lrange("list", 0, -1), await redis.lpos("list", "c")]).toEqual(
      ["a", ["b", "c"], 1],
    );
    await redis.zadd("z", { score: 1, member: "one" }, { score: 2, member: "two" });
    expect([await redis.zrank("z", "two"), await redis.zpopmin("z"), await redis.zincrby("z", 0.5, "two")]).toEqual([1, ["one", 1], 2.5]);
    await redis.mset(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`key:${n}`, n])));
    const found = new Set<string>();
    for (let cursor = "0"; ;) {
      const [next, keys] = await redis.scan(cursor, { match: "key:*", count: 7 });
      for (const key of keys) found.add(key);
      if (next === "0") break;
      cursor = next;
    }
    expect(found.size).toBe(50);
  });
});
