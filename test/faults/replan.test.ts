import { describe, expect, test } from "vitest";
import { DAYS } from "@carillon/shared/zones";
import { Instance, SHAPES, sleep, until, withShards, type Runtime } from "../harness/instance.ts";
import { randomFrom, seeds } from "../properties/seeds.ts";

const ROUNDS: Record<Runtime, number> = { deno: 6, workers: 3 };
const HELD = 12;
/** A saved change that lost its process is finished by the sweep; I8 asks for no more. */
const WITHIN_MS = 40_000;
const [seed = 0] = seeds("replan", 1);

type Admin = Awaited<ReturnType<Instance["admin"]>>;

describe.concurrent("killed while quiet hours are saved", () => {
  test.each(SHAPES)(
    "what is held follows what is saved, whenever the process died, on $runtime with $shards shards",
    async ({ runtime, shards }) => {
      const random = randomFrom(seed);
      const carillon = await new Instance(runtime, withShards(shards)).start();
      try {
        await saveQuietHours(await carillon.admin(), true);
        const ends: string[] = [];
        for (let round = 0; round < ROUNDS[runtime]; round++) {
          const events = Array.from({ length: HELD }, (_, index) => `r${round}-${index}`);
          for (const id of events) await post(carillon, id);
          expect(await statesOf(carillon, events), "held at first").toEqual({ held: HELD });

          const admin = await carillon.admin();
          const afterMs = random() * 40;
          const saving = saveQuietHours(admin, false).catch(() => null);
          await sleep(afterMs);
          await carillon.kill();
          await saving;
          const restarted = Date.now();
          await carillon.start();
          const isQuiet = await settled(carillon, events);
          ends.push(
            `killed after ${afterMs.toFixed(1)} ms: ${isQuiet ? "not saved, all held" : `saved, all released ${Date.now() - restarted} ms after the restart`}`,
          );
          if (isQuiet) {
            await saveQuietHours(await carillon.admin(), false);
            await until(async () => (await statesOf(carillon, events)).sent === HELD, "the held ones are released", WITHIN_MS);
          }
          // Whoever saves while the lost change is not finished is told to wait.
          const next = await carillon.admin();
          await until(
            () =>
              saveQuietHours(next, true).then(
                () => true,
                () => false,
              ),
            "quiet hours can be saved again",
            WITHIN_MS,
          );
        }
        console.log(`${runtime}, ${shards} shards (SEED=${seed})\n  ${ends.join("\n  ")}`);
        const { unaccounted } = (await carillon.api("GET", "/v1/ledger")).body;
        expect(unaccounted).toBe(0);
      } finally {
        await carillon.dispose();
      }
    },
    300_000,
  );
});

/** Waits until what is held fits what is saved; answers whether it is quiet. A change on its way may still be finished for a while. */
async function settled(carillon: Instance, events: string[]): Promise<boolean> {
  const admin = await carillon.admin();
  const deadline = Date.now() + WITHIN_MS;
  for (let quietSince: number | null = null; ; await sleep(250)) {
    const { enabled } = (await admin("GET", "/quiet-hours")).body as { enabled: boolean };
    const states = await statesOf(carillon, events);
    // One may have been on its way when the process died; its lease runs out later.
    if (!enabled && (states.held ?? 0) === 0) return false;
    if (enabled && states.held === HELD) {
      quietSince ??= Date.now();
      if (Date.now() - quietSince > 15_000) return true;
    } else quietSince = null;
    if (Date.now() > deadline) throw new Error(`saved as ${enabled ? "quiet" : "not quiet"}, but ${JSON.stringify(states)} (SEED=${seed})`);
  }
}

async function saveQuietHours(admin: Admin, enabled: boolean): Promise<void> {
  const { body } = await admin("GET", "/quiet-hours");
  const today = new Date().getUTCDay();
  // Today and tomorrow, so that midnight may pass.
  const quietDays = [today + 6, today + 7].map((day) => DAYS[day % 7]);
  const answer = await admin("PUT", "/quiet-hours", { ...body, enabled, timeZone: "UTC", quietDays, catchUp: false });
  expect(answer.status).toBe(200);
}

async function post(carillon: Instance, id: string): Promise<void> {
  const recipients = [{ id, email: `${id}@example.com`, timeZone: "UTC" }];
  const { status } = await carillon.api("POST", "/v1/events", { id, type: "task_assigned", recipients, data: { task: { title: id } } });
  expect(status).toBe(202);
}

async function statesOf(carillon: Instance, events: string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const id of events) {
    const { body } = await carillon.api("GET", `/v1/events/${id}`);
    const state = (body.deliveries as { channel: string; state: string }[]).find(({ channel }) => channel === "email")!.state;
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}
