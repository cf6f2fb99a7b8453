import { CHANNELS } from "@carillon/shared/channels";
import { compile, type Decision, type Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import { expand } from "../pipeline/expand.ts";
import type { Accepted } from "./calls.ts";
import { HAS_ROW, IN_INBOX, STATE, deliveryNumber, skippedCell } from "./ledger/cells.ts";
import { hourOf } from "./ledger/tally.ts";
import type { UserFields } from "@carillon/shared/people";
import type { Parts } from "./parts.ts";
import { replan } from "./plan.ts";
import { settleOlder } from "./settle-early.ts";
import { toDecided, type Person } from "./people/people.ts";

/** Accepts one event: once for its id, whole, with all its decisions, items and deliveries in the caller's transaction. */
export function acceptEvent(parts: Parts, rules: Rules, event: Event, hash: string, now: number): Accepted {
  const { events } = parts;
  const known = events.hashOf(event.id);
  if (known)
    return isSameBody(known.hash, hash) ? { id: event.id, accepted: known.people, duplicate: true } : { id: event.id, reused: true };

  const persons = event.recipients.map(({ id, fields }) => putPerson(parts, rules, id, fields, now));
  const texts = expand(
    event,
    persons.map((person) => person.locale),
    rules.texts,
  );
  const n = events.reserve(persons.length);
  const { recipients: _, ...kept } = event;
  const stored = { ...kept, n, at: now, hash, rules: rules.version, people: persons.map((person) => person.n), texts };
  events.insert(stored);
  parts.search.note(stored);

  settleOlder(parts, event, n, stored.people);
  const decide = compile(rules, event);
  persons.forEach((person, index) => schedule(parts, event, person, n + index, decide(toDecided(person, now), now), now));
  CHANNELS.forEach((_channel, channel) => parts.tally.accepted(hourOf(now), channel, persons.length));
  return { id: event.id, accepted: persons.length, duplicate: false };
}

/** Before it had a fingerprint, a body was known by its SHA-256. The two can't be compared, and the repeat is by far the likelier. */
const SHA256_LENGTH = 43;
const isSameBody = (known: string, hash: string): boolean => known === hash || known.length === SHA256_LENGTH;

/** An inline person may have moved to another zone: what is held for it is planned anew. */
function putPerson(parts: Parts, rules: Rules, id: string, fields: UserFields | null, now: number): Person {
  if (fields === null) return parts.people.put(id, null, now);
  const zone = parts.people.find(id)?.zone;
  const person = parts.people.put(id, fields, now);
  if (zone !== undefined && zone !== person.zone) replan(parts, rules, person.n, now);
  return person;
}

/** Does what was decided for one person: the item, the rows of what is to be delivered, the letters of what is not. */
function schedule(parts: Parts, event: Event, person: Person, notice: number, decisions: Decision[], now: number): void {
  const hour = hourOf(now);
  let isSilent: boolean | null = null; // Null until there is an item at all.
  let cells = "";
  decisions.forEach((decision, channel) => {
    if (decision.do === "skip") {
      cells += skippedCell(decision.why);
      parts.tally.starts(hour, channel, STATE.skipped);
    } else if (channel === 0 && decision.do === "send") {
      cells += IN_INBOX;
      isSilent = decision.silent ?? false;
      parts.tally.starts(hour, channel, STATE.delivered);
    } else {
      cells += HAS_ROW;
      const state = decision.do === "send" ? STATE.queued : decision.do === "hold" ? STATE.held : STATE.parked;
      const due = decision.do === "send" ? now : decision.do === "hold" ? decision.until : null;
      parts.deliveries.insert({
        id: deliveryNumber(notice, channel),
        channel,
        person: person.n,
        hour,
        state,
        why: decision.why,
        due,
        expires: event.expiresAt,
      });
    }
  });
  if (isSilent !== null) parts.inbox.add(person, notice, cells, isSilent);
  else parts.sql.exec(`INSERT INTO notice (person, n, cells, silent) VALUES (?, ?, ?, 0)`, person.n, notice, cells);
}
