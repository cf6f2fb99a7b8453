import { compileCron } from "@carillon/worker/local/faces/qstash/cron";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cleanup } from "./harness.ts";
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
  world.clock.time = Date.parse("2026-11-24T10:00:30Z");
});

test("a cron pattern is five fields, in UTC or in the zone it names, over a change of clocks too", () => {
  const next = (cron: string, after: string) => new Date(compileCron(cron)(Date.parse(after))).toISOString();
  expect([
    next("*/5 * * * *", "2026-11-24T10:00:00Z"),
    next("0 9 * * 1-5", "2026-11-27T09:00:00Z"),
    next("CRON_TZ=Europe/Berlin 30 8 * * *", "2026-10-24T12:00:00Z"),
    next("CRON_TZ=America/New_York 0 4 1 JAN *", "2026-11-24T00:00:00Z"),
  ]).toEqual(["2026-11-24T10:05:00.000Z", "2026-11-30T09:00:00.000Z", "2026-10-25T07:30:00.000Z", "2027-01-01T09:00:00.000Z"]);
  for (const cron of ["", "* * * *", "* * * * * *", "61 * * * *", "@daily", "CRON_TZ=Mars/City * * * * *", "0 0 30 2 *"])
    expect(() => compileCron(cron), cron).toThrow(/invalid cron/);
});

test("a schedule publishes at each of its instants, with its body, headers and id", async () => {
  const { scheduleId } = await world.client.schedules.create({
    destination: `${world.target}/tick`,
    cron: "*/10 * * * *",
    body: "hello",
    headers: { "x-mine": "1" },
    scheduleId: "mine",
    label: "l",
    retries: 1,
  });
  expect(scheduleId).toBe("mine");
  await world.pass(9 * 60_000);
  expect(world.received.length).toBe(0);
  await world.pass(30_000);
  await until(() => world.received.length === 1);
  await world.pass(10 * 60_000);
  await until(() => world.received.length === 2);
  const { path, body, headers } = world.received[1]!;
  expect([path, body, headers.get("x-mine"), headers.get("upstash-schedule-id")]).toEqual(["/tick", "hello", "1", "mine"]);
  expect(await world.client.schedules.get("mine")).toMatchObject({
    cron: "*/10 * * * *",
    destination: `${world.target}/tick`,
    method: "POST",
    body: "hello",
    retries: 1,
    label: "l",
    isPaused: false,
    header: { "X-Mine": ["1"] },
    lastScheduleTime: Date.parse("2026-11-24T10:20:00Z"),
    nextScheduleTime: Date.parse("2026-11-24T10:30:00Z"),
  });
  const { logs } = await world.client.logs({ filter: { scheduleId: "mine", state: "DELIVERED" } });
  expect(logs.length).toBe(2);
});

test("after a standstill a schedule publishes once, and goes on from there", async () => {
  await world.client.schedules.create({ destination: world.target, cron: "* * * * *" });
  world.clock.time += 3_600_000;
  await world.restart();
  await until(() => world.received.length === 1);
  await world.pass(30_000);
  await until(() => world.received.length === 2);
});

test("a paused schedule publishes nothing, one with the same id takes its place, a deleted one is gone", async () => {
  const { schedules } = world.client;
  await schedules.create({ destination: `${world.target}/old`, cron: "* * * * *", scheduleId: "s" });
  await schedules.pause({ schedule: "s" });
  expect((await schedules.get("s")).isPaused).toBe(true);
  await world.pass(60_000);
  await schedules.resume({ schedule: "s" });
  await schedules.create({ destination: `${world.target}/new`, cron: "* * * * *", scheduleId: "s" });
  await world.pass(60_000);
  await until(() => world.received.length === 1);
  expect([world.paths(), (await schedules.list()).length]).toEqual([["/new"], 1]);
  await schedules.delete("s");
  await world.pass(600_000);
  expect([world.received.length, await schedules.list()]).toEqual([1, []]);
  await expect(schedules.get("s")).rejects.toThrow(/not found/);
});

test("a schedule may go to a URL group and into a queue; its own wake-ups are nobody's messages", async () => {
  await world.client.urlGroups.addEndpoints({ name: "g", endpoints: [{ url: `${world.target}/a` }, { url: `${world.target}/b` }] });
  await world.client.schedules.create({ destination: "g", cron: "* * * * *", queueName: "q" });
  expect(await world.client.messages.cancel({ all: true })).toEqual({ cancelled: 0 });
  await world.pass(30_000);
  await until(() => world.received.length === 2);
  expect(world.paths()).toEqual(["/a", "/b"]);
  await expect(world.client.schedules.create({ destination: "nobody", cron: "* * * * *" })).rejects.toThrow(/not found/);
});
