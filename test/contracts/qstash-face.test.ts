import { Client, Receiver } from "@upstash/qstash";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { qstashFace } from "@carillon/worker/local/faces/qstash/face";
import { serve } from "@carillon/worker/local/faces/serve";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cleanup, destination, folder, TOKENS } from "./harness.ts";
import { until } from "./queue.ts";

const clean = cleanup();
afterEach(async () => {
  await clean.run();
  vi.restoreAllMocks();
});

type Received = { path: string; method: string; headers: Headers; body: string; at: number };

let clock: { time: number; now(): number };
let face: ReturnType<typeof qstashFace>;
let client: Client;
let baseUrl = "";
let target = "";
let received: Received[] = [];
/** What the destination answers; by default 200. */
let answer: (received: Received) => Response;

beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // The client logs by itself.
  clock = { time: Date.now(), now: () => clock.time };
  received = [];
  answer = () => new Response("fine");
  target = await destination(clean, async (request) => {
    const url = new URL(request.url);
    const one = {
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: await request.text(),
      at: clock.time,
    };
    received.push(one);
    return answer(one);
  });
  const sql = openSql(`${folder(clean)}/queue.db`);
  face = qstashFace({ sql, clock, token: TOKENS.qstashToken, keys: { current: TOKENS.qstashCurrentKey, next: TOKENS.qstashNextKey } });
  const server = await serve(0, face.handle);
  clean.after(sql.close);
  clean.after(face.stop);
  clean.after(server.stop);
  baseUrl = server.url;
  client = new Client({ baseUrl, token: TOKENS.qstashToken, devMode: false });
});

/** Lets time pass, and the queue do what is due by then. What is under way is settled before the clock moves. */
async function pass(ms: number): Promise<void> {
  await settled();
  clock.time += ms;
  face.wake();
  await new Promise((resolve) => setTimeout(resolve, 60));
  await settled();
}

/** Every attempt that has begun has ended, by the queue's own log. */
async function settled(): Promise<void> {
  for (;;) {
    const { events } = (await (
      await fetch(`${baseUrl}/v2/events?count=1000`, { headers: { authorization: `Bearer ${TOKENS.qstashToken}` } })
    ).json()) as {
      events: { state: string }[];
    };
    const count = (...states: string[]) => events.filter(({ state }) => states.includes(state)).length;
    if (count("ACTIVE") === count("DELIVERED", "ERROR")) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a message reaches its address with query, body, headers and a signature that the unmodified Receiver accepts", async () => {
  const url = `${target}/a//b?x=1&y=%20z`;
  await client.publishJSON({ url, body: { hello: "wörld" }, headers: { "x-mine": "1" }, method: "PUT" });
  await until(() => received.length === 1);
  const [{ path, method, headers, body } = { path: "", method: "", headers: new Headers(), body: "" }] = received;
  expect([path, method, body, headers.get("content-type"), headers.get("x-mine")]).toEqual([
    "/a//b?x=1&y=%20z",
    "PUT",
    '{"hello":"wörld"}',
    "application/json",
    "1",
  ]);
  expect([headers.get("user-agent"), headers.get("upstash-retried"), headers.get("upstash-message-id")?.startsWith("msg_")]).toEqual([
    "Upstash-QStash",
    "0",
    true,
  ]);
  const receiver = new Receiver({ currentSigningKey: TOKENS.qstashCurrentKey, nextSigningKey: TOKENS.qstashNextKey, devMode: false });
  const signature = headers.get("upstash-signature") ?? "";
  expect(await receiver.verify({ signature, body, url })).toBe(true);
  await expect(receiver.verify({ signature, body: `${body} `, url })).rejects.toThrow();
});

test("delay and notBefore are kept to the second, and notBefore wins", async () => {
  const soon = Math.ceil(clock.time / 1000) + 100;
  await client.publish({ url: `${target}/delay`, delay: "90s" });
  await client.publish({ url: `${target}/before`, notBefore: soon, delay: 5 });
  await pass(89_999);
  expect(received.length).toBe(0);
  await pass(1);
  expect(received.map(({ path }) => path)).toEqual(["/delay"]);
  await pass(soon * 1000 - clock.time);
  expect(received.map(({ path }) => path)).toEqual(["/delay", "/before"]);
});

