import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Gate, Rules } from "@carillon/shared/decide";
import type { Sql } from "../../ports.ts";
import { channelNumber } from "./cells.ts";

export type Fault = { why: string; remedy: string | null; since: number };
/** A tripped channel is tried anew with one message: which, and since when. */
type Tripped = Fault & { probe?: { at: number; delivery: number } };

/** So many tries in a row that did not reach the provider are a fault of the channel, not of the messages. */
const STRIKES = 5;

/** How long a tripped channel rests before it is tried with one message. */
const PROBE_EVERY_MS = 60_000;

/** Whether a channel may send: what the admin has set, and whether it has tripped. Read inside every claim. */
export class Gates {
  readonly #sql: Sql;
  #rules: Rules | null = null;
  #faults = new Map<number, { fault: Tripped | null; strikes: number }>();
  #isRead = false;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  forget(): void {
    this.#isRead = false;
  }

  /** The rules as the admin has set them, whatever has tripped. Null before the first settings have arrived. */
  savedRules(): Rules | null {
    this.#read();
    return this.#rules;
  }

  /** The rules as they are decided by: a tripped channel counts as such. Null before the first settings have arrived. */
  rules(): Rules | null {
    this.#read();
    if (!this.#rules) return null;
    const gates = { ...this.#rules.gates };
    for (const channel of CHANNELS) if (gates[channel] === "on" && this.fault(channel)) gates[channel] = "fault";
    return { ...this.#rules, gates };
  }

  /** The rules as they were in this version; null if it was never in force here. */
  rulesAt(version: number): Rules | null {
    if (this.version() === version) return this.#rules;
    const row = this.#sql.exec<{ rules: string }>(`SELECT rules FROM rules_before WHERE version = ?`, version).toArray()[0];
    return row ? (JSON.parse(row.rules) as Rules) : null;
  }

  version(): number {
    this.#read();
    return this.#rules?.version ?? 0;
  }

  setRules(rules: Rules): void {
    const before = this.savedRules();
    if (before) this.#sql.exec(`INSERT INTO rules_before VALUES (?, ?) ON CONFLICT DO NOTHING`, before.version, JSON.stringify(before));
    this.#sql.exec(`INSERT INTO meta VALUES ('rules', ?) ON CONFLICT DO UPDATE SET v = excluded.v`, JSON.stringify(rules));
    this.#rules = rules;
  }

  gate(channel: Channel): Gate {
    return this.rules()?.gates[channel] ?? "unset";
  }

  fault(channel: Channel): Fault | null {
    const tripped = this.#tripped(channel);
    return tripped && { why: tripped.why, remedy: tripped.remedy, since: tripped.since };
  }

  /** A channel that has tripped already keeps since when. */
  trip(channel: Channel, fault: Fault): void {
    const before = this.#tripped(channel);
    this.#write(channel, { ...fault, since: before?.since ?? fault.since, ...(before?.probe ? { probe: before.probe } : {}) }, 0);
  }

  /** From when on a tripped channel may be tried with one message; null if it has not tripped. */
  nextProbe(channel: Channel): number | null {
    const tripped = this.#tripped(channel);
    return tripped && (tripped.probe?.at ?? tripped.since) + PROBE_EVERY_MS;
  }

  probes(channel: Channel, delivery: number, now: number): void {
    const tripped = this.#tripped(channel);
    if (tripped) this.#write(channel, { ...tripped, probe: { at: now, delivery } }, 0);
  }

  isProbe(channel: Channel, delivery: number): boolean {
    return this.#tripped(channel)?.probe?.delivery === delivery;
  }

  #tripped(channel: Channel): Tripped | null {
    this.#read();
    return this.#faults.get(channelNumber(channel))?.fault ?? null;
  }

  /** Counts a try that did not reach the provider; true when it was one too many. */
  strike(channel: Channel): boolean {
    this.#read();
    const strikes = (this.#faults.get(channelNumber(channel))?.strikes ?? 0) + 1;
    this.#write(channel, this.#tripped(channel), strikes);
    return strikes >= STRIKES;
  }

  /** The provider has answered: strikes no longer count in a row. */
  reached(channel: Channel): void {
    this.#read();
    if ((this.#faults.get(channelNumber(channel))?.strikes ?? 0) > 0) this.#write(channel, this.#tripped(channel), 0);
  }

  clear(channel: Channel): void {
    if (this.fault(channel)) this.#write(channel, null, 0);
  }

  #write(channel: Channel, fault: Tripped | null, strikes: number): void {
    const number = channelNumber(channel);
    this.#sql.exec(
      `INSERT INTO gate VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fault = excluded.fault, strikes = excluded.strikes`,
      number,
      fault && JSON.stringify(fault),
      strikes,
    );
    this.#faults.set(number, { fault, strikes });
  }

  #read(): void {
    if (this.#isRead) return;
    const stored = this.#sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'rules'`).toArray()[0];
    this.#rules = stored ? (JSON.parse(stored.v) as Rules) : null;
    this.#faults = new Map(
      this.#sql
        .exec<{ channel: number; fault: string | null; strikes: number }>(`SELECT * FROM gate`)
        .toArray()
        .map((row) => [row.channel, { fault: row.fault === null ? null : (JSON.parse(row.fault) as Tripped), strikes: row.strikes }]),
    );
    this.#isRead = true;
  }
}
