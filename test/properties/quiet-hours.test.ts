import { expect, test } from "vitest";
import { CHANNELS } from "@carillon/shared/channels";
import { PRIORITIES } from "@carillon/shared/event-types";
import { routeFor } from "@carillon/shared/preferences";
import { checkAgainstBounds, effectiveQuietHours, personQuietHoursSchema, type PersonQuietHours } from "@carillon/shared/quiet-bounds";
import { compileQuietHours, quietHoursSchema, type QuietHours, type QuietWeek } from "@carillon/shared/quiet-hours";
import { QUIET_CASES, weekOf } from "@carillon/shared/quiet-hours.cases";
import { DAYS } from "@carillon/shared/zones";
import { CARRIED, changesOf, zoneNames } from "../zones/newest-data.ts";
import { firstOpenMinute, isMinuteQuiet, wallOf, type Wall } from "../zones/oracle.ts";
import { randomCase, randomDays, randomTime, randomWeek, type RandomCase } from "../zones/random-case.ts";
import { pick, randomFrom, seeds } from "./seeds.ts";

// A full run: QUIET_CASES=100000 QUIET_PAIRS=50000.
const CASES = Number(process.env.QUIET_CASES ?? 5_000);
const PAIRS = Number(process.env.QUIET_PAIRS ?? 5_000);
const MINUTE = 60_000;
const PATIENCE = 600_000;

const zones = zoneNames.map((zone) => ({ zone, changes: changesOf(zone, CARRIED.from, CARRIED.to).map(({ at }) => at) }));
const changing = zones.filter(({ changes }) => changes.length > 0);

for (const seed of seeds("quiet hours against the oracle", 1)) {
  test(
    `${CASES} random cases are as a walk from minute to minute finds them (seed ${seed})`,
    () => {
      const random = randomFrom(seed);
      const wrong: (RandomCase & { said: number; expected: number })[] = [];
      let quietOnes = 0;
      for (let n = 0; n < CASES; n++) {
        const one = randomCase(random, random() < 0.8 ? changing : zones);
        const quiet = compileQuietHours(one.week, one.zone);
        const expected = firstOpenMinute(one.week, one.zone, one.instant);
        const said = quiet.until(one.instant);
        if (expected !== one.instant) quietOnes++;
        if (said !== expected || quiet.isQuiet(one.instant) !== (expected !== one.instant) || quiet.isQuiet(said))
          wrong.push({ ...one, said, expected });
      }
      expect(wrong.slice(0, 3)).toEqual([]);
      expect(wrong.length).toBe(0);
      expect(quietOnes).toBeGreaterThan(CASES / 5);
    },
    PATIENCE,
  );
}