test("a failing destination is asked again after 12 s, 2½ min and half an hour, then it is a dead letter that can be retried", async () => {
  answer = () => new Response("no", { status: 500, headers: { "x-why": "because" } });
  const start = clock.time;
  const { messageId } = await client.publishJSON({ url: target, body: 1, label: "mine" });
  await until(() => received.length === 1);
  for (const wait of [12_183, 148_414, 1_808_043, 90_000_000]) await pass(wait);
  expect(received.map(({ at, headers }) => [Math.round((at - start) / 1000), headers.get("upstash-retried")])).toEqual([
    [0, "0"],
    [12, "1"],
    [161, "2"],
    [1969, "3"],
  ]);
  const { messages } = await client.dlq.listMessages({ filter: { label: "mine" } });
  expect(messages).toMatchObject([{ messageId, url: target, body: "1", responseStatus: 500, responseBody: "no", maxRetries: 3 }]);

  answer = () => new Response("fine now");
  const { responses } = await client.dlq.retry(messages.map(({ dlqId }) => dlqId));
  await until(() => received.length === 5);
  expect([responses.length, received[4]?.headers.get("upstash-message-id"), (await client.dlq.listMessages()).messages]).toEqual([
    1,
    responses[0]?.messageId,
    [],
  ]);
});

test("Retry-After wins over the back-off, a retry-delay expression replaces it", async () => {
  const start = clock.time;
  answer = ({ path, headers }) =>
    new Response(null, {
      status: headers.get("upstash-retried") === "2" ? 200 : 503,
      headers: path === "/after" ? { "retry-after": "70" } : {},
    });
  await client.publish({ url: `${target}/after` });
  await client.publish({ url: `${target}/own`, retryDelay: "(1 + retried) * 1000 * pow(2, 3)" });
  await until(() => received.length === 2);
  for (let second = 0; second < 30; second++) await pass(5_000);
  const times = (path: string) => received.filter((one) => one.path === path).map(({ at }) => Math.round((at - start) / 1000));
  expect([times("/after"), times("/own")]).toEqual([
    [0, 70, 140],
    [0, 10, 30],
  ]);
});

test("489 with Upstash-NonRetryable-Error goes to the dead letters at once, and the failure callback tells of it", async () => {
  answer = ({ path }) =>
    path === "/failed" ? new Response() : new Response("never", { status: 489, headers: { "upstash-nonretryable-error": "true" } });
  const { messageId } = await client.publishJSON({ url: target, body: { a: 1 }, failureCallback: `${target}/failed` });
  await until(() => received.length === 2);
  const told = JSON.parse(received[1]?.body ?? "") as Record<string, string>;
  const [letter] = (await client.dlq.listMessages()).messages;
  expect(told).toMatchObject({ status: 489, sourceMessageId: messageId, retried: 0, maxRetries: 3, url: target, dlqId: letter?.dlqId });
  expect([atob(told.body ?? ""), atob(told.sourceBody ?? "")]).toEqual(["never", '{"a":1}']);
  await client.dlq.delete(letter?.dlqId ?? "");
  expect((await client.dlq.listMessages()).messages).toEqual([]);
});

test("the callback gets the answer", async () => {
  await client.publishJSON({ url: `${target}/x`, body: 1, callback: `${target}/callback` });
  await until(() => received.length === 2);
  const told = JSON.parse(received[1]?.body ?? "") as Record<string, string>;
  expect([received[1]?.path, told.status, atob(told.body ?? "")]).toEqual(["/callback", 200, "fine"]);
});

test("a destination that does not answer within the timeout has failed", async () => {
  const held: (() => void)[] = [];
  const slow = await destination(clean, () => new Promise((resolve) => held.push(() => resolve(new Response()))));
  await client.publish({ url: slow, timeout: 1, retries: 0 });
  await vi.waitFor(async () => expect((await client.dlq.listMessages()).messages.length).toBe(1), { timeout: 5_000 });
  for (const release of held) release();
});

