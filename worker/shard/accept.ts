import { CHANNELS } from "@carillon/shared/channels";
import { compile, type Decision, type Rules } from "@carillon/shared/decide";
import type { Event } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import { expand } from "../pipeline/expand.ts";
import type { Accepted, AcceptedInput } from "./calls.ts";
import { HAS_ROW, IN_INBOX, STATE, deliveryNumber, skippedCell } from "./ledger/cells.ts";
import { RANK, type Rank } from "./ledger/deliveries.ts";
import { hourOf } from "./ledger/tally.ts";
import type { UserFields } from "@carillon/shared/people";
import type { Parts } from "./parts.ts";
import { replan } from "./plan.ts";
import { settleOlder } from "./settle-early.ts";
import { recipientsByShard } from "./shares.ts";
import { toDecided, type Person } from "./people/people.ts";

/**
 * Accepts one event at its home: once for its id, whole, with all decisions, items and deliveries of this shard's people in the
 * caller's transaction. What is for people of other shards is written down as their shares.
 */
export function acceptEvent(parts: Parts, rules: Rules, { event, hash, people }: AcceptedInput, now: number): Accepted {
  const known = parts.events.hashOf(event.id);
  if (known)
    return isSameBody(known.hash, hash) ? { id: event.id, accepted: known.accepted, duplicate: true } : { id: event.id, reused: true };

  parts.tally.event(hourOf(now));
  const shards = rules.shards ?? 1;
  if (shards === 1) {
    const accepted = tell(parts, rules, event, { hash, shards: [], accepted: null }, now);
    return { id: event.id, accepted, duplicate: false };
  }
  const accepted = people ?? event.recipients.length;
  const byShard = recipientsByShard(event, shards);
  const own = byShard.get(parts.shard) ?? [];
  byShard.delete(parts.shard);
  const n = parts.events.next();
  tell(parts, rules, { ...event, recipients: own }, { hash, shards: [...byShard.keys()], accepted }, now);
  for (const [shard, recipients] of byShard) parts.shares.add(shard, n, { ...event, recipients });
  return { id: event.id, accepted, duplicate: false };
}

/** Takes on what another shard, the event's home, has accepted for people of this one. Once, however often it is handed over. */
export function takeShare(parts: Parts, rules: Rules, event: Event, now: number): void {
  if (parts.events.hashOf(event.id) === null) tell(parts, rules, event, { hash: "", shards: [], accepted: null }, now);
}

/** What only the home's row of an event has; `accepted` is null where its own people are all. */
type Whole = { hash: string; shards: number[]; accepted: number | null };

/** Tells this shard's people of an event: few at once, many slice by slice from here on. Answers how many they are. */
function tell(parts: Parts, rules: Rules, event: Event, whole: Whole, now: number): number {
  const { people, fanOuts } = parts;
  const last = event.audience ? people.highest() : null;
  const count = event.audience ? people.countAudience(event.audience, last!) : event.recipients.length;
  if (!event.audience && count <= LIMITS.atOnce) {
    store(parts, rules, event, null, whole, 0, now);
    return count;
  }
  const n = store(parts, rules, { ...event, recipients: [] }, null, { ...whole, accepted: whole.accepted ?? count }, 0, now);
  // What it resolves is settled now, and not once more with each slice.
  fanOuts.start(n, { ...event, resolves: [] }, count, last);
  return count;
}

/** One slice of a fan-out, which has its people already or names them. */
export function tellSlice(parts: Parts, rules: Rules, event: Event, people: Person[] | null, slice: number, now: number): void {
  store(parts, rules, event, people, { hash: "", shards: [], accepted: null }, slice, now);
}

/** Stores a row of an event with its people and all that was decided for them; answers its number. */
function store(parts: Parts, rules: Rules, event: Event, people: Person[] | null, whole: Whole, slice: number, now: number): number {
  const { events } = parts;
  const persons = people ?? event.recipients.map(({ id, fields }) => putPerson(parts, rules, id, fields, now));
  const texts = expand(
    event,
    persons.map((person) => person.locale),
    rules.texts,
    rules.quietHours.timeZone,
  );
  const n = events.reserve(persons.length);
  const { recipients: _, audience: _audience, ...kept } = persons.length === 0 ? withoutWords(event) : event;
  const stored = { ...kept, ...whole, n, at: now, rules: rules.version, people: persons.map((person) => person.n), texts };
  events.insert(stored, slice);
  parts.search.note(stored);

  settleOlder(parts, event, n, stored.people, now);
  const decide = compile(rules, event);
  const rank = event.priority === "high" ? RANK.urgent : slice > 0 ? RANK.fanOut : RANK.normal;
  const decideFor = (person: Person) => parts.templateFaults.holdAll(rules, event.type, person.locale, decide(toDecided(person, now), now));
  persons.forEach((person, index) => schedule(parts, event, rank, person, n + index, decideFor(person), now));
  CHANNELS.forEach((_channel, channel) => parts.tally.accepted(hourOf(now), channel, persons.length));
  return n;
}

/** What was said stands with the people to whom it was said, so that it goes when they are erased. */
const withoutWords = (event: Event): Event => ({ ...event, data: {}, actor: null, link: null });

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
function schedule(parts: Parts, event: Event, rank: Rank, person: Person, notice: number, decisions: Decision[], now: number): void {
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
        rank,
      });
    }
  });
  if (isSilent !== null) parts.inbox.add(person, notice, cells, isSilent);
  else parts.sql.exec(`INSERT INTO notice (person, n, cells, silent) VALUES (?, ?, ?, 0)`, person.n, notice, cells);
}
