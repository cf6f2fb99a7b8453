import { readFileSync } from "node:fs";
import { join } from "node:path";
import { post } from "./load.ts";
import { startNothing } from "./nothing.ts";
import { median, tidy } from "./process.ts";
import { judged, told, type Effort, type Row } from "./report.ts";

/** What an accepted event allocated when this was last looked at; more than a tenth above it is a step back. */
const BASELINE_BYTES = 47_000;
const GOAL = 1.1;
/** Until compilers have settled: what is optimised allocates less. */
const WARM = 6_000;
const EVENTS = 2_000;
const PEOPLE = 5;

/**
 * Bytes that an event allocates on Deno from its request to its 202: one person, an item in the bell, a mail that waits for its
 * channel. One at a time, so that nothing depends on how many share a commit.
 */
export async function allocation({ isShort }: Effort): Promise<Row[]> {
  const { carillon, ours } = await startNothing();
  try {
    const admin = await carillon.admin();
    await admin("POST", "/channels/email/disable", {});
    const ids = Array.from({ length: PEOPLE }, (_, n) => `u${n}`);
    await carillon.api("POST", "/v1/users/bulk", { users: ids.map((id) => ({ id, email: `${id}@example.com` })) });
    const headers = { authorization: `Bearer ${carillon.credentials.apiKey}` };
    let serial = 0;
    const postAll = async (count: number) => {
      for (const end = serial + count; serial < end; serial++)
        await post({ server: ours, path: "/v1/events", headers, body: eventFor }, eventFor(serial));
    };
    const allocated = async (): Promise<number> => {
      await tidy(ours.pids[0]!);
      return Number(readFileSync(join(carillon.data, "allocated"), "utf8"));
    };
    await postAll(WARM);
    const each: number[] = [];
    for (let round = 0; round < (isShort ? 3 : 5); round++) {
      const before = await allocated();
      await postAll(EVENTS);
      each.push(((await allocated()) - before) / EVENTS);
    }
    const bytes = median(each);
    const spread = (Math.max(...each) - Math.min(...each)) / bytes;
    return [
      told("bytes allocated per accept on Deno (baseline)", `${bytes.toFixed(0)} (${BASELINE_BYTES}), ± ${(spread * 50).toFixed(1)} %`),
      judged("   against the baseline", bytes / BASELINE_BYTES, "≤", GOAL),
    ];
  } finally {
    ours.stop();
    await carillon.dispose();
  }
}

const eventFor = (n: number): string =>
  JSON.stringify({
    id: `a${String(n).padStart(6, "0")}`,
    type: "task_assigned",
    recipients: [`u${n % PEOPLE}`],
    data: { task: { title: `Call ${String(n).padStart(6, "0")}` }, actorName: "Kim" },
  });
