import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instance, SHAPES, until, withShards } from "../harness/instance.ts";

const MINUTE = 60_000;
/** Enough that each of four shards has some of them. */
const PEOPLE = Array.from({ length: 12 }, (_, n) => `chooser${n}`);
const clock = (fromNow: number): string => new Date(Date.now() + fromNow * MINUTE).toISOString().slice(11, 16);

describe.each(SHAPES)("what people choose on $runtime with $shards shards", ({ runtime, shards }) => {
  const carillon = new Instance(runtime, withShards(shards));
  let admin: Awaited<ReturnType<Instance["admin"]>>;
  beforeAll(async () => {
    await carillon.start();
    admin = await carillon.admin();
    const users = PEOPLE.map((id) => ({ id, email: `${id}@example.com`, timeZone: "UTC" }));
    expect((await carillon.api("POST", "/v1/users/bulk", { users })).status).toBe(200);
  }, 90_000);
  afterAll(() => carillon.dispose());

  /** Everybody saves the same; the different answers to that. */
  const choose = async (preferences: object): Promise<string[]> => {
    const answers = await Promise.all(
      PEOPLE.map(async (person) => (await carillon.me(person))("PUT", "/preferences", { ...preferences, timeZone: "UTC" })),
    );
    return [...new Set(answers.map(({ status, body }) => `${status}${status === 200 ? "" : ` ${body.code}`}`))];
  };
  const post = async (id: string): Promise<void> => {
    const event = { id, type: "task_assigned", recipients: PEOPLE, data: { task: { title: `Call ${id}` } } };
    expect((await carillon.api("POST", "/v1/events", event)).status).toBe(202);
  };
  const become = async (id: string, wanted: string): Promise<void> => {
    const states = async () => {
      const { deliveries } = (await carillon.api("GET", `/v1/events/${id}`)).body;
      const mails = (deliveries as { channel: string; state: string; reason: string }[]).filter(({ channel }) => channel === "email");
      return mails.map(({ state, reason }) => `${state} ${reason}`);
    };
    const all = PEOPLE.map(() => wanted);
    await until(async () => JSON.stringify(await states()) === JSON.stringify(all), `${id} is ${wanted}`, 10_000).catch(() => null);
    expect(await states(), id).toEqual(all);
  };
  const saveQuietHours = async (changes: object): Promise<void> => {
    const { body } = await admin("GET", "/quiet-hours");
    expect((await admin("PUT", "/quiet-hours", { ...body, ...changes })).status).toBe(200);
  };

  test("a mute holds until the admin locks the cell, and can't be said again after that", async () => {
    const mute = { cells: { task_assigned: { email: false } } };
    expect(await choose(mute)).toEqual(["200"]);
    await post("muted");
    await become("muted", "skipped user-muted");
    const { body: routing } = await admin("GET", "/routing");
    routing.cells.task_assigned.email = { when: "on", locked: true };
    expect((await admin("PUT", "/routing", routing)).status).toBe(200);
    await post("locked");
    await become("locked", "sent matrix");
    expect(await choose(mute)).toEqual(["422 preferences.locked"]);
  });

  test("quiet hours of their own hold within the bounds; when those tighten, what waits leaves, and no more can be chosen", async () => {
    const window = { start: clock(-120), end: clock(-60), nights: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] };
    // The whole day, counted from then.
    const wholeDay = { earliestStart: clock(-60), latestEnd: clock(-60) };
    await saveQuietHours({ ...window, enabled: true, quietDays: [], timeZone: "UTC", catchUp: false, bounds: wholeDay });
    const own = { cells: {}, quietHours: { enabled: true, start: clock(-30), end: clock(60) } };
    expect(await choose(own)).toEqual(["200"]);
    await post("held");
    await become("held", "held quiet-hours");
    await saveQuietHours({ bounds: null });
    await become("held", "sent matrix");
    const later = { ...own, quietHours: { ...own.quietHours, end: clock(90) } };
    expect(await choose(later)).toEqual(["422 preferences.outside-bounds"]);
  });
});
