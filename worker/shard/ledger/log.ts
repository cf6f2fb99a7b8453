import { CHANNELS } from "@carillon/shared/channels";
import type { Delivery, Ledger, Receipt } from "@carillon/shared/ledger";
import { LIMITS } from "@carillon/shared/limits";
import type { DeliveryQuery, EventPart } from "../calls.ts";
import type { NoticeRow } from "../inbox/inbox.ts";
import type { Parts } from "../parts.ts";
import { goneOf, type Person } from "../people/people.ts";
import { goneUntil } from "../retention.ts";
import { detailsOf } from "../simulate.ts";
import {
  HAS_ROW,
  IN_INBOX,
  STATE,
  channelName,
  channelNumber,
  channelOf,
  deliveryNumber,
  noticeOf,
  numberOf,
  publicId,
  skipReason,
  stateName,
} from "./cells.ts";
import { attemptsOf, receiptsOf, type DeliveryRow, type KeptReceipt } from "./deliveries.ts";
import type { StoredEvent } from "./events.ts";
import { balance, columnOf, emptyLedger, hourOf } from "./tally.ts";

const HOUR_MS = 3_600_000;
/** How many notices one page may look at before it is given out short, with a cursor to go on from. */
const LOOKED_AT = 2_000;
/** A text that fits more people than this is no search for a person. */
const PEOPLE_FOUND = 50;

const NOBODY = 0;

type Cell = { event: StoredEvent; person: Person | null; notice: NoticeRow; channel: number; row: DeliveryRow | null };

/** Reads the ledger: what became of every event × person × channel, newest first. Writes nothing. */
export class Log {
  readonly #parts: Parts;
  readonly #now: () => number;
  constructor(parts: Parts, now: () => number) {
    this.#parts = parts;
    this.#now = now;
  }

  page(query: DeliveryQuery): { data: Delivery[]; next: string | null; reached: number } {
    const { shard, events } = this.#parts;
    const lowest = query.from === null ? 0 : deliveryNumber(events.firstAt(query.from), 0);
    const highest = query.to === null ? Number.MAX_SAFE_INTEGER : deliveryNumber(events.firstAt(query.to), 0);
    const cursor = query.cursor === null ? highest : Math.min(numberOf(shard, query.cursor) ?? 0, highest);

    const data: Delivery[] = [];
    let looked = 0;
    let last = cursor;
    for (const number of this.#candidates(query, cursor)) {
      if (number < lowest) break;
      if (data.length === query.limit || looked++ >= LOOKED_AT * CHANNELS.length) {
        return { data, next: publicId(shard, last), reached: events.containing(noticeOf(last))?.at ?? 0 };
      }
      last = number;
      const cell = this.#cell(number);
      if (!cell) continue;
      const delivery = this.#delivery(cell);
      if (fits(delivery, query)) data.push(delivery);
    }
    return { data, next: null, reached: 0 };
  }