test(
  "around every change of offset from 2026 to 2036 of every zone that has one, every minute is as the oracle says",
  () => {
    const wrong: string[] = [];
    let seen = 0;
    for (const { zone } of changing) {
      for (const { at, before, after } of changesOf(zone, CARRIED.from, CARRIED.to)) {
        seen++;
        // One window about the last minute before the change, one about the first after it, and an ordinary one.
        const weeks = [windowAbout(at + before, 20, 15), windowAbout(at + after, 40, 25), ordinary];
        wrong.push(...differencesAround(at, weeks, zone));
      }
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(changing.length).toBeGreaterThan(190);
    expect(seen).toBeGreaterThan(4_000);
    console.log(`${seen} changes of offset in ${changing.length} zones`);
  },
  PATIENCE,
);

test("the table of named cases is as the oracle says, too", () => {
  for (const { zone, hours, at, until } of QUIET_CASES) {
    const instant = Date.parse(at);
    // Before the carried years the data of moment-timezone are the same everywhere.
    expect([zone, at, firstOpenMinute(weekOf(hours), zone, instant)]).toEqual([zone, at, until === "open" ? instant : Date.parse(until)]);
  }
});

for (const seed of seeds("bounds and locks", 1)) {
  test(
    `${PAIRS} random pairs of organisation and person: never beyond the bounds, also when they tighten later (seed ${seed})`,
    () => {
      const random = randomFrom(seed);
      let accepted = 0;
      for (let n = 0; n < PAIRS; n++) {
        const org = randomOrganisation(random);
        const own = randomPerson(random, org);
        const issues = checkAgainstBounds(own, org);
        const context = JSON.stringify({ org, own, issues });
        expect(issues.length === 0, context).toBe(isAllowed(own, org));
        expectInside(own, org, context);
        if (issues.length === 0) {
          accepted++;
          expectUnchanged(own, org, context);
        }
        const later = randomOrganisation(random);
        expectInside(own, later, JSON.stringify({ later, own }));
      }
      expect(accepted).toBeGreaterThan(PAIRS / 20);
      expect(accepted).toBeLessThan(PAIRS);
    },
    PATIENCE,
  );

  test(`${PAIRS} random cells and preferences: a lock is never passed, a mute never sends, urgent-only stays so (seed ${seed})`, () => {
    const random = randomFrom(seed);
    for (let n = 0; n < PAIRS; n++) {
      const cell = { when: pick(random, ["on", "off", "urgent"] as const), locked: random() < 0.5 };
      const wish = pick(random, [true, false, undefined]);
      const priority = pick(random, PRIORITIES);
      const route = routeFor(cell, wish, priority);
      const asMatrix = routeFor(cell, undefined, priority);
      if (cell.locked) expect(route).toEqual(asMatrix);
      if (!cell.locked && wish === false) expect(route).toEqual({ send: false, why: "user-muted" });
      if (cell.when === "urgent" && priority !== "high") expect(route.send).toBe(false);
      if (wish === undefined && cell.when === "off") expect(route).toEqual({ send: false, why: "matrix-off" });
      expect(route.send).toBe(route.why === "matrix");
    }
  });
}

const ordinary: QuietWeek = { start: "20:00", end: "08:00", nights: DAYS, quietDays: ["sun"] };

/** A window from some minutes before a wall-clock time (in ms) to some minutes after it. */
function windowAbout(wall: number, minutesBefore: number, minutesAfter: number): QuietWeek {
  const time = (at: number) => new Date(at).toISOString().slice(11, 16);
  return { start: time(wall - minutesBefore * MINUTE), end: time(wall + minutesAfter * MINUTE), nights: DAYS, quietDays: [] };
}

/** From two and a half hours before the change to as long after it, and a millisecond to each side of it. */
function differencesAround(change: number, weeks: QuietWeek[], zone: string): string[] {
  const wrong: string[] = [];
  const end = change + 150 * MINUTE;
  const walls: { at: number; wall: Wall }[] = [];
  for (let at = end; at >= change - 150 * MINUTE; at -= MINUTE) walls.push({ at, wall: wallOf(zone, at) });
  for (const week of weeks) {
    const quiet = compileQuietHours(week, zone);
    const compare = (at: number, isQuiet: boolean, until: number) => {
      if (quiet.isQuiet(at) !== isQuiet || quiet.until(at) !== until)
        wrong.push(`${zone} ${week.start}–${week.end} at ${new Date(at).toISOString()}`);
    };
    let open = firstOpenMinute(week, zone, end);
    for (const { at, wall } of walls) {
      const isQuiet = isMinuteQuiet(week, wall.weekday, wall.minute);
      if (!isQuiet) open = at;
      compare(at, isQuiet, open);
    }
    for (const at of [change - 1, change + 1]) {
      const until = firstOpenMinute(week, zone, at);
      compare(at, until !== at, until);
    }
  }
  return wrong;
}

function randomOrganisation(random: () => number): QuietHours {
  const { start, end, nights, quietDays } = randomWeek(random);
  const bounds = {
    earliestStart: randomTime(random),
    latestEnd: randomTime(random),
    extraDays: randomDays(random),
    mayRefuseUrgent: random() < 0.5,
  };
  return quietHoursSchema.parse({
    version: 1,
    enabled: random() < 0.8,
    start,
    end,
    nights,
    quietDays,
    timeZone: "Europe/Berlin",
    urgentPasses: random() < 0.5,
    heldChannels: CHANNELS.filter(() => random() < 0.5),
    bounds: random() < 0.5 ? bounds : null,
  });
}

/** Often a part of what is allowed, else anything. */
function randomPerson(random: () => number, org: QuietHours): PersonQuietHours {
  const isModest = random() < 0.6;
  const line = lineOf(org);
  const from = Math.floor(random() * line.length);
  const to = from + 1 + Math.floor(random() * (line.length - from));
  const start = isModest ? timeOf(line[from]!) : randomTime(random);
  const end = isModest ? timeOf((line[0]! + to) % 1_440) : randomTime(random);
  const days = randomDays(random);
  return personQuietHoursSchema.parse({
    enabled: random() < 0.9,
    start,
    end: end === start ? timeOf((minutesOf(start) + 1) % 1_440) : end,
    quietDays: isModest ? days.filter((day) => daysOf(org).includes(day)) : days,
    urgentPasses: isModest || random() < 0.5,
  });
}

/** The bounds in the words of the oracle: the minutes of the day from the earliest start to the latest end, in order; all of them if these are one. */
function lineOf(org: QuietHours): number[] {
  const from = minutesOf(org.bounds?.earliestStart ?? org.start);
  const to = minutesOf(org.bounds?.latestEnd ?? org.end);
  const minutes = [from];
  for (let at = (from + 1) % 1_440; at !== to && at !== from; at = (at + 1) % 1_440) minutes.push(at);
  return minutes;
}
const daysOf = (org: QuietHours) => DAYS.filter((day) => org.quietDays.includes(day) || org.bounds?.extraDays.includes(day));
const mayRefuseUrgent = (org: QuietHours) => (org.bounds ? org.bounds.mayRefuseUrgent : !org.urgentPasses);

/** A person's minutes, one after the other, are found on the line, one after the other. */
function isAllowed(own: PersonQuietHours, org: QuietHours): boolean {
  if (!own.enabled) return true;
  if (!org.enabled && !org.bounds) return false;
  const line = lineOf(org);
  let place = line.indexOf(minutesOf(own.start));
  if (place < 0) return false;
  for (let minute = minutesOf(own.start); minute !== minutesOf(own.end); minute = (minute + 1) % 1_440) {
    if (line[place] !== minute) return false;
    place++;
  }
  return own.quietDays.every((day) => daysOf(org).includes(day)) && (own.urgentPasses || mayRefuseUrgent(org));
}

/** No minute of the week is quiet for the person that the organisation does not allow. */
function expectInside(own: PersonQuietHours, org: QuietHours, context: string): void {
  const inForce = effectiveQuietHours(org, own, { event: null, person: null });
  if (!own.enabled || (!org.enabled && !org.bounds)) {
    expect(inForce, context).toBeNull();
    return;
  }
  if (!inForce) return;
  const line = new Set(lineOf(org));
  const days = daysOf(org);
  // What is quiet and what is allowed changes only at these times of day.
  const times = [inForce.start, inForce.end, org.start, org.end, org.bounds?.earliestStart ?? "00:00", org.bounds?.latestEnd ?? "00:00"];
  const edges = new Set([0, 1_439, ...times.flatMap((time) => [minutesOf(time), (minutesOf(time) + 1_439) % 1_440])]);
  DAYS.forEach((day, weekday) => {
    if (days.includes(day)) return;
    for (const minute of edges) {
      if (!isMinuteQuiet(inForce, weekday, minute)) continue;
      const allowed = org.bounds ? line.has(minute) : isMinuteQuiet(org, weekday, minute);
      if (!allowed) expect.fail(`${day} ${timeOf(minute)} is quiet beyond the bounds: ${context}`);
    }
  });
  expect(
    inForce.quietDays.every((day) => days.includes(day)),
    context,
  ).toBe(true);
  expect(inForce.urgentPasses || mayRefuseUrgent(org), context).toBe(true);
}

/** What was accepted is in force to the letter. */
function expectUnchanged(own: PersonQuietHours, org: QuietHours, context: string): void {
  const inForce = effectiveQuietHours(org, own, { event: null, person: null });
  if (!inForce) {
    expect(!own.enabled || (own.quietDays.length === 0 && org.nights.length === 0), context).toBe(true);
    return;
  }
  const { start, end, quietDays, urgentPasses } = inForce;
  expect({ start, end, quietDays, urgentPasses }, context).toEqual({
    start: own.start,
    end: own.end,
    quietDays: own.quietDays,
    urgentPasses: own.urgentPasses,
  });
  expect(inForce.nights.length, context).toBe(org.nights.length);
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
function timeOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
