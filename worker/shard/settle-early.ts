import type { Event } from "@carillon/shared/events";
import { STATE, deliveryNumber } from "./ledger/cells.ts";
import type { StoredEvent } from "./ledger/events.ts";
import type { Parts } from "./parts.ts";
import { endUntold } from "./untold.ts";

/** How many older events of one key are looked at; a key is about one matter, and its older ones are settled already. */
const KEY_EVENTS = 50;

/**
 * Cancels what is not sent yet of an event, and what was not even told yet; what is being sent right now goes on. Answers how many,
 * and the shards that it was shared out to; null for an unknown event.
 */
export function cancelEvent(parts: Parts, id: string, now: number): { cancelled: number; shards: number[] } | null {
  const rows = parts.events.rowsOf(id);
  const [first] = rows;
  if (!first) return null;
  parts.fanOuts.cancel(first.n, now);
  parts.shares.drop(first.n);
  const cancelled = rows.reduce((sum, row) => sum + cancelAll(parts, row, now), 0);
  return { cancelled, shards: first.shards };
}

/** The same of a share. One that is still to come finds itself known, and without people. */
export function cancelShare(parts: Parts, id: string, now: number): { cancelled: number } {
  const known = cancelEvent(parts, id, now);
  if (!known) parts.events.insert({ ...NOTHING, n: parts.events.reserve(0), id, at: now });
  return { cancelled: known?.cancelled ?? 0 };
}

/** What is known of an event that was cancelled before it came. */
const NOTHING: Omit<StoredEvent, "n" | "id" | "at"> = {
  type: "",
  typeName: null,
  priority: "normal",
  actor: null,
  data: {},
  link: null,
  occurredAt: null,
  collapseKey: null,
  resolves: [],
  deliverAt: null,
  expiresAt: null,
  hash: "",
  rules: 0,
  shards: [],
  accepted: null,
  people: [],
  texts: {},
};

/** A newer event takes the place of older waiting ones with its key, for its own people; what it resolves is no longer true for anyone. */
export function settleOlder(parts: Parts, event: Event, n: number, people: number[], now: number): void {
  const { sql } = parts;
  for (const key of event.resolves) {
    for (const older of olderOf(parts, key, n)) cancelAll(parts, older, now);
  }
  if (event.collapseKey === null) return;
  for (const older of olderOf(parts, event.collapseKey, n)) collapse(parts, older, new Set(people), now);
  sql.exec(`INSERT INTO subject (key, n) VALUES (?, ?)`, event.collapseKey, n);
}

function olderOf({ sql, events }: Parts, key: string, before: number): StoredEvent[] {
  return sql
    .exec<{ n: number }>(`SELECT n FROM subject WHERE key = ? AND n < ? ORDER BY n DESC LIMIT ?`, key, before, KEY_EVENTS)
    .toArray()
    .flatMap((row) => events.containing(row.n) ?? []);
}

function cancelAll(parts: Parts, { n, people }: StoredEvent, now: number): number {
  const { deliveries } = parts;
  const [from, to] = [deliveryNumber(n, 0), deliveryNumber(n + people.length, 0)];
  const bundles = deliveries.waitingBundles(from, to);
  for (const row of bundles) endUntold(parts, row, STATE.cancelled, "cancelled", now);
  return bundles.length + deliveries.endAll(from, to, STATE.cancelled, "cancelled");
}

function collapse(parts: Parts, { n, people }: StoredEvent, only: Set<number>, now: number): void {
  people.forEach((person, index) => {
    if (!only.has(person)) return;
    for (const row of parts.deliveries.waiting(deliveryNumber(n + index, 0), deliveryNumber(n + index + 1, 0)))
      endUntold(parts, row, STATE.collapsed, "collapsed", now);
  });
}
