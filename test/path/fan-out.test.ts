import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instance, sleep, until, type Runtime } from "../harness/instance.ts";
import { BellSocket } from "../harness/bell-socket.ts";

const PEOPLE = 3_000;
const ids = Array.from({ length: PEOPLE }, (_, n) => `f${n}`);
const data = { task: { title: "Move" } };

const SHAPES: [string, Runtime, string][] = [
  ["Deno", "deno", "1"],
  ["Deno with four shards", "deno", "4"],
  ["workerd", "workers", "1"],
  ["workerd with four shards", "workers", "4"],
];

describe.each(SHAPES)("an event for many people on %s", (_, runtime, shards) => {
  const carillon = new Instance(runtime, { CARILLON_SHARDS: shards });
  beforeAll(() => carillon.start(), 90_000);
  afterAll(() => carillon.dispose());
  const progress = async (id: string) => (await carillon.api("GET", `/v1/events/${id}`)).body.fanOut;
  const ledger = async () => (await carillon.api("GET", "/v1/ledger")).body;

  test("it is accepted at once, told slice by slice through two kills, and whole in the end: everybody once", async () => {
    const before = await ledger();
    const posted = await carillon.api("POST", "/v1/events", { id: "many", type: "task_assigned", recipients: ids, data });
    expect(posted).toEqual({ status: 202, body: { id: "many", accepted: PEOPLE, duplicate: false } });
    for (const share of [0.1, 0.5]) {
      await until(async () => (await progress("many")).told >= PEOPLE * share, `${share} of it is told`, 30_000);
      await carillon.kill();
      await carillon.start();
    }
    await until(async () => (await progress("many")).told === PEOPLE, "all are told", 60_000);
    expect(await progress("many")).toEqual({ people: PEOPLE, told: PEOPLE, cancelled: false });
    const after = await ledger();
    expect([after.accepted - before.accepted, after.unaccounted]).toEqual([PEOPLE * 5, 0]);
    for (const id of [ids[0]!, ids[499]!, ids[500]!, ids[1_234]!, ids.at(-1)!]) {
      const me = await carillon.me(id);
      const { body } = await me("GET", "/inbox?filter=all");
      expect([id, body.unread, body.data.map((item: { event: string }) => item.event)]).toEqual([id, 1, ["many"]]);
    }
    const again = await carillon.api("POST", "/v1/events", { id: "many", type: "task_assigned", recipients: ids, data });
    expect(again.body).toEqual({ id: "many", accepted: PEOPLE, duplicate: true });
  }, 150_000);

  test("it can be cancelled while it is being told; whoever was not told never is, and the ledger says so", async () => {
    await carillon.api("POST", "/v1/events", { id: "stopped", type: "task_assigned", recipients: ids, data });
    await until(async () => (await progress("stopped")).told > 0, "it has begun", 30_000);
    expect((await carillon.api("POST", "/v1/events/stopped/cancel")).status).toBe(200);
    const then = await progress("stopped");
    expect(then.cancelled).toBe(true);
    await sleep(500);
    expect(await progress("stopped")).toEqual(then);
    expect(then.told).toBeLessThan(PEOPLE);
    expect((await ledger()).unaccounted).toBe(0);
  }, 60_000);

  test("an audience is everybody of it, and nobody else; a single event does not wait for it", async () => {
    const users = Array.from({ length: 400 }, (_, n) => ({ id: `t${n}`, teams: ["north"] }));
    expect((await carillon.api("POST", "/v1/users/bulk", { users })).status).toBe(200);
    const bell = await BellSocket.open(carillon, "u1");
    const posted = await carillon.api("POST", "/v1/events", { id: "all", type: "task_assigned", audience: { kind: "all" }, data });
    expect(posted.body.accepted).toBeGreaterThan(PEOPLE);
    const started = Date.now();
    await carillon.api("POST", "/v1/events", { id: "single", type: "task_assigned", recipients: ["u1"], data });
    await until(() => bell.frames.some((frame) => frame.type === "item" && frame.item.event === "single"), "the single one is there");
    expect(Date.now() - started).toBeLessThan(1_000);
    bell.close();
    const team = await carillon.api("POST", "/v1/events", {
      id: "team",
      type: "task_assigned",
      audience: { kind: "team", name: "north" },
      data,
    });
    expect(team.body.accepted).toBe(400);
    await until(async () => (await progress("team"))?.told === 400, "the team is told", 60_000);
    for (const [id, events] of [
      ["t399", ["team", "all"]],
      ["f7", ["all"]],
    ] as const) {
      const me = await carillon.me(id);
      const { body } = await me("GET", "/inbox?filter=all");
      expect(body.data.map((item: { event: string }) => item.event)).toEqual(expect.arrayContaining([...events]));
      expect(body.data.some((item: { event: string }) => item.event === "team")).toBe(id === "t399");
    }
  }, 90_000);
});
