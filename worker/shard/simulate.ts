import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { decideCell, quietFor, type DecidedEvent, type DecidedPerson, type Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import { preferenceOf } from "@carillon/shared/preferences";
import { wallClockAt } from "@carillon/shared/zones";
import type { DecisionDetails } from "@carillon/shared/ledger";
import type { SimulatedDecision } from "./calls.ts";
import type { Parts } from "./parts.ts";
import { imagine, toDecided, type Person } from "./people/people.ts";

/** What would become of an event at an instant, with the values it follows from. The fields of an inline person count, and are not stored. */
export function simulate(parts: Parts, rules: Rules, event: Event, at: number): { decisions: SimulatedDecision[] } {
  return {
    decisions: event.recipients.flatMap(({ id, fields }) =>
      decisionsFor(parts, rules, event, imagine(parts.people.find(id), id, fields), at),
    ),
  };
}

/** What a decision follows from. */
export function detailsOf(rules: Rules, event: DecidedEvent, channel: Channel, person: DecidedPerson, at: number): DecisionDetails {
  const quiet = quietFor(rules, person);
  const timeZone = quiet?.hours.timeZone ?? person.preferences?.timeZone ?? person.timeZone ?? rules.quietHours.timeZone;
  return {
    cell: rules.cells[event.type]?.[channel] ?? null,
    preference: (person.preferences && preferenceOf(person.preferences.cells, event.type, channel)) ?? null,
    gate: rules.gates[channel],
    address: person.address[channel],
    timeZone,
    localTime: localTime(timeZone, at),
    quiet: quiet?.calendar.isQuiet(at) ?? false,
  };
}

function decisionsFor({ templateFaults }: Parts, rules: Rules, event: Event, person: Person, at: number): SimulatedDecision[] {
  const decided = toDecided(person, at);
  return CHANNELS.map((channel) => {
    const decision = templateFaults.hold(rules, event.type, channel, person.locale, decideCell(rules, event, channel, decided, at));
    return {
      user: person.id,
      channel,
      do: decision.do,
      ...(decision.do === "hold" ? { until: new Date(decision.until).toISOString() } : {}),
      ...(decision.do === "send" && decision.silent ? { silent: true } : {}),
      why: decision.why,
      details: detailsOf(rules, event, channel, decided, at),
    };
  });
}

function localTime(zone: string, at: number): string {
  const { weekday, hour, minute } = wallClockAt(zone, at);
  return `${weekday} ${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}
