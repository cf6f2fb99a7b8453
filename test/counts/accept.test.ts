import { expect, test } from "vitest";
import type { Command, Job, Outside } from "@carillon/worker/ports";
import { shardOf } from "@carillon/worker/pipeline/place";
import { createApp } from "@carillon/worker/app";
import { ORIGIN, startApp, type House } from "../harness/app.ts";

/** A house with email switched on, whose settings every part has already seen. */
async function warmHouse(shards = 1): Promise<House> {
  const house = await startApp({ shards });
  const admin = await house.signIn("owner");
  const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings, secrets: { password: "secret" } }, admin);
  await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
  await house.call("POST", "/v1/events", event("warm", ["u0"]), house.key);
  await house.settle();
  house.queue.take();
  return house;
}

const people = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `p${index}`, email: `p${index}@example.com` }));
const event = (id: string, recipients: unknown[] = people(1)) => ({ id, type: "task_assigned", recipients, data: { task: { title: id } } });
const names = (commands: Command[]): string[] => commands.map(([name]) => String(name));
const post = (house: House, body: object) => house.count(() => house.call("POST", "/v1/events", body, house.key));

test("before the 202 stand one round trip to Redis with one command, and one call of the event's home", async () => {
  const house = await warmHouse();
  const { result, before } = await post(house, event("e1"));
  expect(result.status).toBe(202);
  expect({ trips: before.trips, commands: names(before.commands), calls: before.calls.map(({ name }) => name) }).toEqual({
    trips: 1,
    commands: ["HMGET"],
    calls: ["accept"],
  });
});

test("the answer does not wait for the queue, which is asked once, after the event is durable", async () => {
  const house = await warmHouse();
  const { promise, resolve } = Promise.withResolvers<void>();
  house.queue.answers = promise;
  const asked = house.queue.requests.length;
  expect((await house.call("POST", "/v1/events", event("e1"), house.key)).status).toBe(202);
  resolve();
  await house.settle();
  expect(house.queue.requests.length - asked).toBe(1);
});

test.each([1, 2, 4, 16])("an event for forty people in %i shards takes one call a shard and one more at the most", async (shards) => {
  const house = await warmHouse(shards);
  const { result, before, after } = await post(house, event("e1", people(40)));
  expect(result).toMatchObject({ status: 202, body: { accepted: 40 } });
  const steady = (calls: typeof after.calls) => calls.filter(({ name }) => name !== "apply");
  // The home has begun to hand on when the answer leaves; nobody waits for that.
  expect(before.calls.filter(({ name }) => name !== "take" && name !== "apply").map(({ name }) => name)).toEqual(["accept"]);
  expect(steady(after.calls).length).toBeLessThanOrEqual(shards + 1);
});

test("the answer does not wait for the shards of the people, only for the event's home", async () => {
  const house = await warmHouse(4);
  house.shards.away = new Set([1, 2, 3]);
  const { result } = await post(house, event("e0_home", people(40)));
  expect(result).toMatchObject({ status: 202, body: { accepted: 40 } });
});

test("a hundred events for one person of another shard, posted together, are handed over in a few calls", async () => {
  const house = await warmHouse(2);
  const person = people(40).find(({ id }) => shardOf(id, 2) === 1)!;
  const events = Array.from({ length: 100 }, (_, n) => event(`e0_${n}`, [person]));
  const { result, after } = await post(house, { events });
  expect(result.status).toBe(202);
  expect(after.calls.filter(({ name }) => name === "take").length).toBe(1);
});

test.each([1, 99, 100, 101, 250, 500])("an event for %i people takes one queue message per hundred", async (count) => {
  const house = await warmHouse();
  const { after } = await post(house, event("e1", people(count)));
  expect(after.requests).toHaveLength(1);
  expect(jobsByChannel(after.requests.flat())).toEqual({ email: Math.ceil(count / 100) });
});

test("a thousand events for one person, while no job has run, take one queue message", async () => {
  const house = await warmHouse();
  const { after } = await house.count(async () => {
    for (let n = 0; n < 1_000; n++) await house.call("POST", "/v1/events", event(`e${n}`), house.key);
  });
  expect({ trips: after.trips, calls: after.calls.length, messages: after.requests.flat().length }).toEqual({
    trips: 1_000,
    calls: 1_000,
    messages: 1,
  });
});

test("what is held for one instant takes one queue message for that instant, however many events it is", async () => {
  const house = await warmHouse();
  const deliverAt = new Date(house.clock.now() + 3_600_000).toISOString();
  const { after } = await house.count(async () => {
    for (let n = 0; n < 50; n++) await house.call("POST", "/v1/events", { ...event(`e${n}`), deliverAt }, house.key);
  });
  expect(after.requests.flat().map(({ channel, at }) => ({ channel, at }))).toEqual([{ channel: "email", at: Date.parse(deliverAt) }]);
});

