import { afterAll, beforeAll, expect, test } from "vitest";
import type { Pace } from "@carillon/shared/pace";
import { startMailServer, type TestServer } from "../channels/mail-server.ts";
import { startApp, type House } from "../harness/app.ts";
import { startCounted, type Counted } from "./start-counted.ts";

let mail: TestServer;
let connections = 0;
let counted: Counted;
beforeAll(async () => {
  mail = await startMailServer({
    hideSTARTTLS: true,
    authOptional: true,
    onConnect(_session, callback) {
      connections++;
      callback();
    },
  });
  counted = await startCounted();
}, 60_000);
afterAll(async () => {
  await mail.stop();
  await counted.stop();
});

/** A house whose mail server takes only so much. */
async function pacedHouse(pace: Pace): Promise<House> {
  const house = await startApp({ shards: 1, config: { allowPrivateHosts: true } });
  const admin = await house.signIn("owner");
  const settings = { host: "127.0.0.1", port: mail.port, username: "", encryption: "none", fromAddress: "crm@example.com", pace };
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings }, admin);
  await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
  return house;
}

/** Serves the one job that an event for so many people has made. */
async function serve(house: House, people: number) {
  const recipients = Array.from({ length: people }, (_, index) => ({ id: `p${index}`, email: `p${index}@example.com` }));
  await house.call("POST", "/v1/events", { id: "e1", type: "mention", recipients, data: { text: "e1" } }, house.key);
  await house.settle();
  const [job] = house.queue.take();
  return countOf(house, job!);
}

async function countOf(house: House, job: Parameters<House["deliver"]>[0]) {
  const before = connections;
  const { result, after } = await house.count(() => house.deliver(job));
  expect(result.status).toBe(200);
  const calls: Record<string, number> = {};
  for (const { name } of after.calls) calls[name] = (calls[name] ?? 0) + 1;
  return { commands: after.commands.length, calls, connections: connections - before, messages: after.requests.flat().length };
}

test("a job that keeps to a number of connections asks for one and gives it back: two calls more", async () => {
  const house = await pacedHouse({ perSecond: null, connections: 2 });
  const calls = { turns: 1, begin: 1, next: 100, giveBack: 1 };
  expect(await serve(house, 100)).toEqual({ commands: 1, calls, connections: 1, messages: 0 });
});

test("a job that keeps to messages a second asks once for the first of them, and once for each two seconds of them", async () => {
  const house = await pacedHouse({ perSecond: 1_000, connections: null });
  const calls = { turns: 2, begin: 2, next: 20, giveBack: 1 };
  expect(await serve(house, 20)).toEqual({ commands: 1, calls, connections: 1, messages: 0 });
});

test("a single message takes two calls more than without a pace", async () => {
  const house = await pacedHouse({ perSecond: 1, connections: 1 });
  expect(await serve(house, 1)).toEqual({
    commands: 1,
    calls: { turns: 1, begin: 1, next: 1, giveBack: 1 },
    connections: 1,
    messages: 0,
  });
});

test("a job that finds no connection free opens none, claims nothing, and is woken later by one message", async () => {
  const house = await pacedHouse({ perSecond: null, connections: 1 });
  const pace = { perSecond: null, connections: 1 };
  await house.shards.get("acme", 0).turns({ channel: "email", shard: 0, run: "another", pace, count: 1, eachMs: 0 });
  expect(await serve(house, 5)).toEqual({ commands: 1, calls: { turns: 1, later: 1, confirm: 1 }, connections: 0, messages: 1 });
  const [again, ...more] = house.queue.take();
  expect([again!.at - house.clock.now(), more]).toEqual([60_000, []]);
});

test("turns and their giving back write one row each, and what is refused none", async () => {
  const shard = counted.shard("paced");
  const asked = { channel: "email" as const, shard: 1, pace: { perSecond: 10, connections: 1 }, count: 20, eachMs: 5 };
  const rows = async (work: Promise<{ cost: { rowsWritten: number } }>) => (await work).cost.rowsWritten;
  expect(await rows(shard.ask("turns", { ...asked, run: "one" }))).toBe(1);
  expect(await rows(shard.ask("turns", { ...asked, run: "one" }))).toBe(1);
  expect(await rows(shard.ask("turns", { ...asked, run: "two" }))).toBe(0);
  expect(await rows(shard.ask("giveBack", { channel: "email", shard: 1, run: "one", unused: [], rest: null }))).toBe(1);
});
