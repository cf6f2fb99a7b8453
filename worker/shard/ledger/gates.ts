import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Gate, Rules } from "@carillon/shared/decide";
import type { Pace } from "@carillon/shared/pace";
import type { Sql } from "../../ports.ts";
import { channelNumber } from "./cells.ts";
import { MAX_JOBS, type Limits } from "./wakes.ts";
import { growingRest, statedRest, type Rest } from "./rest.ts";

export type Fault = { why: string; remedy: string | null; since: number };
/** A tripped channel is tried anew with one message: which, and since when. */
type Tripped = Fault & { probe?: { at: number; delivery: number } };
type Kept = { fault: Tripped | null; strikes: number; rest: Rest | null };
const NO_LIMIT: Pace = { perSecond: null, connections: null };
const NOTHING: Kept = { fault: null, strikes: 0, rest: null };

/** So many tries in a row that did not reach the provider are a fault of the channel, not of the messages. */
const STRIKES = 5;

/** How long a tripped channel rests before it is tried with one message. */
const PROBE_EVERY_MS = 60_000;

/** Whether a channel may send: what the admin has set, and whether it has tripped. Read inside every claim. */
export class Gates {
  readonly #sql: Sql;
  #rules: Rules | null = null;
  #kept = new Map<number, Kept>();
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
    const since = before?.since ?? fault.since;
    this.#write(channel, { fault: { ...fault, since, ...(before?.probe ? { probe: before.probe } : {}) }, strikes: 0 });
  }

  /** From when on a tripped channel may be tried with one message; null if it has not tripped. */
  nextProbe(channel: Channel): number | null {
    const tripped = this.#tripped(channel);
    return tripped && (tripped.probe?.at ?? tripped.since) + PROBE_EVERY_MS;
  }

  probes(channel: Channel, delivery: number, now: number): void {
    const tripped = this.#tripped(channel);
    if (tripped) this.#write(channel, { fault: { ...tripped, probe: { at: now, delivery } }, strikes: 0 });
  }

  isProbe(channel: Channel, delivery: number): boolean {
    return this.#tripped(channel)?.probe?.delivery === delivery;
  }

  #tripped(channel: Channel): Tripped | null {
    return this.#keptOf(channel).fault;
  }

  /** What its pace, and a provider that slows us down, leave of a channel's jobs. One sends a message a second at the least. */
  limits(channel: Channel, now: number): Limits {
    const { connections, perSecond } = this.savedRules()?.paces?.[channel] ?? NO_LIMIT;
    const jobs = Math.min(MAX_JOBS, connections ?? MAX_JOBS, Math.ceil(perSecond ?? MAX_JOBS));
    return { jobs, restsUntil: this.rest(channel, now)?.until ?? 0 };
  }

  /** A provider that slows us down, and until when it is left alone; null for any other. */
  rest(channel: Channel, now: number): Rest | null {
    const { rest } = this.#keptOf(channel);
    return rest && rest.until > now ? rest : null;
  }

  /** The provider slows us down. `ms` is what it asked for; null where it did not say, and then it is left alone longer every time. */
  slowed(channel: Channel, ms: number | null, why: string, now: number): void {
    const before = this.#keptOf(channel).rest;
    const rest = ms === null ? growingRest(before, why, now) : statedRest(before, ms, why, now);
    if (rest !== before) this.#write(channel, { rest });
  }

  /** What another shard has heard of the provider. */
  rests(channel: Channel, until: number, why: string): void {
    const before = this.#keptOf(channel).rest;
    if (before === null || before.until < until) this.#write(channel, { rest: { times: 0, ...before, until, why } });
  }

  /** The provider takes messages again; what was on its way when it began to slow us down does not say so. */
  unslowed(channel: Channel, now: number): void {
    const { rest } = this.#keptOf(channel);
    if (rest && rest.until <= now) this.#write(channel, { rest: null });
  }

  /** Counts a try that did not reach the provider; true when it was one too many. */
  strike(channel: Channel): boolean {
    const strikes = this.#keptOf(channel).strikes + 1;
    this.#write(channel, { strikes });
    return strikes >= STRIKES;
  }

  /** The provider has answered: strikes no longer count in a row. */
  reached(channel: Channel): void {
    if (this.#keptOf(channel).strikes > 0) this.#write(channel, { strikes: 0 });
  }

  clearRest(channel: Channel): void {
    if (this.#keptOf(channel).rest) this.#write(channel, { rest: null });
  }

  clear(channel: Channel): void {
    const { fault, rest } = this.#keptOf(channel);
    if (fault || rest) this.#write(channel, NOTHING);
  }

  #keptOf(channel: Channel): Kept {
    this.#read();
    return this.#kept.get(channelNumber(channel)) ?? NOTHING;
  }

  #write(channel: Channel, changes: Partial<Kept>): void {
    const number = channelNumber(channel);
    const kept = { ...this.#keptOf(channel), ...changes };
    this.#sql.exec(
      `INSERT INTO gate VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET fault = excluded.fault, strikes = excluded.strikes, rest = excluded.rest`,
      number,
      kept.fault && JSON.stringify(kept.fault),
      kept.strikes,
      kept.rest && JSON.stringify(kept.rest),
    );
    this.#kept.set(number, kept);
  }

  #read(): void {
    if (this.#isRead) return;
    const stored = this.#sql.exec<{ v: string }>(`SELECT v FROM meta WHERE k = 'rules'`).toArray()[0];
    this.#rules = stored ? (JSON.parse(stored.v) as Rules) : null;
    this.#kept = new Map(
      this.#sql
        .exec<{ channel: number; fault: string | null; strikes: number; rest: string | null }>(`SELECT * FROM gate`)
        .toArray()
        .map(({ channel, fault, strikes, rest }) => [
          channel,
          {
            fault: fault === null ? null : (JSON.parse(fault) as Tripped),
            strikes,
            rest: rest === null ? null : (JSON.parse(rest) as Rest),
          },
        ]),
    );
    this.#isRead = true;
  }
}
