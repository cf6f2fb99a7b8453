import { setImmediate } from "node:timers";
import { log } from "../../log.ts";
import type { Clock, Sql, SqlValue } from "../../ports.ts";
import { commitPerTurn, type TurnCommit } from "../commit-per-turn.ts";
import { type DeadLetter, DeadLetters } from "./dead-letters.ts";
import { Duplicates } from "./duplicates.ts";

/** `body` is the deliverer's own format; `retried` counts from 0; instants are ms since 1970. */
export type Message = { id: string; due: number; retried: number; createdAt: number; body: string };

/** `deduplicationId`: within ten minutes, a second message that bears it is not stored. */
export type NewMessage = { id: string; due: number; body: string; deduplicationId?: string };

/** What becomes of a message after an attempt. `publish` is stored in the same commit, so that neither goes without the other. */
export type Verdict = ({ do: "done" } | { do: "again"; at: number } | { do: "bury"; id: string; note: string }) & {
  publish?: NewMessage[];
};

/** Says which attempts may begin. */
export type Gate = {
  /** Null if an attempt may begin now; else the lane that it waits in until `reconsider` names that lane. */
  enter(message: Message): string | null;
  /** An attempt is over, and what became of the message is on the disk. */
  left(message: Message): void;
};

type Dependencies = {
  /** A database of the queue's own. */
  sql: Sql;
  clock: Clock;
  /** One attempt. A rejection counts as a failed one that did not use up a retry. */
  deliver(message: Message): Promise<Verdict>;
  /** How many attempts may be under way at once. */
  concurrency?: number;
  gate?: Gate;
};

