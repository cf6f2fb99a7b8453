import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createApp } from "@carillon/worker/app";
import { configureLog, log } from "@carillon/worker/log";
import { shardOf } from "@carillon/worker/pipeline/place";
import { ORIGIN, startApp } from "../harness/app.ts";
import { SHARDS } from "../harness/shards.ts";

let lines: Record<string, unknown>[];
beforeEach(() => {
  lines = [];
  const keep = (line: string) => void lines.push(JSON.parse(line));
  for (const method of ["log", "warn", "error"] as const) vi.spyOn(console, method).mockImplementation(keep);
});
afterEach(() => {
  configureLog("warn", { now: () => 0 });
  vi.restoreAllMocks();
});
const verbose = () => configureLog("info", { now: () => Date.UTC(2026, 10, 24) });

test("a request is one line with an id, the route's pattern, its status, its time and whose it was", async () => {
  const house = await startApp();
  verbose();
  const { headers } = await house.call("GET", "/v1/users/u-secret?q=secret", undefined, house.key);
  expect(lines).toEqual([
    {
      at: "2026-11-24T00:00:00.000Z",
      level: "info",
      message: "request",
      requestId: headers.get("x-request-id"),
      method: "GET",
      route: "/v1/users/:id",
      status: 404,
      ms: 0,
      org: "acme",
    },
  ]);
});

test("the id in a problem is the line's", async () => {
  const house = await startApp();
  verbose();
  const { body } = await house.call("GET", "/v1/users/u1");
  expect(lines[0]).toMatchObject({ requestId: body.requestId, status: 401 });
});

test("a try at a provider is one line with the delivery, the channel, the outcome and its code, and no address", async () => {
  const house = await startApp({ config: { allowPrivateHosts: true } });
  const admin = await house.signIn("owner");
  const settings = { host: "127.0.0.1", port: 1, username: "", encryption: "none", fromAddress: "crm@example.com" };
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings }, admin);
  await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
  await house.call(
    "POST",
    "/v1/events",
    { id: "e1", type: "mention", recipients: [{ id: "u1", email: "u1@secret.example" }], data: { text: "secret" } },
    house.key,
  );
  await house.settle();
  const { body: event } = await house.call("GET", "/v1/events/e1", undefined, house.key);
  const delivery = event.deliveries.find(({ channel }: { channel: string }) => channel === "email").id;
  verbose();
  for (const job of house.queue.take()) await house.deliver(job);
  expect(lines).toMatchObject([
    { message: "attempt", org: "acme", shard: shardOf("u1", SHARDS), channel: "email", delivery, attempt: 1, outcome: "retry" },
    { message: "request", route: "/internal/jobs/deliver", status: 200 },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/secret|u1|crm@/);
});

test("by itself only what is wrong is written, and what fails unforeseen names its route and not its path", async () => {
  const house = await startApp();
  await house.call("GET", "/v1/ledger", undefined, house.key);
  expect(lines).toEqual([]);
  const store = { ...house.outside.store, run: () => Promise.reject(new Error("broken")) };
  const answer = await createApp({ ...house.outside, store })(new Request(`${ORIGIN}/v1/users/u-secret`, { headers: house.key }));
  const { requestId } = (await answer.json()) as { requestId: string };
  expect(lines).toMatchObject([{ level: "error", message: "a request failed", route: "/v1/users/:id", requestId, error: "Error: broken" }]);
  expect(JSON.stringify(lines)).not.toContain("u-secret");
});

test("a field that has no name is not written, whoever brings it", () => {
  verbose();
  const fields = { org: "acme", password: "secret", body: "secret" };
  log("info", "something", fields);
  expect(lines).toEqual([{ at: "2026-11-24T00:00:00.000Z", level: "info", message: "something", org: "acme" }]);
});
