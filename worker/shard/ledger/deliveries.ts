import { CHANNELS } from "@carillon/shared/channels";
import type { Attempt, Receipt, State } from "@carillon/shared/ledger";
import type { Reason } from "@carillon/shared/reasons";
import type { Outcome } from "../../channels/channel.ts";
import type { Sql } from "../../ports.ts";
import { STATE, noticeOf } from "./cells.ts";
import type { Tally } from "./tally.ts";
import type { Wakes } from "./wakes.ts";

export type DeliveryRow = {
  id: number;
  channel: number;
  person: number;
  hour: number;
  state: number;
  why: string;
  due: number | null;
  lease: number | null;
  expires: number | null;
  attempts: string | null;
  receipts: string | null;
  sent_to: string | null;
  /** The deliveries that this one speaks for, as JSON; null when only for itself. */
  bundle: string | null;
  /** When it was decided last, and by which version of the rules; null where that was at its acceptance. */
  decided: number | null;
  rules: number | null;
  /** Which of RANK it was accepted with. */
  rank: number;
};

/** What is claimed before what when more is due than can go at once: urgent events, all others, those for many people. */
export const RANK = { urgent: 0, normal: 1, fanOut: 2 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];
const RANKS = Object.values(RANK);
/** So that the index of what is due is used, which has the ranks apart. */
const ANY_RANK = `rank IN (${RANKS.join(", ")})`;

const WAITS_AMONG = `id >= ? AND id < ? AND lease IS NULL AND (due IS NOT NULL OR state = ${STATE.parked})`;

/** A job that says nothing for so long has died, and what it was sending is in doubt. */
export const LEASE_MS = 60_000;
/** The newest attempts of a delivery that are kept; faults are not counted but would pile up. */
const KEPT_ATTEMPTS = 30;
/** So many of a person's notices are looked at for what was to be told before. */
const LOOKED_BACK = 500;

/** The rows of real deliveries and their moves from state to state; every move is counted. */
export class Deliveries {
  readonly #sql: Sql;
  readonly #tally: Tally;
  readonly #wakes: Wakes;
  constructor(sql: Sql, tally: Tally, wakes: Wakes) {
    this.#sql = sql;
    this.#tally = tally;
    this.#wakes = wakes;
  }

