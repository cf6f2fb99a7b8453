import { describe, expect, test } from "vitest";
import { Instance, SHAPES, sleep, until, withShards } from "../harness/instance.ts";

const MINUTE = 60_000;
/** Enough that each of four shards has some of them. */
const PEOPLE = Array.from({ length: 16 }, (_, n) => `held${n}`);
/** Between the first post and the end of what holds it. */
const AT_LEAST_MS = 15_000;
/** I7: the first leaves within this, and what busy machines add; the others follow without a gap. */
const FIRST_WITHIN_MS = 2_000;
const BUSY_MACHINE_MS = 1_000;
const WHOLE_WITHIN_MS = 5_000;

describe.concurrent("what is held is released at its instant, never before", () => {
  test.each(SHAPES)(
    "at the end of quiet hours, and where it was posted for later, on $runtime with $shards shards",
    { timeout: 180_000 },
    async ({ runtime, shards }) => {
      const carillon = await new Instance(runtime, withShards(shards)).start();
      try {
        const end = Math.ceil((Date.now() + AT_LEAST_MS) / MINUTE) * MINUTE;
        await keepQuietUntil(carillon, end);
        await post(carillon, "quiet");
        await until(async () => (await statesOf(carillon, "quiet")) === "held quiet-hours", "all are held");
        await sleep(end - Date.now());
        await expectReleased(carillon, "quiet", end);

        const due = Math.floor(Date.now() / 1_000 + 5) * 1_000;
        await post(carillon, "later", { deliverAt: new Date(due).toISOString() });
        await sleep(due - Date.now());
        await expectReleased(carillon, "later", due);
      } finally {
        await carillon.dispose();
      }
    },
  );
});

async function keepQuietUntil(carillon: Instance, end: number): Promise<void> {
  const admin = await carillon.admin();
  const { body } = await admin("GET", "/quiet-hours");
  const clock = (at: number) => new Date(at).toISOString().slice(11, 16);
  const hours = { start: clock(end - 60 * MINUTE), end: clock(end), timeZone: "UTC", quietDays: [], catchUp: false };
  expect((await admin("PUT", "/quiet-hours", { ...body, ...hours, enabled: true })).status).toBe(200);
}

async function post(carillon: Instance, id: string, more: object = {}): Promise<void> {
  const recipients = PEOPLE.map((person) => ({ id: person, email: `${person}@example.com`, timeZone: "UTC" }));
  const event = { id, type: "task_assigned", recipients, data: { task: { title: `Call ${id}` } }, ...more };
  expect((await carillon.api("POST", "/v1/events", event)).status).toBe(202);
}

/** What all mails of an event have in common, or all that they don't. */
async function statesOf(carillon: Instance, event: string): Promise<string> {
  const { body } = await carillon.api("GET", `/v1/events/${event}`);
  const mails = (body.deliveries as { channel: string; state: string; reason: string }[]).filter(({ channel }) => channel === "email");
  return mails.length === PEOPLE.length ? [...new Set(mails.map(({ state, reason }) => `${state} ${reason}`))].join(", ") : "incomplete";
}

async function expectReleased(carillon: Instance, event: string, instant: number): Promise<void> {
  await until(async () => (await statesOf(carillon, event)) === "sent matrix", `all of ${event} are sent`, 30_000);
  const mails = (await carillon.messages("&limit=100")).filter(({ subject }) => subject?.includes(`Call ${event}`));
  expect(mails.map(({ to }) => to).sort()).toEqual(PEOPLE.map((person) => `${person}@example.com`).sort());
  const late = mails.map(({ at }) => Date.parse(at) - instant).sort((a, b) => a - b);
  expect(late[0], `${event}: ms after its instant`).toBeGreaterThanOrEqual(0);
  expect(late[0], `${event}: ms after its instant`).toBeLessThanOrEqual(FIRST_WITHIN_MS + BUSY_MACHINE_MS);
  expect(late.at(-1), `${event}: ms after its instant`).toBeLessThanOrEqual(WHOLE_WITHIN_MS);
}
