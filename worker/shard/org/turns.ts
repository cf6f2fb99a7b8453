/** So much of the future is given out at once, shared by all who send. */
const BATCH_MS = 2_000;
/** Nobody waits longer than this for the first of its turns: it is kept for its shard, which comes back for it. */
const PATIENCE_MS = 3_000;
/** A shard comes so long before its turn, since queues are not on time. */
const LEAD_MS = 1_000;
/** A turn may be used so much later than its instant, or until the next one. */
const LATE_MS = 50;

/**
 * The turns of one channel: one every `1 / perSecond`, each given out once, in the order in which they are asked for. As a turn may
 * be used until the next one (or 50 ms later), no second has more than `perSecond + 1` messages (or 5 % more) in it.
 */
export class TurnBook {
  readonly perSecond: number;
  readonly lateMs: number;
  readonly #everyMs: number;
  /** The instant of turn 0. A turn is known by how many come between. */
  #anchor: number;
  #taken = new Set<number>();
  /** Turns that are kept for shards which were too early for them. */
  #kept = new Map<number, number[]>();

  /** `last`: when the latest turn was that somebody may still use. */
  constructor(perSecond: number, last: number) {
    this.perSecond = perSecond;
    this.#everyMs = 1_000 / perSecond;
    this.lateMs = Math.max(this.#everyMs, LATE_MS);
    this.#anchor = last;
    this.#taken.add(0);
  }

  /**
   * The next free turns from an instant on: as many as fit into a batch shared with the others, so far apart as one message takes.
   * Where the first is too far away, it is kept for this shard instead.
   */
  give(
    { shard, count, eachMs, sharers }: { shard: number; count: number; eachMs: number; sharers: number },
    from: number,
    now: number,
  ): number[] | { notBefore: number } {
    this.#forgetPast(now);
    const kept = this.#kept.get(shard)?.filter((turn) => this.#at(turn) + this.lateMs > now) ?? [];
    const turns = kept.length > 0 ? kept : this.#take(Math.min(count, this.#batch(sharers)), eachMs, from, now);
    const first = this.#at(turns[0]!);
    if (first > now + PATIENCE_MS) {
      this.#kept.set(shard, turns);
      return { notBefore: Math.floor(first - LEAD_MS) };
    }
    this.#kept.delete(shard);
    return turns.map((turn) => this.#at(turn));
  }

  /** Turns that nobody will use. */
  free(instants: number[], now: number): void {
    for (const instant of instants) if (instant > now) this.#taken.delete(Math.round((instant - this.#anchor) / this.#everyMs));
  }

  /** What is kept for a shard is of no use to it. */
  cancel(shard: number): void {
    for (const turn of this.#kept.get(shard) ?? []) this.#taken.delete(turn);
    this.#kept.delete(shard);
  }

  cancelAll(): void {
    for (const shard of this.#kept.keys()) this.cancel(shard);
  }

  #batch(sharers: number): number {
    return Math.max(1, Math.floor(BATCH_MS / this.#everyMs / sharers));
  }

  #take(count: number, eachMs: number, from: number, now: number): number[] {
    // After a pause the first message goes at once. A turn that has just begun may still be used.
    if (this.#taken.size === 0) this.#anchor = from;
    const first = from > now ? Math.ceil((from - this.#anchor) / this.#everyMs) : this.#ago(now - this.lateMs) + 1;
    const turns: number[] = [];
    let next = Math.max(0, first);
    while (turns.length < count) {
      while (this.#taken.has(next)) next++;
      this.#taken.add(next);
      turns.push(next);
      next += Math.max(1, Math.round(eachMs / this.#everyMs));
    }
    return turns;
  }

  /** Turns count as taken until the next one has come. */
  #forgetPast(now: number): void {
    for (const turn of this.#taken) if (this.#at(turn) + this.lateMs <= now) this.#taken.delete(turn);
  }

  /** The last turn that was at an instant, or before it. */
  #ago(instant: number): number {
    return Math.floor((instant - this.#anchor) / this.#everyMs);
  }

  #at(turn: number): number {
    return this.#anchor + turn * this.#everyMs;
  }
}
