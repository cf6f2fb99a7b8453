import type { ExternalChannel } from "@carillon/shared/channels";
import { LIMITS } from "@carillon/shared/limits";
import type { Sql } from "../../ports.ts";
import type { Wake } from "../calls.ts";
import { channelName, channelNumber } from "./cells.ts";

/** More jobs at a time on one channel of one shard would only crowd the provider's connections. */
export const MAX_JOBS = 10;
/** A job that has not been heard of for so long is taken for lost. */
const LOST_AFTER_MS = 15_000;

const IN_APP = channelNumber("in-app");

/** A job that was put off has no number, for any may come in its place; `heardAt` is then when it is to come. */
type Outstanding = { number: string | null; heardAt: number };

/** What holds a channel's wake-ups back: how many jobs are of use at the same time, and until when none is (0 for now). */
export type Limits = { jobs: number; restsUntil: number };

/**
 * Which wake-ups are on their way. Those for now live in memory only: after a crash nothing is known of them, and whatever is due
 * is simply woken again, which does no harm. Those for a later instant are rows, because they must outlast weeks.
 */
export class Wakes {
  readonly #sql: Sql;
  readonly #random: () => string;
  readonly #arm: (channel: number, due: number) => void;
  readonly #limits: (channel: number, now: number) => Limits;
  #now = new Map<number, Outstanding[]>();
  #wanted: Wake[] = [];
  #noted = new Map<number, Map<number, number>>();
  #unseen = new Map<number, number>();

  /** `random` makes a new publish number; `arm` hears of every instant at which something becomes due. */
  constructor(
    sql: Sql,
    random: () => string,
    arm: (channel: number, due: number) => void,
    limits: (channel: number, now: number) => Limits,
  ) {
    this.#sql = sql;
    this.#random = random;
    this.#arm = arm;
    this.#limits = limits;
  }

  forget(): void {
    this.#now.clear();
    this.#noted.clear();
    this.#unseen.clear();
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
      const { restsUntil } = this.#limits(channel, now);
      for (const [due, count] of instants) {
        if (due <= now) backlog += count;
        else this.wantAt(channel, Math.max(due, restsUntil));
      }
      if (backlog > 0) this.wantNow(channel, now, backlog);
      this.#unseen.set(channel, (this.#unseen.get(channel) ?? 0) + backlog);
    }
    this.#noted.clear();
    const wanted = this.#wanted;
    this.#wanted = [];
    return wanted;
  }

  /**
   * Something is due now. `backlog` is how much at most, as far as is known. `isNext`: a job has ended, and another is to follow it
   * whatever was put off.
   */
  wantNow(channel: number, now: number, backlog = 1, isNext = false): void {
    const limits = this.#limits(channel, now);
    if (limits.restsUntil > now) return this.wantAt(channel, limits.restsUntil);
    const alive = (this.#now.get(channel) ?? []).filter((job) => now - job.heardAt < LOST_AFTER_MS);
    const jobs = Math.min(Math.ceil(backlog / LIMITS.jobPeople), limits.jobs);
    const putOff = alive.filter((job) => job.number === null).length;
    while (alive.length < (isNext ? Math.max(jobs, putOff + 1) : jobs)) {
      const number = this.#random();
      alive.push({ number, heardAt: now });
      this.#wanted.push({ channel: channelName(channel) as ExternalChannel, at: now, number });
    }
    this.#now.set(channel, alive);
  }

  /** Whether as much as a job can serve has become due since this was last asked: each call by itself was too small to ask for more jobs. */
  hasGrown(channel: number): boolean {
    if ((this.#unseen.get(channel) ?? 0) < LIMITS.jobPeople) return false;
    return this.#unseen.delete(channel);
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
    this.#now.set(channel, [...this.#others(channel, number), { number, heardAt: now }]);
  }

  /** A job can't go on before this instant, and counts as on its way until then. */
  putOff(channel: number, number: string, at: number): void {
    this.wantAt(channel, at);
    const others = this.#others(channel, number);
    const isKnown = others.some((job) => job.number === null && job.heardAt === at);
    this.#now.set(channel, isKnown ? others : [...others, { number: null, heardAt: at }]);
  }

  /** All but this job, or the one that was put off for the shortest time if it comes in its place. */
  #others(channel: number, number: string): Outstanding[] {
    const jobs = this.#now.get(channel) ?? [];
    const putOff = jobs.filter((job) => job.number === null).sort((a, b) => a.heardAt - b.heardAt);
    const own = jobs.find((job) => job.number === number) ?? putOff[0];
    return jobs.filter((job) => job !== own);
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
