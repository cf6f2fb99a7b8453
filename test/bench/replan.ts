import { Instance, until } from "../harness/instance.ts";
import { judged, told, type Effort, type Row } from "./report.ts";
import { onlyWith } from "./servers.ts";

const HELD = 10_000;
const GOAL_SECONDS = 5;
const HOUR_MS = 3_600_000;

/** Quiet hours end an hour later while 10,000 mails are held: how long until all have their new instant, and how long others wait. */
export async function replan(_effort: Effort): Promise<Row[]> {
  const carillon = await new Instance("deno").start();
  try {
    const admin = await onlyWith(carillon, "email");
    const now = Date.now();
    const quietUntil = async (end: number) => {
      const { body } = await admin("GET", "/quiet-hours");
      const window = {
        start: timeOfDay(now - HOUR_MS),
        end: timeOfDay(end),
        nights: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        quietDays: [],
      };
      const saved = await admin("PUT", "/quiet-hours", { ...body, ...window, enabled: true, timeZone: "UTC" });
      if (saved.status !== 200) throw new Error(`Quiet hours were not saved: ${JSON.stringify(saved.body)}`);
    };
    const nextRelease = async (): Promise<{ held: number; nextRelease: string }> => (await admin("GET", "/quiet-hours/now")).body;

    await quietUntil(now + 3 * HOUR_MS);
    for (let from = 0; from < HELD; from += 1_000) await carillon.api("POST", "/v1/events", { events: [task(from), task(from + 500)] });
    await until(async () => (await nextRelease()).held === HELD, "all are held", 60_000);
    const before = (await nextRelease()).nextRelease;

    const calm = await waits(carillon, () => Promise.resolve());
    const started = performance.now();
    let seconds = 0;
    const meanwhile = await waits(carillon, async () => {
      await quietUntil(now + 4 * HOUR_MS);
      await until(async () => (await nextRelease()).nextRelease > before, "all have their new instant", 60_000);
      seconds = (performance.now() - started) / 1_000;
    });
    return [
      judged(`${HELD.toLocaleString("en")} held deliveries planned anew`, seconds, "≤", GOAL_SECONDS, "s"),
      told(
        "   the longest that a new event waited meanwhile",
        `${Math.max(...meanwhile).toFixed(0)} ms (else ${Math.max(...calm).toFixed(0)} ms)`,
      ),
    ];
  } finally {
    await carillon.dispose();
  }
}

/** Posts one event after the other, twenty at least and until the work is done; answers how long each took, ms. */
async function waits(carillon: Instance, begin: () => Promise<void>): Promise<number[]> {
  const work = { isDone: false };
  const ended = begin().finally(() => (work.isDone = true));
  const took: number[] = [];
  for (let n = 0; n < 20 || !work.isDone; n++) {
    const started = performance.now();
    const { status } = await carillon.api("POST", "/v1/events", {
      type: "mention",
      recipients: ["bell-only"],
      data: { text: "meanwhile" },
    });
    if (status !== 202) throw new Error(`An event was answered with ${status}`);
    took.push(performance.now() - started);
  }
  await ended;
  return took;
}

const task = (from: number) => ({
  type: "task_assigned",
  recipients: Array.from({ length: 500 }, (_, n) => ({ id: `held-${from + n}`, email: `held-${from + n}@example.com` })),
  data: { task: { title: "Call" } },
});

const timeOfDay = (at: number): string => new Date(at).toISOString().slice(11, 16);
