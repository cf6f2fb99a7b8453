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

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  accepted(hour: number, channel: number, count: number): void {
    this.#add(hour, channel, "accepted", count);
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
      const counts = known ? known.counts.split(",").map(Number) : noCounts();
      for (let index = 0; index < counts.length; index++) counts[index]! += change[index]!;
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
  }

  /** The sum over whole hours, `from` included, `to` excluded. */
  sum(from: number, to: number): Ledger {
    const total = emptyLedger();
    for (const ofChannel of Object.values(this.byChannel(from, to))) {
      for (const column of COLUMNS) total[column] += ofChannel[column];
    }
    return balance(total);
  }

  /** The same for each channel. */
  byChannel(from: number, to: number): Record<Channel, Ledger> {
    const totals = CHANNELS.map(emptyLedger);
    for (const row of this.#sql.exec<{ counts: string }>(`SELECT counts FROM tally WHERE hour >= ? AND hour < ?`, from, to).toArray()) {
      const counts = row.counts.split(",").map(Number);
      totals.forEach((total, channel) => COLUMNS.forEach((column, index) => (total[column] += counts[channel * WIDTH + index]!)));
    }
    return Object.fromEntries(CHANNELS.map((channel, index) => [channel, balance(totals[index]!)])) as Record<Channel, Ledger>;
  }

  #add(hour: number, channel: number, column: Column, count: number): void {
    let change = this.#changes.get(hour);
    if (!change) this.#changes.set(hour, (change = noCounts()));
    change[channel * WIDTH + PLACE[column]]! += count;
  }
}

const noCounts = (): number[] => Array.from({ length: CHANNELS.length * WIDTH }, () => 0);

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
