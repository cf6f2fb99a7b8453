import type { ExternalChannel } from "@carillon/shared/channels";
import type { Pace } from "@carillon/shared/pace";
import type { Sql } from "../../ports.ts";
import { channelNumber } from "../ledger/cells.ts";
import { TurnBook } from "./turns.ts";

/** Who asks for turns: `run` is one run of a job, `eachMs` how long one of its messages takes (0: not known yet). */
export type TurnsAsked = { channel: ExternalChannel; shard: number; run: string; pace: Pace; count: number; eachMs: number };
/**
 * `turns` are the instants from which on one message each may be sent, and up to `lateMs` after them; null for as many as can be.
 * Or nothing just now: not before this instant, because of `rest` if the provider has slowed us down.
 */
export type TurnsGiven = { turns: number[] | null; lateMs: number } | { notBefore: number; rest: KeptRest | null };
/** A run is over. `unused` turns are free again; `rest`: the provider has slowed us down. */
export type GivenBack = { channel: ExternalChannel; shard: number; run: string; unused: number[]; rest: KeptRest | null };

type KeptRest = { until: number; why: string };
type Holder = { shard: number; run: string; since: number; until: number };
/** What must outlast a crash. `last`: the latest turn that was given out. */
type Kept = { holders: Holder[]; last: number; rest: KeptRest | null };
/** A run for which no connection was free; `calledAt`: since when one waits for its shard. */
type Waiting = { shard: number; calledAt: number | null };
type Lane = { kept: Kept; line: Waiting[]; book: TurnBook | null };

/** A run that is not heard of for so long has died, and its connection with it. */
const LEASE_MS = 60_000;
/** After this long a run gives way to those who wait for a connection. */
const SHARE_MS = 5_000;
/** Whoever is called comes within this time, or the next may. */
const COMES_MS = 5_000;
const SOONEST_MS = 1_000;

/**
 * What only shard 0 knows: the connections and turns of every channel with a pace, given to the jobs of all shards, so that all
 * together never exceed either. Connections are leased; who finds none free stands in line and is called.
 */
export class PaceKeeper {
  readonly #sql: Sql;
  #lanes = new Map<ExternalChannel, Lane>();
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Turns that were given out stay so; of the others, and of the line, nothing is known any more. */
  forget(): void {
    this.#lanes.clear();
  }

  ask({ channel, shard, run, pace, count, eachMs }: TurnsAsked, now: number): TurnsGiven {
    const lane = this.#lane(channel);
    const { kept } = lane;
    kept.holders = kept.holders.filter(({ until }) => until > now);
    if (kept.rest && kept.rest.until <= now) kept.rest = null;
    const rest = kept.rest;

    const mayConnect = pace.connections === null || this.#mayConnect(lane, shard, run, pace.connections, now);
    if (!mayConnect) {
      lane.book?.cancel(shard);
      return { notBefore: Math.max(freeAt(kept.holders, pace.connections!, now), rest?.until ?? 0), rest };
    }
    const book = this.#bookFor(lane, pace, now);
    const asked = { shard, count, eachMs, sharers: kept.holders.filter((holder) => holder.run !== run).length + 1 };
    const given = book ? book.give(asked, Math.max(now, rest?.until ?? 0), now) : rest ? { notBefore: rest.until } : null;
    if (given && "notBefore" in given) return { ...given, rest };

    if (!kept.holders.some((holder) => holder.run === run)) leaveLine(lane.line, shard);
    this.#hold(kept, shard, run, now);
    kept.last = Math.max(kept.last, given?.at(-1) ?? 0);
    this.#write(channel, kept);
    return { turns: given, lateMs: book?.lateMs ?? 0 };
  }

  /** Answers the shard that may have the connection now; null if nobody waits for it. */
  giveBack({ channel, run, unused, rest }: GivenBack, now: number): number | null {
    const lane = this.#lane(channel);
    const held = lane.kept.holders.length;
    lane.kept.holders = lane.kept.holders.filter((holder) => holder.run !== run && holder.until > now);
    lane.book?.free(unused, now);
    if (rest && rest.until > (lane.kept.rest?.until ?? now)) {
      lane.kept.rest = rest;
      lane.book?.cancelAll();
    }
    this.#write(channel, lane.kept);
    const next = lane.kept.holders.length < held ? lane.line.find(({ calledAt }) => calledAt === null) : undefined;
    if (next) next.calledAt = now;
    return next?.shard ?? null;
  }

  /** The channel works again, as a test has shown. */
  clear(channel: ExternalChannel): void {
    const { kept } = this.#lane(channel);
    if (kept.rest === null) return;
    kept.rest = null;
    this.#write(channel, kept);
  }

  /** Who has a connection keeps it, unless others have waited while it had its share; else those who were called go first. */
  #mayConnect(lane: Lane, shard: number, run: string, connections: number, now: number): boolean {
    const { holders } = lane.kept;
    lane.line = lane.line.filter(({ calledAt }) => calledAt === null || now - calledAt < COMES_MS);
    const mine = holders.find((holder) => holder.run === run);
    const others = lane.line.filter((waiting) => waiting.shard !== shard);
    const may = mine
      ? holders.length <= connections && (now - mine.since < SHARE_MS || others.every(({ calledAt }) => calledAt !== null))
      : connections - holders.length > others.filter(({ calledAt }) => calledAt !== null).length;
    // A run that gives way stands behind those who have waited; one for each connection is enough.
    if (!may && lane.line.filter((waiting) => waiting.shard === shard).length < connections) lane.line.push({ shard, calledAt: null });
    return may;
  }

  #hold(kept: Kept, shard: number, run: string, now: number): void {
    const mine = kept.holders.find((holder) => holder.run === run);
    if (mine) mine.until = now + LEASE_MS;
    else kept.holders.push({ shard, run, since: now, until: now + LEASE_MS });
  }

  #bookFor(lane: Lane, { perSecond }: Pace, now: number): TurnBook | null {
    if (perSecond === null) return (lane.book = null);
    if (lane.book?.perSecond !== perSecond) lane.book = new TurnBook(perSecond, Math.min(lane.kept.last, now + LEASE_MS));
    return lane.book;
  }

  #lane(channel: ExternalChannel): Lane {
    let lane = this.#lanes.get(channel);
    if (!lane) {
      const row = this.#sql.exec<{ kept: string }>(`SELECT kept FROM pace WHERE channel = ?`, channelNumber(channel)).toArray()[0];
      const kept = row ? (JSON.parse(row.kept) as Kept) : { holders: [], last: 0, rest: null };
      this.#lanes.set(channel, (lane = { kept, line: [], book: null }));
    }
    return lane;
  }

  #write(channel: ExternalChannel, kept: Kept): void {
    this.#sql.exec(
      `INSERT INTO pace VALUES (?, ?) ON CONFLICT DO UPDATE SET kept = excluded.kept`,
      channelNumber(channel),
      JSON.stringify(kept),
    );
  }
}

/** One of a shard's runs has found what it waited for, whichever was called. */
function leaveLine(line: Waiting[], shard: number): void {
  const own = line.findIndex((waiting) => waiting.shard === shard);
  if (own !== -1) line.splice(own, 1);
}

/** When a connection is free at the latest: its run says so before, or its lease ends. */
function freeAt(holders: Holder[], connections: number, now: number): number {
  const untils = holders.map(({ until }) => until).sort((a, b) => a - b);
  return Math.max(untils[holders.length - connections] ?? now + COMES_MS, now + SOONEST_MS);
}
