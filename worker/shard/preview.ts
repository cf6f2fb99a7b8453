import { countPerson, noCounts, type Counts } from "@carillon/shared/broadcast";
import { compile, type Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import { languageOf } from "../templates/render.ts";
import type { Parts } from "./parts.ts";
import { imagine, toDecided, type Person } from "./people/people.ts";

/** What was decided for some of an event's people; `next` is where to go on, null at the end. */
export type PreviewSlice = { counts: Counts; next: number | null };

/**
 * What would become of an event for the next people of its audience in this shard, after the person numbered `after`; of a list for
 * all that it names. Decided as in earnest; nothing is stored.
 */
export function previewSlice(parts: Parts, rules: Rules, event: Event, at: number, after: number): PreviewSlice {
  const people = event.audience
    ? parts.people.inAudience(event.audience, after, Number.MAX_SAFE_INTEGER, LIMITS.previewSlice)
    : event.recipients.map(({ id, fields }) => imagine(parts.people.find(id), id, fields));
  const isWhole = !event.audience || people.length < LIMITS.previewSlice;
  return { counts: countsOf(parts, rules, event, people, at), next: isWhole ? null : people.at(-1)!.n };
}

function countsOf({ templateFaults }: Parts, rules: Rules, event: Event, people: Person[], at: number): Counts {
  const counts = noCounts();
  const decide = compile(rules, event);
  for (const person of people) {
    const decisions = templateFaults.holdAll(rules, event.type, person.locale, decide(toDecided(person, at), at));
    countPerson(counts, decisions, languageOf(person.locale), at);
  }
  return counts;
}
