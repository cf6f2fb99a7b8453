import { Receiver } from "@upstash/qstash";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cleanup, destination, TOKENS } from "./harness.ts";
import { until } from "./queue.ts";
import { qstashWorld } from "./qstash-world.ts";

const clean = cleanup();
afterEach(async () => {
  await clean.run();
  vi.restoreAllMocks();
});

let world: Awaited<ReturnType<typeof qstashWorld>>;
beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined); // The client logs by itself.
  world = await qstashWorld(clean);
});

test("a message reaches its address with query, body, headers and a signature that the unmodified Receiver accepts", async () => {
  const url = `${world.target}/a//b?x=1&y=%20z`;
  await world.client.publishJSON({ url, body: { hello: "wörld" }, headers: { "x-mine": "1" }, method: "PUT" });
  await until(() => world.received.length === 1);
  const [{ path, method, headers, body } = { path: "", method: "", headers: new Headers(), body: "" }] = world.received;
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
  const soon = Math.ceil(world.clock.time / 1000) + 100;
  await world.client.publish({ url: `${world.target}/delay`, delay: "90s" });
  await world.client.publish({ url: `${world.target}/before`, notBefore: soon, delay: 5 });
  await world.pass(89_999);
  expect(world.received.length).toBe(0);
  await world.pass(1);
  expect(world.received.map(({ path }) => path)).toEqual(["/delay"]);
  await world.pass(soon * 1000 - world.clock.time);
  expect(world.received.map(({ path }) => path)).toEqual(["/delay", "/before"]);
});

test("a failing destination is asked again after 12 s, 2½ min and half an hour, then it is a dead letter that can be retried", async () => {
  world.answer = () => new Response("no", { status: 500, headers: { "x-why": "because" } });
  const start = world.clock.time;
  const { messageId } = await world.client.publishJSON({ url: world.target, body: 1, label: "mine" });
  await until(() => world.received.length === 1);
  for (const wait of [12_183, 148_414, 1_808_043, 90_000_000]) await world.pass(wait);
  expect(world.received.map(({ at, headers }) => [Math.round((at - start) / 1000), headers.get("upstash-retried")])).toEqual([
    [0, "0"],
    [12, "1"],
    [161, "2"],
    [1969, "3"],
  ]);
  const { messages } = await world.client.dlq.listMessages({ filter: { label: "mine" } });
  expect(messages).toMatchObject([{ messageId, url: world.target, body: "1", responseStatus: 500, responseBody: "no", maxRetries: 3 }]);

  world.answer = () => new Response("fine now");
  const { responses } = await world.client.dlq.retry(messages.map(({ dlqId }) => dlqId));
  await until(() => world.received.length === 5);
  expect([
    responses.length,
    world.received[4]?.headers.get("upstash-message-id"),
    (await world.client.dlq.listMessages()).messages,
  ]).toEqual([1, responses[0]?.messageId, []]);
});

test("Retry-After wins over the back-off, a retry-delay expression replaces it", async () => {
  const start = world.clock.time;
  world.answer = ({ path, headers }) =>
    new Response(null, {
      status: headers.get("upstash-retried") === "2" ? 200 : 503,
      headers: path === "/after" ? { "retry-after": "70" } : {},
    });
  await world.client.publish({ url: `${world.target}/after` });
  await world.client.publish({ url: `${world.target}/own`, retryDelay: "(1 + retried) * 1000 * pow(2, 3)" });
  await until(() => world.received.length === 2);
  for (let second = 0; second < 30; second++) await world.pass(5_000);
  const times = (path: string) => world.received.filter((one) => one.path === path).map(({ at }) => Math.round((at - start) / 1000));
  expect([times("/after"), times("/own")]).toEqual([
    [0, 70, 140],
    [0, 10, 30],
  ]);
});

