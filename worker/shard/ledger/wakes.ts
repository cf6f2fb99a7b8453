import type { ExternalChannel } from "@carillon/shared/channels";
import { LIMITS } from "@carillon/shared/limits";
import type { Sql } from "../../ports.ts";
import type { Wake } from "../calls.ts";
import { channelName, channelNumber } from "./cells.ts";

/** More jobs at a time on one channel of one shard would only crowd the provider's connections. */
const MAX_JOBS = 10;
/** A job that has not been heard of for so long is taken for lost. */
const LOST_AFTER_MS = 15_000;

const IN_APP = channelNumber("in-app");

type Outstanding = { number: string; heardAt: number };

/**
 * Which wake-ups are on their way. Those for now live in memory only: after a crash nothing is known of them, and whatever is due
 * is simply woken again, which does no harm. Those for a later instant are rows, because they must outlast weeks.
 */
export class Wakes {
  readonly #sql: Sql;
  readonly #random: () => string;
  readonly #arm: (channel: number, due: number) => void;
  #now = new Map<number, Outstanding[]>();
  #wanted: Wake[] = [];
  #noted = new Map<number, Map<number, number>>();

  /** `random` makes a new publish number; `arm` hears of every instant at which something becomes due. */
  constructor(sql: Sql, random: () => string, arm: (channel: number, due: number) => void) {
    this.#sql = sql;
    this.#random = random;
    this.#arm = arm;
  }

  forget(): void {
    this.#now.clear();
    this.#noted.clear();
    this.#wanted = [];
  }

  /** A delivery becomes due at this instant. In-app has no job: the shard's own timer looks after it. */
  note(channel: number, due: number): void {
    this.#arm(channel, due);
    if (channel === IN_APP) return;
    let instants = this.#noted.get(channel);
    if (!instants) this.#noted.set(channel, (instants = new Map()));
    instants.set(due, (instants.get(due) ?? 0) + 1);
  }

  /** The wake-ups that this transaction asks for. Ask once, after all was decided. */
  take(now: number): Wake[] {
    for (const [channel, instants] of this.#noted) {
      let backlog = 0;
      for (const [due, count] of instants) {
        if (due <= now) backlog += count;
        else this.wantAt(channel, due);
      }
      if (backlog > 0) this.wantNow(channel, now, backlog);
    }
    this.#noted.clear();
    const wanted = this.#wanted;
    this.#wanted = [];
    return wanted;
  }

  /** Something is due now. `backlog` is how much at most, as far as is known. */
  wantNow(channel: number, now: number, backlog = 1): void {
    const alive = (this.#now.get(channel) ?? []).filter((job) => now - job.heardAt < LOST_AFTER_MS);
    const jobs = Math.min(Math.ceil(backlog / LIMITS.jobPeople), MAX_JOBS);
    while (alive.length < jobs) {
      const number = this.#random();
      alive.push({ number, heardAt: now });
      this.#wanted.push({ channel: channelName(channel) as ExternalChannel, at: now, number });
    }
    this.#now.set(channel, alive);
  }

  /** Something becomes due at a later instant. */
  wantAt(channel: number, at: number): void {
    const number = this.#random();
    const isNew = this.#sql.exec(`INSERT OR IGNORE INTO wake VALUES (?, ?, ?, 0) RETURNING at`, channel, at, number).toArray().length > 0;
    if (isNew) this.#wanted.push({ channel: channelName(channel) as ExternalChannel, at, number });
  }

  /** The queue has these; those for now need no note of it. */
  confirm(wakes: Wake[]): void {
    for (const wake of wakes) {
      this.#sql.exec(
        `UPDATE wake SET confirmed = 1 WHERE channel = ? AND at = ? AND number = ?`,
        channelNumber(wake.channel),
        wake.at,
        wake.number,
      );
    }
  }

  /** A job is at work: what it was woken for is no longer to come. */
  heard(channel: number, number: string, now: number): void {
    const early = this.#sql
      .exec<{ at: number }>(`SELECT at FROM wake WHERE channel = ? AND number = ? AND at > ?`, channel, number, now)
      .toArray();
    for (const { at } of early) this.#again(channel, at); // A hop: the queue could not see as far as the instant itself.
    this.#sql.exec(`DELETE FROM wake WHERE channel = ? AND at <= ?`, channel, now);
    const jobs = this.#now.get(channel) ?? [];
    const job = jobs.find((candidate) => candidate.number === number);
    if (job) job.heardAt = now;
    else this.#now.set(channel, [...jobs, { number, heardAt: now }]);
  }

  /** When the next of those on their way is taken for lost, unless it is heard of; null if none is on its way. */
  nextLoss(channel: number, now: number): number | null {
    const losses = (this.#now.get(channel) ?? []).map((job) => job.heardAt + LOST_AFTER_MS).filter((instant) => instant > now);
    return losses.length === 0 ? null : Math.min(...losses);
  }

  /** This one is no longer to come: its job is done, or the queue never took it. */
  ended(channel: number, number: string): void {
    this.#now.set(
      channel,
      (this.#now.get(channel) ?? []).filter((job) => job.number !== number),
    );
  }

  /** Publishes again what the queue never confirmed, and what should exist for the earliest due instant but does not. */
  repair(channel: number, earliest: number | null): void {
    const lost = this.#sql.exec<{ at: number }>(`SELECT at FROM wake WHERE channel = ? AND confirmed = 0`, channel).toArray();
    for (const { at } of lost) this.#again(channel, at);
    if (earliest !== null) this.wantAt(channel, earliest);
  }

  #again(channel: number, at: number): void {
    const number = this.#random();
    this.#sql.exec(`UPDATE wake SET number = ?, confirmed = 0 WHERE channel = ? AND at = ?`, number, channel, at);
    this.#wanted.push({ channel: channelName(channel) as ExternalChannel, at, number });
  }
}
