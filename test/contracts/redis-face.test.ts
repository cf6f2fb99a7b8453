import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { cleanup, faces, TOKENS } from "./harness.ts";

const clean = cleanup();
let url = "";
let redis: Redis;
beforeAll(async () => {
  url = (await faces(clean)).redisUrl;
  redis = new Redis({ url, token: TOKENS.redisToken });
});
afterAll(clean.run);
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
  expect(await ask("/ttl/foo")).toEqual({ status: 200, body: { result: 100 } });
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