  insert(row: {
    id: number;
    channel: number;
    person: number;
    hour: number;
    state: number;
    why: Reason;
    due: number | null;
    expires: number | null;
    rank: Rank;
  }): void {
    this.#sql.exec(
      `INSERT INTO delivery (id, channel, person, hour, state, why, due, expires, rank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.id,
      row.channel,
      row.person,
      row.hour,
      row.state,
      row.why,
      row.due,
      row.expires,
      row.rank,
    );
    this.#tally.starts(row.hour, row.channel, row.state);
    if (row.due !== null) this.#wakes.note(row.channel, row.due);
  }

  get(id: number): DeliveryRow | null {
    return this.#rows(`id = ?`, id)[0] ?? null;
  }

  /** Due rows of a channel in the order of their instants, then of their acceptance. */
  due(channel: number, now: number, limit: number): DeliveryRow[] {
    return this.#rows(`channel = ? AND ${ANY_RANK} AND due <= ? ORDER BY due, id LIMIT ?`, channel, now, limit);
  }

  /** The earliest instant of each rank of a channel; null for one that has nothing to be done. */
  earliestByRank(channel: number): (number | null)[] {
    const columns = RANKS.map(
      (rank) => `(SELECT min(due) FROM delivery WHERE channel = ? AND rank = ${rank} AND due IS NOT NULL) AS r${rank}`,
    );
    const row = this.#sql.exec<Record<string, number | null>>(`SELECT ${columns.join(", ")}`, ...RANKS.map(() => channel)).toArray()[0]!;
    return RANKS.map((rank) => row[`r${rank}`]!);
  }

  /**
   * The numbers of due rows of one rank without what somebody is sending right now, and without all else for these busy people;
   * leases that ran out included. Whole rows would cost ten times as much, and mostly the first is claimed; a list of the busy ones
   * would be made into a table first, at twice the cost of all else.
   */
  claimable(channel: number, rank: number, now: number, busy: number[], limit: number): number[] {
    return this.#sql
      .exec<{ id: number }>(
        `SELECT id FROM delivery WHERE channel = ? AND rank = ? AND due <= ? AND (lease <= ? OR (lease IS NULL AND instr(?, ',' || person || ',') = 0)) ORDER BY due, id LIMIT ?`,
        channel,
        rank,
        now,
        now,
        `,${busy.join()},`,
        limit,
      )
      .toArray()
      .map(({ id }) => id);
  }

  /** What the same person was to be told on this channel before, and is due and not being sent; the first of it, null for nothing. */
  elder(row: DeliveryRow, now: number): DeliveryRow | null {
    const { id } = this.#sql
      .exec<{ id: number | null }>(
        `SELECT min(delivery.id) AS id FROM (SELECT n FROM notice WHERE person = ? AND n < ? ORDER BY n DESC LIMIT ?) AS before
          CROSS JOIN delivery ON delivery.id = before.n * 8 + ? WHERE delivery.due <= ? AND delivery.lease IS NULL`,
        row.person,
        noticeOf(row.id),
        LOOKED_BACK,
        row.channel,
        now,
      )
      .toArray()[0]!;
    return id === null ? null : this.get(id);
  }

  countDue(channel: number, now: number, most: number): number {
    return this.#sql
      .exec<{ n: number }>(
        `SELECT count(*) AS n FROM (SELECT 1 FROM delivery WHERE channel = ? AND ${ANY_RANK} AND due <= ? LIMIT ?)`,
        channel,
        now,
        most,
      )
      .toArray()[0]!.n;
  }

  /** The earliest instant at which something is to be done on a channel; null if nothing is. */
  earliest(channel: number, after = -1): number | null {
    const each = RANKS.map((rank) => `SELECT min(due) AS due FROM delivery WHERE channel = ? AND rank = ${rank} AND due > ?`);
    const bindings = RANKS.flatMap(() => [channel, after]);
    return this.#sql.exec<{ due: number | null }>(`SELECT min(due) AS due FROM (${each.join(" UNION ALL ")})`, ...bindings).toArray()[0]!
      .due;
  }

  /** Every row of a channel that is being sent right now. A claim leaves the instant as it was, so it lies in the past. */
  sending(channel: number, now: number): DeliveryRow[] {
    return this.#rows(`channel = ? AND ${ANY_RANK} AND due <= ? AND lease IS NOT NULL`, channel, now);
  }

  /** Takes everything that waits on a channel and is not being sent out of the queue. */
  parkAll(channel: number, why: Reason): void {
    this.#moveAll(STATE.parked, why, `channel = ? AND ${ANY_RANK} AND due IS NOT NULL AND lease IS NULL`, channel);
  }

  /** Ends what waits of these deliveries and is not being sent. None of them speaks for others. Answers how many. */
  endAll(from: number, to: number, state: number, why: Reason): number {
    return this.#moveAll(state, why, WAITS_AMONG, from, to);
  }

  /** What waits or is parked of these deliveries, `to` excluded, and is not being sent. */
  waiting(from: number, to: number): DeliveryRow[] {
    return this.#rows(WAITS_AMONG, from, to);
  }

  /** Of these, what speaks for others. */
  waitingBundles(from: number, to: number): DeliveryRow[] {
    return this.#rows(`${WAITS_AMONG} AND bundle IS NOT NULL`, from, to);
  }

  /** Everything that waits for its instant and is not being sent, of one person or of all, in the order of acceptance. */
  open(person: number | null): DeliveryRow[] {
    const waits = `channel = ? AND ${ANY_RANK} AND due IS NOT NULL AND lease IS NULL`;
    const rows = CHANNELS.flatMap((_, channel) =>
      person === null ? this.#rows(waits, channel) : this.#rows(`${waits} AND person = ?`, channel, person),
    );
    return rows.sort((a, b) => a.id - b.id);
  }

  /** People for whom more than `count` deliveries of a channel were held for this reason and are due. */
  peopleHeld(channel: number, why: "quiet-hours" | "digest", now: number, count: number): number[] {
    return this.#sql
      .exec<{ person: number }>(
        `SELECT person FROM delivery WHERE channel = ? AND ${ANY_RANK} AND due <= ? AND state = ${STATE.held} AND why = '${why}' GROUP BY person HAVING count(*) > ?`,
        channel,
        now,
        count,
      )
      .toArray()
      .map((row) => row.person);
  }

  heldFor(channel: number, person: number, why: "quiet-hours" | "digest", now: number): DeliveryRow[] {
    return this.#rows(
      `channel = ? AND ${ANY_RANK} AND due <= ? AND state = ${STATE.held} AND why = '${why}' AND lease IS NULL AND person = ? ORDER BY id`,
      channel,
      now,
      person,
    );
  }

  /** People for whom more than one delivery of a channel is parked. */
  peopleParked(channel: number): number[] {
    return this.#sql
      .exec<{ person: number }>(
        `SELECT person FROM delivery WHERE channel = ? AND state = ${STATE.parked} GROUP BY person HAVING count(*) > 1`,
        channel,
      )
      .toArray()
      .map((row) => row.person);
  }

  parkedFor(channel: number, person: number): DeliveryRow[] {
    return this.#rows(`channel = ? AND state = ${STATE.parked} AND person = ? ORDER BY id`, channel, person);
  }

  bundle(row: DeliveryRow, ids: number[]): void {
    row.bundle = JSON.stringify(ids);
    this.#sql.exec(`UPDATE delivery SET bundle = ? WHERE id = ?`, row.bundle, row.id);
  }

  parked(channel: number, after: number, limit: number): DeliveryRow[] {
    return this.#rows(`channel = ? AND state = ${STATE.parked} AND id > ? ORDER BY id LIMIT ?`, channel, after, limit);
  }

  parkedStatus(channel: number): { parked: number; oldest: number | null } {
    const row = this.#sql
      .exec<{ parked: number; oldest: number | null }>(
        `SELECT count(*) AS parked, min(id) AS oldest FROM delivery WHERE channel = ? AND state = ${STATE.parked}`,
        channel,
      )
      .toArray()[0]!;
    return row;
  }

  /** The lease alone says that a row is being sent: to write the state too would rewrite the indexes that look at it. */
  claim(row: DeliveryRow, now: number, address: string): void {
    this.#sql.exec(`UPDATE delivery SET lease = ?, sent_to = ? WHERE id = ?`, now + LEASE_MS, address, row.id);
    this.#tally.moves(row.hour, row.channel, row.state, STATE.sending);
    row.state = STATE.sending;
    row.lease = now + LEASE_MS;
  }

  /** Moves a row; `due` null says that nothing more will be done by itself. */
  move(row: DeliveryRow, state: number, why: string, due: number | null, attempt: Attempt | null = null): void {
    const attempts = attempt ? JSON.stringify([...attemptsOf(row), attempt].slice(-KEPT_ATTEMPTS)) : row.attempts;
    this.#sql.exec(
      `UPDATE delivery SET state = ?, why = ?, due = ?, lease = NULL, attempts = ?, receipts = ?, bundle = ?, decided = ?, rules = ? WHERE id = ?`,
      state,
      why,
      due,
      attempts,
      row.receipts,
      row.bundle,
      row.decided,
      row.rules,
      row.id,
    );
    this.#tally.moves(row.hour, row.channel, row.state, state);
    Object.assign(row, { state, why, due, lease: null, attempts });
    if (due !== null) this.#wakes.note(row.channel, due);
  }

  /** Many rows at once that nothing more will be done with by itself, at a tenth of the price. */
  #moveAll(state: number, why: Reason, where: string, ...bindings: number[]): number {
    const groups = this.#sql
      .exec<{ hour: number; channel: number; state: number; n: number }>(
        `SELECT hour, channel, state, count(*) AS n FROM delivery WHERE ${where} GROUP BY hour, channel, state`,
        ...bindings,
      )
      .toArray();
    if (groups.length === 0) return 0;
    this.#sql.exec(`UPDATE delivery SET state = ?, why = ?, due = NULL WHERE ${where}`, state, why, ...bindings);
    for (const group of groups) this.#tally.moves(group.hour, group.channel, group.state, state, group.n);
    return groups.reduce((sum, { n }) => sum + n, 0);
  }

  /** A word about a delivery besides its tries, kept by the move that follows: two updates of a row are billed as two. */
  noteReceipt(row: DeliveryRow, receipt: KeptReceipt): void {
    row.receipts = JSON.stringify([...receiptsOf(row), receipt]);
  }

  /** The same where the state stays. */
  addReceipt(row: DeliveryRow, receipt: KeptReceipt): void {
    this.noteReceipt(row, receipt);
    this.#sql.exec(`UPDATE delivery SET receipts = ? WHERE id = ?`, row.receipts, row.id);
  }

  #rows(where: string, ...bindings: (number | string)[]): DeliveryRow[] {
    const rows = this.#sql.exec<DeliveryRow>(`SELECT * FROM delivery WHERE ${where}`, ...bindings).toArray();
    for (const row of rows) if (row.lease !== null) row.state = STATE.sending;
    return rows;
  }
}

export const attemptsOf = (row: DeliveryRow): Attempt[] => (row.attempts === null ? [] : (JSON.parse(row.attempts) as Attempt[]));
/** The number of the newest attempt, 0 before the first; not their count, because only the last ones are kept. */
export const newestAttempt = (row: DeliveryRow): number => attemptsOf(row).at(-1)?.n ?? 0;
/**
 * `attempt`: the try that it is about, where the provider said so. `outcome` is there in what it told before the try was settled: what
 * it means, null for no failure.
 */
export type KeptReceipt = Receipt & { attempt?: number; outcome?: Outcome | null };
export const receiptsOf = (row: DeliveryRow): KeptReceipt[] => (row.receipts === null ? [] : (JSON.parse(row.receipts) as KeptReceipt[]));
/** The deliveries that this one speaks for, itself among them. */
export const spokenFor = (row: DeliveryRow): number[] => (row.bundle === null ? [row.id] : (JSON.parse(row.bundle) as number[]));
/** What was told of a claimed delivery before its try is settled; the furthest word counts. */
export function toldBefore(row: DeliveryRow): KeptReceipt | null {
  if (row.receipts === null || row.lease === null) return null;
  const claimedAt = new Date(row.lease - LEASE_MS).toISOString();
  const newest = newestAttempt(row) + 1;
  // That an older try had been sent says nothing of this one; that it arrived does.
  const counts = ({ state, attempt = newest }: KeptReceipt) => state !== "sent" || attempt === newest;
  const told = receiptsOf(row).filter((receipt) => receipt.at >= claimedAt && receipt.outcome !== undefined && counts(receipt));
  return told.sort((one, other) => EARLY.indexOf(one.state) - EARLY.indexOf(other.state)).at(-1) ?? null;
}
const EARLY: State[] = ["failed", "delivered", "read"];
/** What counts against the limit: faults of the channel burn no attempt of a message, and a retry by hand begins anew. */
export function burntAttempts(row: DeliveryRow, attempts: Attempt[]): number {
  const retriedAt = receiptsOf(row).findLast((receipt) => receipt.said === RETRIED)?.at ?? "";
  return attempts.filter((attempt) => attempt.outcome !== "fault" && attempt.at >= retriedAt).length;
}
export const RETRIED = "retried by hand";