const CONCURRENCY = 16;
/** More than these wait on the disk only. */
const READY_MOST = 10_000;
const READ_AT_ONCE = 256;
/** Deno fires far timers at once; and so a clock that was set is noticed within the hour. */
const SLEEP_MOST_MS = 3_600_000;
/** After an attempt that broke, or a disk that refused. */
const BROKEN_WAIT_MS = 10_000;

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, due INTEGER NOT NULL, retried INTEGER NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS message_due ON message (due)`,
];

/**
 * A durable queue: every message is delivered at least once and not before it is due, also across a crash. What became due while
 * the process was down is delivered at the start.
 */
export class QueueEngine {
  readonly dead: DeadLetters;
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #deliver: (message: Message) => Promise<Verdict>;
  readonly #concurrency: number;
  readonly #gate: Gate | null;
  readonly #turn: TurnCommit;
  readonly #duplicates: Duplicates;
  /** Due, and not begun; from `#taken` on. */
  #ready: Message[] = [];
  #taken = 0;
  #mayHaveMore = true;
  /** Under way, or settled and not yet on the disk. */
  readonly #busy = new Set<string>();
  readonly #cancelled = new Set<string>();
  /** Due, and not let through the gate: the lane of each, and each lane's messages in the order in which they came. */
  readonly #laneOf = new Map<string, string>();
  readonly #lanes = new Map<string, Map<string, Message>>();
  /** When a lane is to be looked at again. */
  readonly #reminders = new Map<string, number>();
  readonly #attempts = new Set<Promise<void>>();
  #timer: { at: number; id: ReturnType<typeof setTimeout> } | null = null;
  #isStopped = false;

  constructor({ sql, clock, deliver, concurrency = CONCURRENCY, gate }: Dependencies) {
    for (const statement of SCHEMA) sql.exec(statement);
    this.#sql = sql;
    this.#clock = clock;
    this.#deliver = deliver;
    this.#concurrency = concurrency;
    this.#gate = gate ?? null;
    this.#turn = commitPerTurn(sql, "queue", (cause) => {
      complain("the queue could not write", cause);
      this.#duplicates.load();
    });
    this.#duplicates = new Duplicates(sql, clock, this.#turn);
    this.dead = new DeadLetters(sql, clock, this.#turn);
    setImmediate(() => this.wake());
  }

  /**
   * Resolves when all are on the disk; rejects with Unavailable if none is. `id` is the earlier message's for a duplicate. `alongside`
   * may write what goes with each that is none.
   */
  async publish(
    messages: NewMessage[],
    alongside: (message: NewMessage) => void = () => undefined,
  ): Promise<{ id: string; isDuplicate: boolean }[]> {
    const fresh: NewMessage[] = [];
    const published = messages.map((message) => {
      const earlier = this.#duplicates.of(message);
      if (earlier !== null) return { id: earlier, isDuplicate: true };
      this.#insert(message);
      alongside(message);
      fresh.push(message);
      return { id: message.id, isDuplicate: false };
    });
    await this.#turn.settled();
    this.#enlist(fresh);
    return published;
  }

  get(id: string): Message | null {
    const [row] = this.#sql.exec<Message>(`${SELECT} WHERE id = ?`, id).toArray();
    return row ?? null;
  }

  /** Everything that is still to be delivered, the earliest first. */
  list(): Message[] {
    return this.#sql.exec<Message>(`${SELECT} ORDER BY due, id`).toArray();
  }

  /** Answers which were still to be delivered. An attempt under way can't be called back, but it is the last. */
  async cancel(ids: string[]): Promise<string[]> {
    const found = ids.filter((id) => this.get(id) !== null);
    for (const id of found) {
      this.#turn.write("DELETE FROM message WHERE id = ?", id);
      if (this.#busy.has(id)) this.#cancelled.add(id);
      this.#release(id);
    }
    this.#ready = this.#ready.slice(this.#taken).filter(({ id }) => !found.includes(id));
    this.#taken = 0;
    await this.#turn.settled();
    return found;
  }

  /** Takes dead letters back into the queue, each as the message that is made of it; answers the new ids. */
  async revive(letters: DeadLetter[], renew: (letter: DeadLetter) => NewMessage): Promise<string[]> {
    for (const { id } of letters) this.dead.remove(id);
    const published = await this.publish(letters.map(renew));
    return published.map(({ id }) => id);
  }

  /** Asks the gate again about those that wait in a lane: all, or the ones with these ids. */
  reconsider(lane: string, ids?: readonly string[]): void {
    const waiting = this.#lanes.get(lane);
    if (!waiting) return;
    const asked = ids === undefined ? [...waiting.values()] : ids.flatMap((id) => waiting.get(id) ?? []);
    this.#ready = [...asked, ...this.#ready.slice(this.#taken)];
    this.#taken = 0;
    for (const { id } of asked) this.#release(id);
    this.#begin();
  }

  /** The same at an instant, however long that is from now. */
  reconsiderAt(lane: string, instant: number): void {
    this.#reminders.set(lane, instant);
    this.#wakeAt(instant);
  }

  /** How many wait in a lane. */
  waitingIn(lane: string): number {
    return this.#lanes.get(lane)?.size ?? 0;
  }

  /** How many attempts are under way. */
  underWay(): number {
    return this.#attempts.size;
  }

  /** A statement that reaches the disk in one commit with whatever else happens in this turn. */
  write(query: string, ...bindings: SqlValue[]): void {
    this.#turn.write(query, ...bindings);
  }

  settled(): Promise<void> {
    return this.#turn.settled();
  }

  /** Begins what is due and sets the timer for what comes next. Only a host whose clock jumps needs to call it. */
  wake(): void {
    if (this.#isStopped) return;
    if (this.#timer) clearTimeout(this.#timer.id);
    this.#timer = null;
    this.#mayHaveMore = true;
    const now = this.#clock.now(); // Before anything is read: what becomes due meanwhile is either read or waited for.
    this.#begin();
    for (const [lane, instant] of this.#reminders) {
      if (instant > now) continue;
      this.#reminders.delete(lane);
      this.reconsider(lane);
    }
    const [next] = this.#sql.exec<{ due: number | null }>("SELECT min(due) AS due FROM message WHERE due > ?", now).toArray();
    for (const instant of [next?.due ?? null, ...this.#reminders.values()]) if (instant !== null) this.#wakeAt(instant);
  }

  /** Begins nothing new and waits for the attempts under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer.id);
    await Promise.all(this.#attempts);
    await this.#turn.settled();
  }

  #insert({ id, due, body }: NewMessage): void {
    this.#turn.write(
      "INSERT OR IGNORE INTO message (id, due, retried, created, body) VALUES (?, ?, 0, ?, ?)",
      id,
      due,
      this.#clock.now(),
      body,
    );
  }

  /** For what is on the disk by now: begins what is due, remembers when the rest is. */
  #enlist(messages: NewMessage[]): void {
    const now = this.#clock.now();
    for (const { id, due, body } of messages) {
      if (due > now) this.#wakeAt(due);
      else if (this.#ready.length - this.#taken >= READY_MOST) this.#mayHaveMore = true;
      else this.#ready.push({ id, due, body, retried: 0, createdAt: now });
    }
    this.#begin();
  }

  #begin(): void {
    while (!this.#isStopped && this.#attempts.size < this.#concurrency) {
      const message = this.#take();
      if (!message) return;
      if (this.#busy.has(message.id)) continue;
      const lane = this.#gate?.enter(message) ?? null;
      if (lane !== null) {
        this.#hold(lane, message);
        continue;
      }
      this.#busy.add(message.id);
      const attempt = this.#attempt(message).finally(() => {
        this.#attempts.delete(attempt);
        this.#begin();
      });
      this.#attempts.add(attempt);
    }
  }

  #hold(lane: string, message: Message): void {
    this.#laneOf.set(message.id, lane);
    const waiting = this.#lanes.get(lane) ?? new Map<string, Message>();
    this.#lanes.set(lane, waiting.set(message.id, message));
  }

  #release(id: string): void {
    const lane = this.#laneOf.get(id);
    if (lane === undefined) return;
    this.#laneOf.delete(id);
    const waiting = this.#lanes.get(lane);
    waiting?.delete(id);
    if (waiting?.size === 0) this.#lanes.delete(lane);
  }

  #take(): Message | null {
    if (this.#taken === this.#ready.length) {
      this.#ready = this.#mayHaveMore ? this.#readDue() : [];
      this.#taken = 0;
    }
    const message = this.#ready[this.#taken];
    if (!message) return null;
    this.#taken++;
    return message;
  }

  #readDue(): Message[] {
    const limit = this.#busy.size + this.#laneOf.size + READ_AT_ONCE;
    const rows = this.#sql.exec<Message>(`${SELECT} WHERE due <= ? ORDER BY due, id LIMIT ?`, this.#clock.now(), limit).toArray();
    this.#mayHaveMore = rows.length === limit;
    return rows.filter(({ id }) => !this.#busy.has(id) && !this.#laneOf.has(id));
  }

  async #attempt(message: Message): Promise<void> {
    let verdict: Verdict;
    try {
      verdict = await this.#deliver(message);
    } catch (error) {
      complain("an attempt to deliver broke", error);
      verdict = { do: "again", at: this.#clock.now() + BROKEN_WAIT_MS };
      message = { ...message, retried: message.retried - 1 };
    }
    void this.#settle(message, verdict); // The next attempt need not wait for this one's commit.
  }

  async #settle(message: Message, verdict: Verdict): Promise<void> {
    const isCancelled = this.#cancelled.delete(message.id);
    const publish = isCancelled ? [] : (verdict.publish ?? []);
    if (verdict.do === "again")
      this.#turn.write("UPDATE message SET due = ?, retried = ? WHERE id = ?", verdict.at, message.retried + 1, message.id);
    else this.#turn.write("DELETE FROM message WHERE id = ?", message.id);
    if (verdict.do === "bury" && !isCancelled) this.dead.bury(verdict.id, message, verdict.note);
    for (const next of publish) this.#insert(next);

    let again = verdict.do === "again" ? verdict.at : null;
    try {
      await this.#turn.settled();
      this.#enlist(publish);
    } catch {
      again = this.#clock.now() + BROKEN_WAIT_MS; // Reported by the commit; on the disk it still waits for its delivery.
    }
    this.#busy.delete(message.id);
    this.#gate?.left(message);
    if (again !== null) this.#wakeAt(again);
  }

  #wakeAt(instant: number): void {
    if (this.#isStopped || (this.#timer && this.#timer.at <= instant)) return;
    if (this.#timer) clearTimeout(this.#timer.id);
    const sleep = Math.min(Math.max(instant - this.#clock.now(), 1), SLEEP_MOST_MS);
    this.#timer = { at: instant, id: setTimeout(() => this.wake(), sleep) };
  }
}

const SELECT = "SELECT id, due, retried, created AS createdAt, body FROM message";

const complain = (message: string, error: unknown) => log("error", message, { error: String(error) });