  one(id: string): Delivery | null {
    const number = numberOf(this.#parts.shard, id);
    const cell = number === null ? null : this.#cell(number);
    return cell ? this.#explained(cell) : null;
  }

  /** For all of its people, of whom a fan-out shows the first hundred, or for one. */
  event(id: string, user?: string): EventPart | null {
    const { events, people, fanOuts, shares } = this.#parts;
    const only = user === undefined ? null : (people.find(user)?.n ?? NOBODY);
    // Of a fan-out the first row, which has nobody, and the first slice.
    const rows = events.rowsOf(id, only === null ? 2 : undefined);
    const [event] = rows;
    if (!event) return null;
    const shownPeople = rows.length > 1 ? LIMITS.slice : LIMITS.atOnce;
    const shown = rows
      .flatMap((row) => row.people.map((person, index) => ({ row, person, notice: row.n + index })))
      .filter(({ person }) => only === null || person === only)
      .slice(0, shownPeople);
    const deliveries = shown.flatMap(({ row, notice }) =>
      CHANNELS.flatMap((_channel, channel) => {
        const cell = this.#cell(deliveryNumber(notice, channel), row);
        return cell ? [this.#explained(cell)] : [];
      }),
    );
    const progress = fanOuts.progress(event.n);
    // The first row of an event has no words where it has no people; those to come have them.
    const said = rows.find((row) => row.people.length > 0) ?? fanOuts.waitingFor(event.n) ?? shares.waitingFor(event.n) ?? event;
    return {
      id: event.id,
      type: event.type,
      priority: event.priority,
      actor: said.actor,
      data: said.data,
      link: said.link,
      occurredAt: event.occurredAt === null ? null : new Date(event.occurredAt).toISOString(),
      acceptedAt: new Date(event.at).toISOString(),
      settingsVersion: event.rules,
      recipients: shown.map(({ person }) => people.at(person)?.id ?? ERASED),
      deliveries,
      ...(progress ? { fanOut: progress } : {}),
      shards: event.shards,
      accepted: event.accepted ?? event.people.length,
    };
  }

  /** Whole hours come from the tally, what sticks out at both ends is counted cell by cell. `from` included, `to` excluded. */
  ledger(from: number | null, to: number | null): Ledger {
    // Of a time whose events may be gone, only the sums of whole hours are left.
    const gone = goneUntil(this.#parts.sql);
    const start = from === null ? 0 : from <= gone ? hourOf(from) * HOUR_MS : from;
    const isCoarse = to !== null && (to <= gone || ((from ?? 0) <= gone && hourOf(to) === hourOf(gone)));
    const end = to === null ? Number.MAX_SAFE_INTEGER : isCoarse ? Math.ceil(to / HOUR_MS) * HOUR_MS : to;
    const total = this.#told(to, start, end);
    // Whoever is still to be told has five cells on their way.
    const { fanOuts, shares } = this.#parts;
    const waiting = (fanOuts.waiting(start, end) + shares.people(start, end)) * CHANNELS.length;
    return { ...total, accepted: total.accepted + waiting, inFlight: total.inFlight + waiting };
  }

  #told(to: number | null, start: number, end: number): Ledger {
    const { tally } = this.#parts;
    const firstHour = Math.ceil(start / HOUR_MS);
    const endHour = to === null ? Number.MAX_SAFE_INTEGER : hourOf(end);
    if (firstHour >= endHour) return balance(this.#count(start, end));
    const total = tally.sum(firstHour, endHour);
    const edges = [this.#count(start, firstHour * HOUR_MS), ...(to === null ? [] : [this.#count(endHour * HOUR_MS, end)])];
    for (const edge of edges) {
      for (const column of Object.keys(total) as (keyof Ledger)[]) total[column] += edge[column];
    }
    return balance({ ...total, unaccounted: 0 });
  }

  /** Counts the cells themselves; the tests hold the tally against it. */
  #count(from: number, to: number): Ledger {
    const total = emptyLedger();
    const { events } = this.#parts;
    if (from >= to) return total;
    const start = events.firstAt(from);
    for (let before = events.firstAt(to); before > start;) {
      const slice = events.before(before, 200);
      if (slice.length === 0) break;
      for (const event of slice) {
        if (event.n < start) return total;
        before = event.n;
        this.#countEvent(event, total);
      }
    }
    return total;
  }

  #countEvent(event: StoredEvent, total: Ledger): void {
    event.people.forEach((person, index) => {
      const notice = this.#parts.inbox.notice(person, event.n + index);
      CHANNELS.forEach((_, channel) => {
        total.accepted++;
        if (!notice) return;
        const letter = notice.cells[channel]!;
        const state =
          letter === IN_INBOX
            ? STATE.delivered
            : letter !== HAS_ROW
              ? STATE.skipped
              : this.#parts.deliveries.get(deliveryNumber(event.n + index, channel))?.state;
        if (state !== undefined) total[columnOf(state)]++;
      });
    });
  }

  /** Delivery numbers below `cursor`, falling, from the narrowest index that fits the question. */
  *#candidates(query: DeliveryQuery, cursor: number): Generator<number> {
    const { sql, people, events, search } = this.#parts;
    if (query.state === "failed") {
      yield* this.#numbers(
        (before) =>
          sql
            .exec<{ n: number }>(`SELECT id AS n FROM delivery WHERE state = ${STATE.failed} AND id < ? ORDER BY id DESC LIMIT 200`, before)
            .toArray(),
        cursor,
      );
      return;
    }
    if (query.state === "parked" && query.channel !== null) {
      const channel = channelNumber(query.channel);
      yield* this.#numbers(
        (before) =>
          sql
            .exec<{ n: number }>(
              `SELECT id AS n FROM delivery WHERE channel = ? AND state = ${STATE.parked} AND id < ? ORDER BY id DESC LIMIT 200`,
              channel,
              before,
            )
            .toArray(),
        cursor,
      );
      return;
    }
    if (query.user !== null) {
      const found = people.search(query.user, PEOPLE_FOUND);
      if (found.length === 0) return;
      const places = found.map(() => "?").join(", ");
      yield* this.#cellsOf(
        (before) =>
          sql
            .exec<{ n: number }>(`SELECT n FROM notice WHERE person IN (${places}) AND n < ? ORDER BY n DESC LIMIT 200`, ...found, before)
            .toArray(),
        cursor,
      );
      return;
    }
    if (query.event != null) {
      for (const event of events.rowsOf(query.event).toReversed()) yield* this.#cellsIn(event, cursor);
      return;
    }
    let before = noticeOf(cursor) + 1;
    for (;;) {
      const slice =
        query.q === null
          ? events.before(before, 100)
          : search.findForAll(query.q, before, 100).flatMap((hit) => events.containing(hit) ?? []);
      if (slice.length === 0) return;
      for (const event of slice) {
        before = event.n;
        yield* this.#cellsIn(event, cursor);
      }
    }
  }

  *#cellsIn(event: StoredEvent, cursor: number): Generator<number> {
    for (let number = deliveryNumber(event.n + event.people.length, 0) - 1; number >= deliveryNumber(event.n, 0); number--) {
      if (number < cursor && channelOf(number) < CHANNELS.length) yield number;
    }
  }

  *#numbers(read: (before: number) => { n: number }[], cursor: number): Generator<number> {
    for (let before = cursor; ;) {
      const rows = read(before);
      for (const row of rows) yield (before = row.n);
      if (rows.length < 200) return;
    }
  }

  *#cellsOf(read: (before: number) => { n: number }[], cursor: number): Generator<number> {
    for (let before = noticeOf(cursor) + 1; ;) {
      const rows = read(before);
      for (const row of rows) {
        before = row.n;
        for (let channel = CHANNELS.length - 1; channel >= 0; channel--) {
          const number = deliveryNumber(row.n, channel);
          if (number < cursor) yield number;
        }
      }
      if (rows.length < 200) return;
    }
  }

  #cell(number: number, known?: StoredEvent): Cell | null {
    const { events, people, inbox, deliveries } = this.#parts;
    const channel = channelOf(number);
    const event = known ?? events.containing(noticeOf(number));
    if (!event || channel >= CHANNELS.length) return null;
    const person = event.people[noticeOf(number) - event.n];
    const notice = person === undefined ? null : inbox.notice(person, noticeOf(number));
    if (!notice) return null;
    return {
      event,
      person: people.at(notice.person),
      notice,
      channel,
      row: notice.cells[channel] === HAS_ROW ? deliveries.get(number) : null,
    };
  }

  /** With what it was decided from; an erased person's is not known any more. */
  #explained(cell: Cell): Delivery {
    const { gates, people } = this.#parts;
    const { event, person, row } = cell;
    const delivery = this.#delivery(cell);
    const at = row?.decided ?? event.at;
    const version = row?.rules ?? event.rules;
    const rules = gates.rulesAt(version);
    const from = rules && person && detailsOf(rules, event, delivery.channel, people.decidedAt(person, at), at);
    const isFault = delivery.reason === "channel-fault";
    const gone = person === null ? [] : goneOf(person).filter((entry) => entry.channel === delivery.channel);
    return {
      ...delivery,
      ...(gone.length === 0 ? {} : { gone }),
      decided: { at: new Date(at).toISOString(), settingsVersion: version, from: from && (isFault ? { ...from, gate: "fault" } : from) },
    };
  }

  #delivery({ event, person, notice, channel, row }: Cell): Delivery {
    const { shard } = this.#parts;
    const letter = notice.cells[channel]!;
    const isInApp = channel === 0 && (letter === IN_INBOX || row?.state === STATE.delivered);
    const state = isInApp ? (notice.read === null ? "delivered" : "read") : row ? stateName(row.state) : "skipped";
    const text = this.#parts.events.text(event, person?.locale ?? null);
    const rest = row !== null && row.due !== null && state === "queued" ? this.#parts.gates.rest(channelName(channel), this.#now()) : null;
    const isWaiting =
      row !== null && row.due !== null && (state === "held" || (state === "queued" && row.attempts !== null) || rest !== null);
    return {
      id: publicId(shard, deliveryNumber(notice.n, channel)),
      event: event.id,
      type: event.type,
      user: person?.id ?? ERASED,
      ...(person?.name == null ? {} : { userName: person.name }),
      channel: channelName(channel),
      state,
      reason: rest ? "provider-rest" : row ? row.why : letter === IN_INBOX ? "matrix" : skipReason(letter),
      ...(isWaiting ? { until: new Date(Math.max(row.due!, rest?.until ?? 0)).toISOString() } : {}),
      at: new Date(event.at).toISOString(),
      title: text.title,
      ...(row?.sent_to == null ? {} : { to: row.sent_to }),
      attempts: row ? attemptsOf(row) : [],
      receipts: [...(row ? receiptsOf(row).map(toldReceipt) : []), ...(isInApp ? inAppReceipts(notice) : [])],
    };
  }
}

/** As it is told: without what we made of it. */
const toldReceipt = ({ at, state, said }: KeptReceipt): Receipt => ({ at, state, ...(said === undefined ? {} : { said }) });

/** What stands where an erased person was. */
const ERASED = "(erased)";

function inAppReceipts(notice: NoticeRow): Delivery["receipts"] {
  const at = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  const seen = at(notice.seen);
  const read = at(notice.read);
  return [
    ...(seen ? [{ at: seen, state: "delivered" as const, said: "seen" }] : []),
    ...(read ? [{ at: read, state: "read" as const }] : []),
  ];
}

function fits(delivery: Delivery, query: DeliveryQuery): boolean {
  if (query.event != null && delivery.event !== query.event) return false;
  if (query.state !== null && delivery.state !== query.state) return false;
  if (query.channel !== null && delivery.channel !== query.channel) return false;
  if (query.type !== null && delivery.type !== query.type) return false;
  const words = query.q === null || query.user === null ? null : query.q.toLowerCase();
  return words === null || (delivery.title ?? "").toLowerCase().includes(words);
}