test("489 with Upstash-NonRetryable-Error goes to the dead letters at once, and the failure callback tells of it", async () => {
  world.answer = ({ path }) =>
    path === "/failed" ? new Response() : new Response("never", { status: 489, headers: { "upstash-nonretryable-error": "true" } });
  const { messageId } = await world.client.publishJSON({ url: world.target, body: { a: 1 }, failureCallback: `${world.target}/failed` });
  await until(() => world.received.length === 2);
  const told = JSON.parse(world.received[1]?.body ?? "") as Record<string, string>;
  const [letter] = (await world.client.dlq.listMessages()).messages;
  expect(told).toMatchObject({
    status: 489,
    sourceMessageId: messageId,
    retried: 0,
    maxRetries: 3,
    url: world.target,
    dlqId: letter?.dlqId,
  });
  expect([atob(told.body ?? ""), atob(told.sourceBody ?? "")]).toEqual(["never", '{"a":1}']);
  await world.client.dlq.delete(letter?.dlqId ?? "");
  expect((await world.client.dlq.listMessages()).messages).toEqual([]);
});

test("the callback gets the answer", async () => {
  await world.client.publishJSON({ url: `${world.target}/x`, body: 1, callback: `${world.target}/callback` });
  await until(() => world.received.length === 2);
  const told = JSON.parse(world.received[1]?.body ?? "") as Record<string, string>;
  expect([world.received[1]?.path, told.status, atob(told.body ?? "")]).toEqual(["/callback", 200, "fine"]);
});

test("a destination that does not answer within the timeout has failed", async () => {
  const held: (() => void)[] = [];
  const slow = await destination(clean, () => new Promise((resolve) => held.push(() => resolve(new Response()))));
  await world.client.publish({ url: slow, timeout: 1, retries: 0 });
  await vi.waitFor(async () => expect((await world.client.dlq.listMessages()).messages.length).toBe(1), { timeout: 5_000 });
  for (const release of held) release();
});

test("a second message with one deduplication id is not stored, and neither is one with the same content", async () => {
  const publish = () => world.client.publish({ url: world.target, body: "x", delay: 60, deduplicationId: "once" });
  const [first, second] = [await publish(), await publish()];
  expect(second).toEqual({ ...first, deduplicated: true });
  const byContent = (body: string) => world.client.publish({ url: world.target, body, delay: 60, contentBasedDeduplication: true });
  const [one, same, other] = [await byContent("1"), await byContent("1"), await byContent("2")];
  expect([same.messageId === one.messageId, other.messageId === one.messageId]).toEqual([true, false]);
  await world.pass(60_000);
  expect(world.received.length).toBe(3);
});

test("a batch is answered item by item, a bad one apart", async () => {
  const answers = await world.client.batchJSON([
    { url: world.target, body: 1 },
    { url: "nothing", body: 2 },
    { url: world.target, body: 3 },
  ]);
  expect(answers.map((one) => Object.keys(one))).toEqual([["messageId"], ["error"], ["messageId"]]);
  await until(() => world.received.length === 2);
});

test("a waiting message can be looked at and cancelled by id, ids, address and label", async () => {
  const later = (label: string, path = "") => world.client.publishJSON({ url: world.target + path, body: 1, delay: 60, label });
  const ids: string[] = [];
  for (const [label, path] of [["a"], ["b"], ["c"], ["d", "/x"], ["e"]] as const) ids.push((await later(label, path)).messageId);
  const [a = "", b = "", c = ""] = ids;
  expect(await world.client.messages.get(a)).toMatchObject({
    messageId: a,
    url: world.target,
    body: "1",
    method: "POST",
    label: "a",
    maxRetries: 3,
    header: { "Content-Type": ["application/json"] },
  });
  expect(await world.client.messages.cancel(a)).toEqual({ cancelled: 1 });
  await expect(world.client.messages.get(a)).rejects.toThrow(/not found/);
  expect(await world.client.messages.cancel([b, c, "msg_none"])).toEqual({ cancelled: 2 });
  expect(await world.client.messages.cancel({ filter: { url: `${world.target}/x` } })).toEqual({ cancelled: 1 });
  expect(await world.client.messages.cancel({ filter: { label: ["none", "e"] } })).toEqual({ cancelled: 1 });
  await world.pass(60_000);
  expect(world.received).toEqual([]);
});

