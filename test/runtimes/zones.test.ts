import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checksum } from "../zones/checksum.ts";
import { CARRIED, changesOf, offsetOf, zoneNames } from "../zones/newest-data.ts";
import { firstOpenMinute } from "../zones/oracle.ts";
import { randomCase } from "../zones/random-case.ts";
import { randomFrom, seeds } from "../properties/seeds.ts";
import { RUNTIMES, startRuntime, type Runtime } from "./start-runtime.ts";
import type { ZoneOrder, ZoneReport } from "./zones-entry.ts";

const CASES = 5_000;
const WEEK = 7 * 24 * 3_600_000;
const [seed = 0] = seeds("zones on the runtimes", 1);

const zones = zoneNames.map((zone) => ({ zone, changes: changesOf(zone, CARRIED.from, CARRIED.to).map(({ at }) => at) }));
const changes = [...new Set(zones.flatMap((one) => one.changes))].sort((one, other) => one - other);
const weekly: number[] = [];
for (let at = CARRIED.from; at < CARRIED.to; at += WEEK) weekly.push(at);
const order: ZoneOrder = { zones, instants: [...weekly, ...changes.flatMap((at) => [at - 1, at])], seed, cases: CASES };

/** What every runtime has to answer: by the newest data and by the oracle, not by the code that is tested. */
let expected: Omit<ZoneReport, "usPerCase">;
beforeAll(() => {
  const offsets: Record<string, string> = {};
  for (const { zone, changes } of zones)
    offsets[zone] = checksum([...order.instants.map((at) => offsetOf(zone, at)), changes.find((at) => at > CARRIED.from) ?? 0]);
  const random = randomFrom(seed);
  const quiet: string[] = [];
  for (let n = 0; n < CASES; n += 1_000) {
    const answers = Array.from({ length: 1_000 }, () => {
      const { week, zone, instant } = randomCase(random, zones);
      const until = firstOpenMinute(week, zone, instant);
      return [until === instant ? 0 : 1, until];
    });
    quiet.push(checksum(answers.flat()));
  }
  expected = { offsets, quiet };
}, 60_000);

describe.each(RUNTIMES)("time zones in %s", (name) => {
  let folder: string;
  let runtime: Runtime;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "zones-runtime-"));
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, rootCertificates[0]!);
    runtime = await startRuntime(name, join(import.meta.dirname, "zones-entry.ts"), folder, caFile);
  }, 30_000);
  afterAll(async () => {
    await runtime.stop();
    rmSync(folder, { recursive: true });
  });

  test(`every zone's offsets and changes from 2026 to 2036, and ${CASES} cases of quiet hours, are the right ones whatever its own data say`, async () => {
    const answer = await fetch(runtime.url, { method: "POST", body: JSON.stringify(order) });
    const { usPerCase, ...report } = (await answer.json()) as ZoneReport;
    expect(report).toEqual(expected);
    console.log(
      `${name}: ${zones.length} zones at ${order.instants.length} instants; ${usPerCase.toFixed(1)} µs for a case made and answered`,
    );
  }, 120_000);
});
