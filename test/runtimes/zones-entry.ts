import { compileQuietHours } from "@carillon/shared/quiet-hours";
import { nextChange, offsetAt } from "@carillon/shared/zones";
import { randomFrom } from "../properties/seeds.ts";
import { checksum } from "../zones/checksum.ts";
import { randomCase, type ZoneWithChanges } from "../zones/random-case.ts";

/** What the runtimes' test asks: every zone's offsets at these instants (ms), and this many random cases of quiet hours. */
export type ZoneOrder = { zones: ZoneWithChanges[]; instants: number[]; seed: number; cases: number };
/** A checksum for every zone's offsets and changes, and one for a thousand cases each. */
export type ZoneReport = { offsets: Record<string, string>; quiet: string[]; usPerCase: number };

export default {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === "/ready") return new Response("ready");
    return Response.json(report((await request.json()) as ZoneOrder));
  },
};

function report({ zones, instants, seed, cases }: ZoneOrder): ZoneReport {
  const offsets: Record<string, string> = {};
  for (const { zone } of zones) {
    const start = instants[0]!;
    offsets[zone] = checksum([...instants.map((at) => offsetAt(zone, at)), nextChange(zone, start)?.at ?? 0]);
  }
  const random = randomFrom(seed);
  const quiet: string[] = [];
  const startedAt = performance.now();
  for (let n = 0; n < cases; n += 1_000) quiet.push(checksum(Array.from({ length: 1_000 }, () => answer(random, zones)).flat()));
  return { offsets, quiet, usPerCase: ((performance.now() - startedAt) * 1_000) / cases };
}

function answer(random: () => number, zones: ZoneWithChanges[]): [isQuiet: number, until: number] {
  const { week, zone, instant } = randomCase(random, zones);
  const quiet = compileQuietHours(week, zone);
  return [quiet.isQuiet(instant) ? 1 : 0, quiet.until(instant)];
}
