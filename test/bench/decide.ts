import { CHANNELS } from "@carillon/shared/channels";
import { compile, type DecidedEvent, type DecidedPerson } from "@carillon/shared/decide";
import { preferencesSchema } from "@carillon/shared/preferences";
import { quietHoursSchema } from "@carillon/shared/quiet-hours";
import { rulesWith } from "../harness/rules.ts";
import { median } from "./process.ts";
import { judged, type Effort, type Row } from "./report.ts";

const NOW = Date.UTC(2026, 10, 23, 21, 30);
const ZONES = ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Australia/Lord_Howe"];
const GOAL_MICROS = 5;

/** One person's five decisions, the event's rules compiled once: quiet hours on, every channel on, each second person with preferences. */
export async function decide({ isShort, rounds }: Effort): Promise<Row[]> {
  const quietHours = quietHoursSchema.parse({ version: 2, enabled: true });
  const rules = { ...rulesWith(...CHANNELS), quietHours };
  const event: DecidedEvent = { type: "task_assigned", priority: "normal", actor: "u0", deliverAt: null, expiresAt: null };
  const people = Array.from({ length: 1_000 }, (_, n) => makePerson(n));
  const passes = isShort ? 20 : 100;
  const micros: number[] = [];
  let decided = 0;
  for (let round = 0; round <= rounds; round++) {
    const decideFor = compile(rules, event);
    const started = performance.now();
    for (let pass = 0; pass < passes; pass++) for (const person of people) decided += decideFor(person, NOW + pass).length;
    const took = ((performance.now() - started) * 1_000) / (passes * people.length);
    if (round > 0) micros.push(took); // The first warms up.
  }
  if (decided !== (rounds + 1) * passes * people.length * CHANNELS.length) throw new Error("Not every channel was decided");
  return [judged("one person's five decisions, rules compiled once", median(micros), "≤", GOAL_MICROS, "µs")];
}

function makePerson(n: number): DecidedPerson {
  const hasChosen = n % 2 === 0;
  return {
    id: `u${n + 1}`,
    address: { "in-app": "yes", email: "yes", sms: "yes", whatsapp: n % 3 === 0 ? "not-opted-in" : "yes", push: "yes" },
    preferences: hasChosen
      ? preferencesSchema.parse({ cells: { task_assigned: { sms: false } }, timeZone: ZONES[n % ZONES.length] })
      : null,
    timeZone: ZONES[(n + 1) % ZONES.length]!,
  };
}
