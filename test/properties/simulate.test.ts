import { expect, test } from "vitest";
import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Gate, Rules } from "@carillon/shared/decide";
import { EVENT_TYPES, PRIORITIES, defaultRouting, type RoutingCells } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { preferencesSchema } from "@carillon/shared/preferences";
import { quietHoursSchema } from "@carillon/shared/quiet-hours";
import { DAYS } from "@carillon/shared/zones";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { Shard } from "@carillon/worker/shard/shard";
import { pick, randomFrom, seeds, whole } from "./seeds.ts";

const CASES = Number(process.env.SIMULATE_CASES ?? 2_000);
const ZONES = ["Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC"];
const T0 = Date.UTC(2026, 0, 1);
const YEAR = 365 * 86_400_000;

const time = (random: () => number) => `${String(whole(random, 0, 23)).padStart(2, "0")}:${pick(random, ["00", "15", "30", "59"])}`;
const days = (random: () => number, chance: number) => DAYS.filter(() => random() < chance);

function randomCells(random: () => number): RoutingCells {
  const cells = defaultRouting();
  for (const row of Object.values(cells)) {
    for (const channel of CHANNELS) row[channel] = { when: pick(random, ["on", "on", "off", "urgent"] as const), locked: random() < 0.3 };
  }
  return cells;
}

function randomRules(random: () => number, version: number): Rules {
  const gate = (): Gate => pick(random, ["on", "on", "on", "off", "unset"] as const);
  const form = () =>
    quietHoursSchema.safeParse({
      version: 1,
      enabled: random() < 0.8,
      start: time(random),
      end: time(random),
      nights: days(random, 0.8),
      quietDays: days(random, 0.25),
      timeZone: pick(random, ZONES),
      urgentPasses: random() < 0.5,
      heldChannels: CHANNELS.filter(() => random() < 0.7),
    });
  let quiet = form();
  while (!quiet.success) quiet = form();
  return {
    version,
    gates: { "in-app": gate(), email: gate(), sms: gate(), whatsapp: gate(), push: gate() },
    cells: randomCells(random),
    quietHours: quiet.data,
    silentInQuietHours: random() < 0.5,
  };
}

for (const seed of seeds("simulated and decided", 1)) {
  test(`the simulator says what is then really decided, for ${CASES} random cases (seed ${seed})`, () => {
    const random = randomFrom(seed);
    let now = T0;
    let version = 0;
    let shard = new Shard({ sql: openSql(":memory:"), clock: { now: () => now }, org: "acme", shard: 0 });
    for (let round = 0; round < CASES; round++) {
      if (round % 20 === 0) {
        // A new organisation: what has been decided before must not be planned anew by other rules.
        version = 1;
        now = T0 + whole(random, 0, YEAR);
        shard = new Shard({ sql: openSql(":memory:"), clock: { now: () => now }, org: "acme", shard: 0 });
        shard.apply(randomRules(random, version));
        for (let person = 0; person < 4; person++) {
          const has = () => random() < 0.8;
          const fields = {
            ...(has() ? { email: `u${person}@example.com` } : {}),
            ...(has() ? { phone: "+4915112345678", whatsappOptIn: has() } : {}),
            ...(has() ? { timeZone: pick(random, ZONES) } : {}),
          };
          shard.putUsers([{ id: `u${person}`, fields }]);
          const cells = Object.fromEntries(
            EVENT_TYPES.filter(has).map((type) => [
              type,
              Object.fromEntries(CHANNELS.filter(() => random() < 0.3).map((channel) => [channel, random() < 0.5])),
            ]),
          );
          shard.setPreferences(
            `u${person}`,
            preferencesSchema.parse({
              cells: random() < 0.5 ? cells : {},
              digest: random() < 0.3 ? { [pick(random, EVENT_TYPES)]: pick(random, ["15m", "hourly", "daily@08:30", "now"]) } : {},
              timeZone: random() < 0.3 ? pick(random, ZONES) : null,
              quietHours: random() < 0.3 ? { enabled: false } : null,
            }),
          );
        }
      }
      now += whole(random, 0, 6 * 3_600_000);
      const instant = (chance: number) => (random() < chance ? new Date(now + whole(random, -3_600_000, 86_400_000)).toISOString() : null);
      const input = {
        id: `e${round}`,
        type: pick(random, EVENT_TYPES),
        recipients: [0, 1, 2, 3].filter(() => random() < 0.6).map((person) => `u${person}`),
        actor: random() < 0.3 ? `u${whole(random, 0, 3)}` : null,
        priority: pick(random, PRIORITIES),
        deliverAt: instant(0.2),
        expiresAt: instant(0.2),
      };
      if (input.recipients.length === 0) continue;
      const event = toEvent(eventSchema.parse(input), input.id);
      const simulated = shard.simulate({ version, event, at: now });
      shard.accept({ version, events: [{ event, hash: input.id }] });
      shard.beforeCommit();
      if ("behind" in simulated) throw new Error("behind");

      const decided = shard
        .event(input.id)!
        .deliveries.map(({ user, channel, state, reason, until }) => ({ user, channel, state, reason, until: until ?? null }));
      expect(decided, JSON.stringify(input)).toEqual(
        simulated.decisions.map((one) => ({
          user: one.user,
          channel: one.channel,
          state:
            one.do === "skip"
              ? "skipped"
              : one.do === "park"
                ? "parked"
                : one.do === "hold"
                  ? "held"
                  : (one.channel as Channel) === "in-app"
                    ? "delivered"
                    : "queued",
          reason: one.why,
          until: one.until ?? null,
        })),
      );
      expect(shard.ledger({ from: null, to: null }).unaccounted).toBe(0);
    }
  }, 300_000);
}