test("a second message with one deduplication id is not stored, and neither is one with the same content", async () => {
  const publish = () => client.publish({ url: target, body: "x", delay: 60, deduplicationId: "once" });
  const [first, second] = [await publish(), await publish()];
  expect(second).toEqual({ ...first, deduplicated: true });
  const byContent = (body: string) => client.publish({ url: target, body, delay: 60, contentBasedDeduplication: true });
  const [one, same, other] = [await byContent("1"), await byContent("1"), await byContent("2")];
  expect([same.messageId === one.messageId, other.messageId === one.messageId]).toEqual([true, false]);
  await pass(60_000);
  expect(received.length).toBe(3);
});

test("a batch is answered item by item, a bad one apart", async () => {
  const answers = await client.batchJSON([
    { url: target, body: 1 },
    { url: "nothing", body: 2 },
    { url: target, body: 3 },
  ]);
  expect(answers.map((one) => Object.keys(one))).toEqual([["messageId"], ["error"], ["messageId"]]);
  await until(() => received.length === 2);
});

test("a waiting message can be looked at and cancelled by id, ids, address and label", async () => {
  const later = (label: string, path = "") => client.publishJSON({ url: target + path, body: 1, delay: 60, label });
  const ids: string[] = [];
  for (const [label, path] of [["a"], ["b"], ["c"], ["d", "/x"], ["e"]] as const) ids.push((await later(label, path)).messageId);
  const [a = "", b = "", c = ""] = ids;
  expect(await client.messages.get(a)).toMatchObject({
    messageId: a,
    url: target,
    body: "1",
    method: "POST",
    label: "a",
    maxRetries: 3,
    header: { "Content-Type": ["application/json"] },
  });
  expect(await client.messages.cancel(a)).toEqual({ cancelled: 1 });
  await expect(client.messages.get(a)).rejects.toThrow(/not found/);
  expect(await client.messages.cancel([b, c, "msg_none"])).toEqual({ cancelled: 2 });
  expect(await client.messages.cancel({ filter: { url: `${target}/x` } })).toEqual({ cancelled: 1 });
  expect(await client.messages.cancel({ filter: { label: ["none", "e"] } })).toEqual({ cancelled: 1 });
  await pass(60_000);
  expect(received).toEqual([]);
});

test("the log tells what happened to a message, the newest first", async () => {
  const { messageId } = await client.publishJSON({ url: target, body: 1, label: "l" });
  await vi.waitFor(async () => {
    const { logs } = await client.logs({ filter: { label: "l" } });
    expect(logs.map(({ state, messageId: id }) => [state, id])).toEqual(
      ["DELIVERED", "ACTIVE", "CREATED"].map((state) => [state, messageId]),
    );
  });
});

test("after a rotation the next key signs, and a receiver with the old pair still accepts it", async () => {
  const rotated = await (
    await fetch(`${baseUrl}/v2/keys/rotate`, { method: "POST", headers: { authorization: `Bearer ${TOKENS.qstashToken}` } })
  ).json();
  expect(rotated).toMatchObject({ current: TOKENS.qstashNextKey });
  await client.publish({ url: target, body: "x" });
  await until(() => received.length === 1);
  const receiver = new Receiver({ currentSigningKey: TOKENS.qstashCurrentKey, nextSigningKey: TOKENS.qstashNextKey, devMode: false });
  expect(await receiver.verify({ signature: received[0]?.headers.get("upstash-signature") ?? "", body: "x", url: target })).toBe(true);
});

test("what is not offered, not known or not allowed is said so", async () => {
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) =>
    (await fetch(baseUrl + path, { method, headers: { authorization: `Bearer ${TOKENS.qstashToken}`, ...headers } })).status;
  const publish = `/v2/publish/${target}`;
  expect({
    token: await ask("GET", "/v2/keys", { authorization: "Bearer other" }),
    group: await ask("POST", "/v2/publish/some-group"),
    schedule: await ask("POST", `/v2/schedules/${target}`),
    queue: await ask("POST", `/v2/enqueue/q/${target}`),
    delay: await ask("POST", publish, { "upstash-delay": "soon" }),
    expression: await ask("POST", publish, { "upstash-retry-delay": "process.exit(1)" }),
    flow: await ask("POST", publish, { "upstash-flow-control-key": "k" }),
    filter: await ask("DELETE", "/v2/messages?colour=red"),
    message: await ask("GET", "/v2/messages/msg_none"),
  }).toEqual({ token: 401, group: 404, schedule: 404, queue: 404, delay: 400, expression: 400, flow: 400, filter: 400, message: 404 });
});
