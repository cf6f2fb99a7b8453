import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ZONE_DATA_RELEASE } from "@carillon/shared/zone-data";
import { CARRIED_YEARS, isKnownZone, nextChange, offsetAt } from "@carillon/shared/zones";
import { CARRIED, changesOf, offsetOf, release, zoneNames, type OffsetChange } from "../zones/newest-data.ts";
import { zoneDataText } from "../zones/zone-data-text.ts";
import { randomFrom, pick, seeds, whole } from "./seeds.ts";

const DATABASE = "/usr/share/zoneinfo";
/** Asking Intl for the zones without changes, and zdump for all, takes seconds on a busy machine. */
const PATIENCE = 120_000;

test("the carried table is what the generator makes of the newest data", () => {
  expect(readFileSync(resolve(import.meta.dirname, "../../shared/zone-data.ts"), "utf8")).toBe(zoneDataText());
  expect(ZONE_DATA_RELEASE).toBe(release);
  expect(CARRIED_YEARS).toEqual(CARRIED);
});

test(
  "every zone and link is known, and has every change of the newest data from 2026 to 2036, no other, with the right offsets",
  () => {
    for (const zone of zoneNames) {
      expect(isKnownZone(zone), zone).toBe(true);
      expect([zone, ...carriedChanges(zone)]).toEqual([zone, ...changesOf(zone, CARRIED.from, CARRIED.to)]);
      expect([zone, offsetAt(zone, CARRIED.from)]).toEqual([zone, offsetOf(zone, CARRIED.from)]);
    }
  },
  PATIENCE,
);

for (const seed of seeds("offsets", 1)) {
  test(
    `offsets of random zones at random instants from 2026 to 2036, and a millisecond around every change (seed ${seed})`,
    () => {
      const random = randomFrom(seed);
      const wrong: string[] = [];
      const compare = (zone: string, at: number) => {
        if (offsetAt(zone, at) !== offsetOf(zone, at)) wrong.push(`${zone} at ${new Date(at).toISOString()}`);
      };
      for (let n = 0; n < 100_000; n++) compare(pick(random, zoneNames), whole(random, CARRIED.from, CARRIED.to - 1));
      for (const zone of zoneNames)
        for (const { at } of changesOf(zone, CARRIED.from, CARRIED.to)) for (const near of [at - 1, at, at + 1]) compare(zone, near);
      expect(wrong).toEqual([]);
    },
    PATIENCE,
  );
}

/**
 * An installed database that is older than the carried one differs, and may differ, in these zones only: by the release at the latest that
 * changed what holds from 2026 to 2036. Found by comparing Debian's packages of 2025b, 2026b and 2026f, links among them.
 */
const CHANGED_BY_RELEASE = {
  // Vancouver stays on summer time from 2026-11-01; Moldova changes its clocks at another hour.
  "2026b": ["America/Vancouver", "Canada/Pacific", "Europe/Chisinau", "Europe/Tiraspol"],
  // Alberta, Manitoba and Northwest Territories stay on summer time; Cuba stays there in the winter of 2026; Morocco gives up its hour ahead.
  "2026f": (
    "America/Edmonton America/Inuvik America/Yellowknife Canada/Mountain America/Winnipeg America/Rainy_River Canada/Central " +
    "Africa/Casablanca Africa/El_Aaiun America/Havana Cuba"
  ).split(" "),
};

describe("Debian's own database, told by zdump, is a second witness", () => {
  let installed = "";
  beforeAll(() => {
    if (!existsSync(`${DATABASE}/tzdata.zi`)) throw new Error("No time-zone database is installed: apt-get install tzdata");
    installed =
      readFileSync(`${DATABASE}/tzdata.zi`, "utf8")
        .slice(0, 40)
        .match(/^# version (\w+)/)?.[1] ?? "";
    const hint = installed < release ? `older than ${release}: apt-get update && apt-get install tzdata` : "new enough";
    console.log(`The installed time-zone database is ${installed}, ${hint}`);
  });

  test(
    "all offset changes from 2026 to 2036 of all zones, but for those that a later release than the installed one has changed",
    () => {
      const excused = new Set(
        Object.entries(CHANGED_BY_RELEASE)
          .filter(([by]) => installed < by)
          .flatMap(([, zones]) => zones),
      );
      const told = zdump(zoneNames.filter((zone) => existsSync(`${DATABASE}/${zone}`)));
      const different = [...told].filter(
        ([zone, { first, changes }]) =>
          offsetAt(zone, CARRIED.from) !== first || JSON.stringify(changes) !== JSON.stringify(carriedChanges(zone)),
      );
      // A database that is newer than the carried one says here that it is time for `test/zones/generate.ts`.
      expect(different.map(([zone]) => zone).filter((zone) => !excused.has(zone))).toEqual([]);
      expect(told.size).toBeGreaterThan(500);
      const changes = [...told.values()].reduce((sum, one) => sum + one.changes.length, 0);
      console.log(`${told.size} zones with ${changes} changes compared, ${different.length} of them excused`);
      expect(changes).toBeGreaterThan(4_000);
    },
    PATIENCE,
  );
});

/** As `nextChange` tells them, one after the other. */
function carriedChanges(zone: string): OffsetChange[] {
  const changes: OffsetChange[] = [];
  let next = nextChange(zone, CARRIED.from - 1);
  while (next && next.at < CARRIED.to) {
    changes.push({ at: next.at, before: next.offsetBefore, after: next.offsetAfter });
    next = nextChange(zone, next.at);
  }
  return changes;
}

type Told = { first: number; changes: OffsetChange[] };

/** `zdump -i`: a block for each zone; its first line holds at the start, each further one is `date, time, offset after, …` of a change. */
function zdump(zones: string[]): Map<string, Told> {
  const output = execFileSync("zdump", ["-i", "-c", "2026,2037", ...zones], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const told = new Map<string, Told>();
  for (const block of output.trim().split("\n\n")) {
    const [heading = "", first = "", ...lines] = block.split("\n");
    let offset = offsetFrom(first.split("\t")[2]!);
    const zone: Told = { first: offset, changes: [] };
    told.set(heading.slice('TZ="'.length, -1), zone);
    for (const line of lines) {
      const [date, time = "", after = ""] = line.split("\t");
      const [hour = "0", minute = "0", second = "0"] = time.split(":");
      const wall = Date.parse(`${date}T00:00Z`) + ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000;
      const before = offset;
      offset = offsetFrom(after);
      if (offset !== before) zone.changes.push({ at: wall - offset, before, after: offset });
    }
  }
  return told;
}

/** `+0530` → ms. */
function offsetFrom(text: string): number {
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(3, 5));
  return (text.startsWith("-") ? -minutes : minutes) * 60_000;
}
