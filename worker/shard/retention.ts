import { CHANNELS } from "@carillon/shared/channels";
import type { RetentionDays } from "@carillon/shared/retention";
import type { Sql } from "../ports.ts";
import { STATE, channelNumber, deliveryNumber } from "./ledger/cells.ts";
import type { StoredEvent } from "./ledger/events.ts";
import type { Parts } from "./parts.ts";

/** What is too old is looked for so often. */
const SWEEP_EVERY_MS = 6 * 3_600_000;
/** Between two slices of a sweep, so that all others find the shard free most of the time. */
const SLICE_PAUSE_MS = 50;
/** What one slice looks at: events, until they have so many people, and rows of other kinds. */
const SLICE = { events: 50, people: 200, rows: 500 };
const DAY_MS = 86_400_000;

/**
 * `at`: when the next slice is due. `inbox`, `log`: up to which event this sweep has come, null before its beginning. `inboxDone`: the
 * event up to which no item is left in any inbox, so that no later sweep looks there. `gone`: nothing that was accepted later is removed.
 */
type Progress = { at: number; inbox: number | null; log: number | null; inboxDone: number; gone: number };
const NOT_BEGUN: Progress = { at: 0, inbox: null, log: null, inboxDone: 0, gone: -1 };

/** When the next slice of a sweep is due; null while everything is kept for ever. */
export function nextSweep(sql: Sql, days: RetentionDays | undefined): number | null {
  if (!days || (days.inbox === null && days.log === null && days.audit === null)) return null;
  return progressOf(sql).at;
}

/** Events that were accepted up to this instant may be gone: their sums are in whole hours only. */
export const goneUntil = (sql: Sql): number => progressOf(sql).gone;

/**
 * One slice of what is older than it is to be kept: items leave the inbox, settled events leave the log with all that hangs on them,
 * acts leave the audit log. What is not settled stays however old it is, and so do the sums of the balance.
 */
export function sweep(parts: Parts, days: RetentionDays | undefined, now: number): void {
  const due = nextSweep(parts.sql, days);
  if (!days || due === null || due > now) return;
  const before = progressOf(parts.sql);
  const limitOf = (count: number | null) => (count === null ? -Infinity : now - count * DAY_MS);
  const inbox = sweepInbox(parts, before, limitOf(days.inbox), now);
  const log = sweepLog(parts, before, limitOf(days.log));
  const isAuditLeft = sweepAudit(parts.sql, limitOf(days.audit));
  const isOver = inbox.at === null && log.at === null && !isAuditLeft;
  if (isOver && days.log !== null) forgetReasons(parts);
  write(parts.sql, {
    at: now + (isOver ? SWEEP_EVERY_MS : SLICE_PAUSE_MS),
    inbox: isOver ? null : (inbox.at ?? Number.MAX_SAFE_INTEGER),
    log: isOver ? null : (log.at ?? Number.MAX_SAFE_INTEGER),
    inboxDone: inbox.done,
    gone: log.gone,
  });
}

/** An event that is to be told later is as old as that. */
const ageFrom = ({ at, deliverAt }: StoredEvent): number => Math.max(at, deliverAt ?? 0);

/** The next events after a number that were accepted before an instant. `at`: where to go on after them, null at the end. */
function nextOld({ events }: Parts, after: number, limit: number): { old: StoredEvent[]; at: number | null } {
  if (limit === -Infinity) return { old: [], at: null };
  const slice = events.after(after, SLICE.events);
  let people = 0;
  const old = slice.filter((event) => event.at < limit && (people += event.people.length) - event.people.length < SLICE.people);
  const isAll = old.length < slice.length ? slice[old.length]!.at >= limit : slice.length < SLICE.events;
  return { old, at: isAll ? null : old.at(-1)!.n };
}

/** Answers where to go on, and up to where all is done for good. */
function sweepInbox(parts: Parts, { inbox, inboxDone }: Progress, limit: number, now: number): { at: number | null; done: number } {
  const { old, at } = nextOld(parts, inbox ?? inboxDone, limit);
  let done = inboxDone;
  let isUnbroken = inbox === null || inbox === inboxDone;
  const items = new Map<number, number[]>();
  for (const event of old) {
    // What may still appear in the bell is looked for again.
    isUnbroken &&= ageFrom(event) < limit && !isOpen(parts, event, `channel = ${IN_APP}`);
    if (isUnbroken) done = event.n;
    if (ageFrom(event) >= limit) continue;
    event.people.forEach((person, index) => items.set(person, [...(items.get(person) ?? []), event.n + index]));
  }
  for (const [n, notices] of items) {
    const person = parts.people.at(n);
    if (person) parts.inbox.expire(person, notices, now);
  }
  return { at, done };
}