test("the log tells what happened to a message, the newest first", async () => {
  const { messageId } = await world.client.publishJSON({ url: world.target, body: 1, label: "l" });
  await vi.waitFor(async () => {
    const { logs } = await world.client.logs({ filter: { label: "l" } });
    expect(logs.map(({ state, messageId: id }) => [state, id])).toEqual(
      ["DELIVERED", "ACTIVE", "CREATED"].map((state) => [state, messageId]),
    );
  });
});

test("after a rotation the next key signs, and a receiver with the old pair still accepts it", async () => {
  const rotated = await (
    await fetch(`${world.baseUrl}/v2/keys/rotate`, { method: "POST", headers: { authorization: `Bearer ${TOKENS.qstashToken}` } })
  ).json();
  expect(rotated).toMatchObject({ current: TOKENS.qstashNextKey });
  await world.client.publish({ url: world.target, body: "x" });
  await until(() => world.received.length === 1);
  const receiver = new Receiver({ currentSigningKey: TOKENS.qstashCurrentKey, nextSigningKey: TOKENS.qstashNextKey, devMode: false });
  expect(
    await receiver.verify({ signature: world.received[0]?.headers.get("upstash-signature") ?? "", body: "x", url: world.target }),
  ).toBe(true);
});

test("what is not known or not allowed is said so", async () => {
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await world.ask(method, path, { headers });
    const { error } = (await response.json()) as { error: unknown };
    return typeof error === "string" ? response.status : error;
  };
  const publish = `/v2/publish/${world.target}`;
  expect({
    token: await ask("GET", "/v2/keys", { authorization: "Bearer other" }),
    path: await ask("GET", "/v2/waiters"),
    group: await ask("POST", "/v2/publish/some-group"),
    cron: await ask("POST", `/v2/schedules/${world.target}`),
    cronElsewhere: await ask("POST", publish, { "upstash-cron": "* * * * *" }),
    badCron: await ask("POST", `/v2/schedules/${world.target}`, { "upstash-cron": "@daily" }),
    queue: await ask("POST", `/v2/enqueue/a%20b/${world.target}`),
    delay: await ask("POST", publish, { "upstash-delay": "soon" }),
    expression: await ask("POST", publish, { "upstash-retry-delay": "process.exit(1)" }),
    flow: await ask("POST", publish, { "upstash-flow-control-key": "k" }),
    flowValue: await ask("POST", publish, { "upstash-flow-control-key": "k", "upstash-flow-control-value": "colour=3" }),
    redact: await ask("POST", publish, { "upstash-redact-fields": "everything" }),
    filter: await ask("DELETE", "/v2/messages?colour=red"),
    dlqFilter: await ask("GET", "/v2/dlq?host=x"),
    message: await ask("GET", "/v2/messages/msg_none"),
  }).toEqual({
    token: 401,
    path: 404,
    group: 404,
    cron: 400,
    cronElsewhere: 400,
    badCron: 400,
    queue: 400,
    delay: 400,
    expression: 400,
    flow: 400,
    flowValue: 400,
    redact: 400,
    filter: 400,
    dlqFilter: 400,
    message: 404,
  });
});

test("a message to a URL group goes to each of its addresses, and says where it comes from", async () => {
  const { urlGroups } = world.client;
  await urlGroups.addEndpoints({ name: "all", endpoints: [{ url: `${world.target}/one`, name: "first" }, { url: `${world.target}/two` }] });
  await urlGroups.addEndpoints({ name: "all", endpoints: [{ url: `${world.target}/three` }] });
  const publish = () => world.client.publishJSON({ urlGroup: "all", body: 1, deduplicationId: "once" });
  const published = await publish();
  expect(published.map(({ url }) => url)).toEqual(["/one", "/two", "/three"].map((path) => world.target + path));
  await until(() => world.received.length === 3);
  expect(new Set(world.received.map(({ path, headers }) => `${path} ${headers.get("upstash-topic-name")}`))).toEqual(
    new Set(["/one all", "/two all", "/three all"]),
  );
  expect((await publish()).map(({ deduplicated }) => deduplicated)).toEqual([true, true, true]);
  await urlGroups.removeEndpoints({ name: "all", endpoints: [{ name: "first" }, { url: `${world.target}/three` }] });
  expect(await urlGroups.list()).toMatchObject([{ name: "all", endpoints: [{ url: `${world.target}/two` }] }]);
  await urlGroups.delete("all");
  await expect(urlGroups.get("all")).rejects.toThrow(/not found/);
  await expect(world.client.publishJSON({ urlGroup: "all" })).rejects.toThrow(/not found/);
});