test("a batch of a hundred events costs what one costs", async () => {
  const house = await warmHouse();
  const events = Array.from({ length: 100 }, (_, n) => event(`e${n}`, [{ id: `q${n}`, email: `q${n}@example.com` }]));
  const { result, after } = await post(house, { events });
  expect(result.body.results).toHaveLength(100);
  expect({ trips: after.trips, calls: after.calls.length, messages: after.requests.flat().length }).toEqual({
    trips: 1,
    calls: 1,
    messages: 1,
  });
});

test("a duplicate costs one command, one call and no message", async () => {
  const house = await warmHouse();
  await post(house, event("e1"));
  const { result, after } = await post(house, event("e1"));
  expect(result.body).toEqual({ id: "e1", accepted: 1, duplicate: true });
  expect({ commands: names(after.commands), calls: after.calls.length, messages: after.requests.flat().length }).toEqual({
    commands: ["HMGET"],
    calls: 1,
    messages: 0,
  });
  expect(after.calls[0]!.statements.filter(({ query }) => /^\s*(INSERT|UPDATE|DELETE)/i.test(query))).toEqual([]);
});

test("an item makes one frame", async () => {
  const house = await warmHouse();
  const { after } = await post(house, event("e1", people(7)));
  const frames = after.calls.flatMap((call) => call.frames);
  expect(frames.map(({ person, frame }) => `${person} ${frame.type}`)).toEqual(people(7).map(({ id }) => `${id} item`));
});

test("that a key was used is noted once a minute, whatever is posted", async () => {
  const house = await warmHouse();
  house.clock.pass(61_000);
  const { after } = await house.count(async () => {
    for (let n = 0; n < 20; n++) await house.call("POST", "/v1/events", event(`e${n}`), house.key);
  });
  expect({ trips: after.trips, notes: names(after.commands).filter((name) => name === "HSET").length }).toEqual({ trips: 21, notes: 1 });
});

test("a settings change that another process made costs one round trip more, once", async () => {
  const house = await warmHouse();
  const { trips, elsewhere } = secondProcess(house.outside);
  const ask = async (id: string) => {
    const before = trips();
    const request = new Request(`${ORIGIN}/v1/events`, {
      method: "POST",
      headers: { ...house.key, "content-type": "application/json" },
      body: JSON.stringify(event(id)),
    });
    expect((await elsewhere(request)).status).toBe(202);
    await house.settle();
    return trips() - before;
  };
  await ask("e1");
  const admin = await house.signIn("owner");
  await house.call("POST", "/admin/api/channels/email/disable", {}, admin);
  expect(await ask("e2")).toBeLessThanOrEqual(2);
  expect(await ask("e3")).toBe(1);
});

test("no request of a CRM, a bell or the queue asks for all there is", async () => {
  const house = await warmHouse();
  const bell = await house.bell("u1");
  await house.call("POST", "/v1/events", event("e1", people(3)), house.key);
  const { after } = await house.count(async () => {
    await house.call("POST", "/v1/events", event("e2", people(3)), house.key);
    for (const path of ["/v1/events/e2", "/v1/users/p1", "/v1/deliveries", "/v1/ledger"])
      await house.call("GET", path, undefined, house.key);
    await house.call("PUT", "/v1/users/p1", { name: "P" }, house.key);
    await house.call("POST", "/v1/deliveries/retry", undefined, house.key);
    await house.call("POST", "/v1/tokens", { user: "p1" }, house.key);
    await house.call("GET", "/v1/me/inbox?q=e2", undefined, { ...bell, origin: "https://crm.example.com" });
    await house.call("POST", "/v1/me/inbox/read", { ids: "all" }, bell);
    await house.call("POST", "/v1/me/socket-ticket", undefined, bell);
    for (const job of house.queue.take()) await house.deliver({ ...job, org: "nobody" });
  });
  const GREEDY = ["KEYS", "SCAN", "HSCAN", "SSCAN", "HGETALL", "HKEYS", "HVALS", "SMEMBERS"];
  expect(names(after.commands).filter((name) => GREEDY.includes(name))).toEqual([]);
  expect(names(after.commands).length).toBeGreaterThan(8);
});

function jobsByChannel(jobs: Job[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { channel } of jobs) counts[channel] = (counts[channel] ?? 0) + 1;
  return counts;
}

/** The same house as another process sees it: the same store and shards, and nothing in memory. */
function secondProcess(outside: Outside) {
  let trips = 0;
  const store: Outside["store"] = {
    run: (...commands) => (trips++, outside.store.run(...commands)),
    atomic: (...commands) => (trips++, outside.store.atomic(...commands)),
    isReady: () => outside.store.isReady(),
  };
  return { trips: () => trips, elsewhere: createApp({ ...outside, store }) };
}