function sweepLog(parts: Parts, { log, gone }: Progress, limit: number): { at: number | null; gone: number } {
  const { old, at } = nextOld(parts, log ?? 0, limit);
  const settled = old.filter((event) => ageFrom(event) < limit && !isWanted(parts, event));
  if (settled.length > 0) parts.search.index(); // What waits would be indexed later, with the words in it.
  for (const event of settled) forget(parts, event);
  return { at, gone: settled.reduce((latest, event) => Math.max(latest, event.at), gone) };
}

/** Whether something of it is still to be done, or to be said by another. */
function isWanted(parts: Parts, event: StoredEvent): boolean {
  const { sql, events } = parts;
  if (isOpen(parts, event, `1`)) return true;
  if (isThere(sql, `fan_out WHERE n = ? AND ended IS NULL`, event.n) || isThere(sql, `share WHERE n = ?`, event.n)) return true;
  // The first row of a fan-out, by which it is found, goes last.
  if (event.people.length === 0 && events.rowsOf(event.id, 2).length > 1) return true;
  const [from, to] = rangeOf(event);
  if (!isThere(sql, `delivery WHERE id >= ? AND id < ? AND state = ${STATE.collapsed}`, from, to)) return false;
  const spoken = `delivery, json_each(delivery.bundle) AS told WHERE delivery.bundle IS NOT NULL AND told.value >= ? AND told.value < ?`;
  return CHANNELS.some(
    (_, channel) =>
      isThere(sql, `${spoken} AND delivery.channel = ${channel} AND delivery.due IS NOT NULL`, from, to) ||
      isThere(sql, `${spoken} AND delivery.channel = ${channel} AND delivery.state = ${STATE.parked}`, from, to),
  );
}

/** Whether one of its deliveries, of those that fit this condition, is not settled. */
const isOpen = ({ sql }: Parts, event: StoredEvent, which: string): boolean =>
  isThere(
    sql,
    `delivery WHERE id >= ? AND id < ? AND (due IS NOT NULL OR lease IS NOT NULL OR state IN (${OPEN.join()})) AND ${which}`,
    ...rangeOf(event),
  );
const OPEN = [STATE.queued, STATE.sending, STATE.held, STATE.parked];
const IN_APP = channelNumber("in-app");

const isThere = (sql: Sql, from: string, ...bindings: number[]): boolean =>
  sql.exec(`SELECT 1 FROM ${from} LIMIT 1`, ...bindings).toArray().length > 0;

const rangeOf = ({ n, people }: StoredEvent): [from: number, to: number] => [
  deliveryNumber(n, 0),
  deliveryNumber(n + Math.max(1, people.length), 0),
];

/** Takes an event away with its notices, deliveries and words; its cells stay counted. */
function forget({ sql, events, search, people, inbox }: Parts, event: StoredEvent): void {
  event.people.forEach((n, index) => {
    const person = people.at(n);
    if (person) inbox.expire(person, [event.n + index], null);
    sql.exec(`DELETE FROM notice WHERE person = ? AND n = ?`, n, event.n + index);
  });
  sql.exec(`DELETE FROM delivery WHERE id >= ? AND id < ?`, ...rangeOf(event));
  Object.keys(event.texts).forEach((_, index) => search.remove(event.n + index));
  if (event.collapseKey !== null) sql.exec(`DELETE FROM subject WHERE key = ? AND n = ?`, event.collapseKey, event.n);
  sql.exec(`DELETE FROM fan_out WHERE n = ?`, event.n);
  events.remove(event);
}

/** Answers whether more is to be removed. */
function sweepAudit(sql: Sql, limit: number): boolean {
  const oldest = sql
    .exec<{ n: number; at: number }>(`SELECT n, entry ->> '$.at' AS at FROM audit ORDER BY n LIMIT ?`, SLICE.rows)
    .toArray();
  const young = oldest.findIndex(({ at }) => at >= limit);
  const old = young < 0 ? oldest : oldest.slice(0, young);
  if (old.length > 0) sql.exec(`DELETE FROM audit WHERE n <= ?`, old.at(-1)!.n);
  return old.length === SLICE.rows;
}

/** What decisions were taken from, where no decision of that time is left. */
function forgetReasons({ sql, events }: Parts): void {
  const [oldest] = events.after(0, 1);
  if (!oldest) return;
  sql.exec(`DELETE FROM rules_before WHERE version < ?`, oldest.rules);
  const past = sql
    .exec<{ person: number; until: number }>(`SELECT person, until FROM person_before WHERE until <= ? LIMIT ${SLICE.rows}`, oldest.at)
    .toArray();
  for (const { person, until } of past) sql.exec(`DELETE FROM person_before WHERE person = ? AND until = ?`, person, until);
}

function progressOf(sql: Sql): Progress {
  const row = sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'retention'`).toArray()[0];
  return row ? (JSON.parse(row.v) as Progress) : NOT_BEGUN;
}

function write(sql: Sql, progress: Progress): void {
  sql.exec(`INSERT INTO meta VALUES ('retention', ?) ON CONFLICT DO UPDATE SET v = excluded.v`, JSON.stringify(progress));
}