test("a batch may go to addresses, URL groups and queues", async () => {
  await world.client.urlGroups.addEndpoints({ name: "pair", endpoints: [{ url: `${world.target}/a` }, { url: `${world.target}/b` }] });
  const answers = await world.client.batchJSON([
    { urlGroup: "pair", body: 1 },
    { url: `${world.target}/c`, body: 2, queueName: "q" },
    { urlGroup: "none", body: 3 },
  ]);
  expect(answers).toMatchObject([
    [{ url: `${world.target}/a` }, { url: `${world.target}/b` }],
    { messageId: expect.any(String) },
    { error: expect.any(String) },
  ]);
  await until(() => world.received.length === 3);
  expect((await world.client.queue({ queueName: "q" }).get()).parallelism).toBe(1);
});

test("what is to be redacted is delivered, and shown as its hash only", async () => {
  world.answer = () => new Response(null, { status: 500 });
  const redact = { body: true as const, header: ["x-secret"] };
  const { messageId } = await world.client.publishJSON({
    url: world.target,
    body: "word",
    headers: { "x-secret": "s", "x-open": "o" },
    redact,
    retries: 0,
  });
  await until(() => world.received.length === 1);
  expect([world.received[0]?.body, world.received[0]?.headers.get("x-secret")]).toEqual(['"word"', "s"]);
  await world.settled();
  const [letter] = (await world.client.dlq.listMessages()).messages;
  const [entry] = (await world.client.logs({ filter: { messageId } })).logs;
  expect(letter).toMatchObject({
    body: expect.stringMatching(/^REDACTED:[0-9a-f]{64}$/),
    header: { "X-Open": ["o"], "X-Secret": [expect.stringMatching(/^REDACTED/)] },
  });
  expect(atob(entry?.body ?? "")).toMatch(/^REDACTED:/);
  world.answer = () => new Response();
  await world.client.dlq.retry(letter?.dlqId ?? "");
  await until(() => world.received.length === 2);
  expect(world.received[1]?.body).toBe('"word"');
});

test("messages, dead letters and the log can be asked for by what belongs to them", async () => {
  await world.client.urlGroups.addEndpoints({ name: "g", endpoints: [{ url: `${world.target}/group` }] });
  const flowControl = { key: "fk", parallelism: 1 };
  await world.client.publishJSON({ urlGroup: "g", body: 1, delay: 60 });
  await world.client.publishJSON({ url: `${world.target}/flow`, body: 1, delay: 60, flowControl });
  await world.client.publishJSON({ url: `${world.target}/plain`, body: 1, delay: 60 });
  const host = new URL(world.target).host;
  const cancel = async (filter: Parameters<typeof world.client.messages.cancel>[0] & object) =>
    (await world.client.messages.cancel(filter)).cancelled;
  expect(await cancel({ filter: { urlGroup: "none" } })).toBe(0);
  expect(await cancel({ filter: { urlGroup: "g" } })).toBe(1);
  expect(await cancel({ filter: { flowControlKey: "fk", host } })).toBe(1);
  expect(await cancel({ filter: { path: "/plain", toDate: 1 } })).toBe(0);
  expect(await cancel({ filter: { path: ["/other", "/plain"], fromDate: 1 } })).toBe(1);
  const { logs } = await world.client.logs({ filter: { flowControlKey: "fk", state: "CREATED" } });
  expect(logs).toMatchObject([{ url: `${world.target}/flow`, flowControlKey: "fk", parallelism: 1, body: btoa("1") }]);
  const page = await world.client.logs({ count: 4 });
  expect([page.logs.length, (await world.client.logs({ cursor: page.cursor! })).logs.length, (await world.client.logs()).cursor]).toEqual([
    4,
    2,
    undefined,
  ]);
});
