import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Ledger } from "@carillon/shared/ledger";
import type { Sql } from "../../ports.ts";
import { STATE } from "./cells.ts";

const HOUR_MS = 3_600_000;
export const hourOf = (at: number): number => Math.floor(at / HOUR_MS);

/** The columns of the balance; the first is counted at accept and nowhere else, so that the equation can fail. */
const COLUMNS = [
  "accepted",
  "delivered",
  "sent",
  "skipped",
  "held",
  "parked",
  "failed",
  "expired",
  "cancelled",
  "collapsed",
  "inFlight",
] as const;
type Column = (typeof COLUMNS)[number];
const WIDTH = COLUMNS.length;
/** Behind the columns of all channels: how many events had their home here. */
const EVENTS = CHANNELS.length * WIDTH;
const PLACE = Object.fromEntries(COLUMNS.map((column, index) => [column, index])) as Record<Column, number>;

const COLUMN_OF_STATE: Record<number, Column> = {
  [STATE.queued]: "inFlight",
  [STATE.sending]: "inFlight",
  [STATE.sent]: "sent",
  [STATE.delivered]: "delivered",
  [STATE.read]: "delivered",
  [STATE.held]: "held",
  [STATE.parked]: "parked",
  [STATE.skipped]: "skipped",
  [STATE.failed]: "failed",
  [STATE.expired]: "expired",
  [STATE.cancelled]: "cancelled",
  [STATE.collapsed]: "collapsed",
};

/**
 * How many cells of each channel are in each state, by the hour in which their event was accepted.
 * Changes gather in memory and are written once per transaction: call `write` before the commit, `forget` after a rollback.
 */
export class Tally {
  readonly #sql: Sql;
  #changes = new Map<number, number[]>();
  /** The sum over all hours; null until it is asked for. */
  #total: number[] | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  accepted(hour: number, channel: number, count: number): void {
    this.#add(hour, channel, "accepted", count);
  }

  /** An event that has its home here. */
  event(hour: number): void {
    this.#of(hour)[EVENTS]!++;
  }

  /** A cell that begins in `state`. */
  starts(hour: number, channel: number, state: number, count = 1): void {
    this.#add(hour, channel, COLUMN_OF_STATE[state]!, count);
  }

  moves(hour: number, channel: number, from: number, to: number, count = 1): void {
    this.#add(hour, channel, COLUMN_OF_STATE[from]!, -count);
    this.#add(hour, channel, COLUMN_OF_STATE[to]!, count);
  }

  write(): void {
    for (const [hour, change] of this.#changes) {
      if (change.every((count) => count === 0)) continue;
      const known = this.#sql.exec<{ counts: string }>(`SELECT counts FROM tally WHERE hour = ?`, hour).toArray()[0];
      const counts = known ? countsOf(known.counts) : noCounts();
      add(counts, change);
      if (this.#total) add(this.#total, change);
      // An upsert would be billed as two rows.
      this.#sql.exec(
        known ? `UPDATE tally SET counts = ?1 WHERE hour = ?2` : `INSERT INTO tally (counts, hour) VALUES (?1, ?2)`,
        counts.join(","),
        hour,
      );
    }
    this.#changes.clear();
  }

  forget(): void {
    this.#changes.clear();
    this.#total = null;
  }

  /** The sum over whole hours, `from` included, `to` excluded. */
  sum(from: number, to: number): Ledger {
    const total = emptyLedger();
    for (const ofChannel of Object.values(this.byChannel(from, to))) {
      for (const column of COLUMNS) total[column] += ofChannel[column];
    }
    return balance(total);
  }

  /** Over all time, kept in memory once it was asked for: what was written, without what this transaction may still change. */
  total(): { events: number; byChannel: Record<Channel, Ledger> } {
    this.#total ??= this.#sql
      .exec<{ counts: string }>(`SELECT counts FROM tally`)
      .toArray()
      .reduce((sum, { counts }) => add(sum, countsOf(counts)), noCounts());
    return { events: this.#total[EVENTS]!, byChannel: ledgersOf(this.#total) };
  }

  /** The same for each channel. */
  byChannel(from: number, to: number): Record<Channel, Ledger> {
    const rows = this.#sql.exec<{ counts: string }>(`SELECT counts FROM tally WHERE hour >= ? AND hour < ?`, from, to).toArray();
    return ledgersOf(rows.reduce((sum, { counts }) => add(sum, countsOf(counts)), noCounts()));
  }

  #add(hour: number, channel: number, column: Column, count: number): void {
    this.#of(hour)[channel * WIDTH + PLACE[column]]! += count;
  }

  #of(hour: number): number[] {
    let change = this.#changes.get(hour);
    if (!change) this.#changes.set(hour, (change = noCounts()));
    return change;
  }
}

const noCounts = (): number[] => Array.from({ length: EVENTS + 1 }, () => 0);
/** A row from before events were counted has none of them. */
const countsOf = (text: string): number[] => add(noCounts(), text.split(",").map(Number));

/** Adds to the first and answers it. */
function add(sum: number[], more: number[]): number[] {
  for (let index = 0; index < more.length; index++) sum[index]! += more[index]!;
  return sum;
}

const ledgersOf = (counts: number[]): Record<Channel, Ledger> =>
  Object.fromEntries(
    CHANNELS.map((channel, number) => {
      const total = emptyLedger();
      COLUMNS.forEach((column, index) => (total[column] = counts[number * WIDTH + index]!));
      return [channel, balance(total)];
    }),
  ) as Record<Channel, Ledger>;

export function emptyLedger(): Ledger {
  return {
    accepted: 0,
    delivered: 0,
    sent: 0,
    skipped: 0,
    held: 0,
    parked: 0,
    failed: 0,
    expired: 0,
    cancelled: 0,
    collapsed: 0,
    inFlight: 0,
    unaccounted: 0,
  };
}

export function balance(total: Ledger): Ledger {
  const { accepted, unaccounted: _, ...states } = total;
  return { ...total, unaccounted: accepted - Object.values(states).reduce((sum, count) => sum + count, 0) };
}

export const columnOf = (state: number): Column => COLUMN_OF_STATE[state]!;
