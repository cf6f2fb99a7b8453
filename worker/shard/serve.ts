import { attemptRef, parseAttemptRef } from "@carillon/shared/attempt-ref";
import type { Channel, ExternalChannel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import type { Attempt } from "@carillon/shared/ledger";
import { LIMITS } from "@carillon/shared/limits";
import type { Reason } from "@carillon/shared/reasons";
import type { Outcome } from "../channels/channel.ts";
import { bundleHeld } from "./catch-up.ts";
import type { Claim, Served } from "./calls.ts";
import { MAX_ATTEMPTS } from "./ledger/back-off.ts";
import { STATE, channelName, channelNumber, noticeOf, numberOf } from "./ledger/cells.ts";
import { LEASE_MS, RANK, attemptsOf, burntAttempts, newestAttempt, toldBefore, type DeliveryRow, type Rank } from "./ledger/deliveries.ts";
import { messageOf } from "./message.ts";
import { applyOutcome, fail } from "./outcome.ts";
import type { Parts } from "./parts.ts";
import { park } from "./switch.ts";
import { addressOf } from "./people/people.ts";
import { decideAnew, moveBy } from "./plan.ts";
import { endUntold } from "./untold.ts";

/** How many due rows are looked up in one step; more only where none of them may be sent any more. */
const SCAN = 8;
/** How many parked ones a probe looks through for one that may go. */
const PROBE_SCAN = 50;
/** One claim in so many goes to whoever has waited longest, whatever is more urgent, so that nobody waits for ever. */
const LONGEST_EVERY = 10;
/** Enough to see whether more jobs are worth their messages. */
const BACKLOG_SEEN = 1_000;

type JobRef = { at: number; number: string };

/**
 * Serves the jobs of a shard: claims the most urgent, then the oldest due delivery of a lane (person × channel) that nobody else is
 * serving, settles it, claims the next. A claim is written before anything is sent; a lease that ran out leaves that one delivery in doubt.
 */
export class Counter {
  readonly #parts: Parts;
  /** Per channel, the people who are being sent something right now. Rebuilt from the rows after a restart. */
  #busy = new Map<number, Map<number, number>>();
  /** Failures of one job with the same number of attempts come back together. */
  #retryInstants = new Map<string, number>();
  #claims = 1;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  forget(): void {
    this.#busy.clear();
  }

  begin(channel: ExternalChannel, rules: Rules, job: JobRef, now: number): Served {
    const number = channelNumber(channel);
    this.#parts.wakes.heard(number, job.number, now);
    const rest = this.#parts.gates.rest(channel, now);
    if (rest) return { ...this.#end(channel, job, now), rest };
    if (rules.gates[channel] === "on") bundleHeld(this.#parts, rules, number, now);
    const served = this.#serve(channel, rules, job, now);
    if (served.claim) this.#callOthers(number, now);
    return served;
  }

  next(
    channel: ExternalChannel,
    rules: Rules,
    job: JobRef,
    settled: { claim: string; outcome: Outcome; ms: number; isLast: boolean; isOutdated?: boolean; pauses?: boolean },
    now: number,
  ): Served {
    this.#parts.wakes.heard(channelNumber(channel), job.number, now);
    const faulted = this.settle(settled.claim, settled.outcome, settled.ms, job, now, settled.isOutdated);
    const rest = this.#parts.gates.rest(channel, now);
    if (faulted || rest || settled.isLast) {
      return { ...this.#end(channel, job, now), ...(faulted ? { faulted } : {}), ...(rest ? { rest } : {}) };
    }
    if (settled.pauses) return this.#pause(channel, job, now);
    const served = this.#serve(channel, rules, job, now);
    if (served.claim && this.#parts.wakes.hasGrown(channelNumber(channel))) this.#callOthers(channelNumber(channel), now);
    return served;
  }

  /** More jobs, if more is due than one can serve. Where a job found nothing to claim, others would not either, however much is due. */
  #callOthers(channel: number, now: number): void {
    const backlog = this.#parts.deliveries.countDue(channel, now, BACKLOG_SEEN);
    if (backlog > LIMITS.jobPeople) this.#parts.wakes.wantNow(channel, now, backlog);
  }

  /** Writes down what became of a claim. Answers the fault if the channel has tripped over it. */
  settle(claim: string, outcome: Outcome, ms: number, job: JobRef, now: number, isOutdated = false): { why: string } | null {
    const { deliveries, shard } = this.#parts;
    const { deliveryId, attempt: n } = parseAttemptRef(claim);
    const number = numberOf(shard, deliveryId);
    const row = number === null ? null : deliveries.get(number);
    if (!row || n === null) return null;
    const attempt = attemptOf(n, outcome, ms, now);
    if (row.state !== STATE.sending || newestAttempt(row) + 1 !== n) {
      this.#settleLate(row, outcome, attempt, now);
      return null;
    }
    this.#lane(row.channel, now).delete(row.person);
    this.#notePace(channelName(row.channel), outcome, now);
    return applyOutcome(this.#parts, row, outcome, attempt, {
      now,
      isOutdated,
      retryAt: (burnt, wait) => this.#retryAt(job, outcome, burnt, now + wait, now),
    });
  }

  #notePace(channel: Channel, outcome: Outcome, now: number): void {
    const { gates } = this.#parts;
    if (outcome.restMs !== undefined) gates.slowed(channel, outcome.restMs, outcome.said ?? outcome.code ?? "too many messages", now);
    else if (outcome.kind === "ok") gates.unslowed(channel, now);
  }

  /** What failed together comes back together. */
  #retryAt(job: JobRef, { afterMs = 0 }: Outcome, burnt: number, due: number, now: number): number {
    const key = `${job.number}.${burnt}.${afterMs}`;
    const shared = this.#retryInstants.get(key);
    if (shared !== undefined && shared > now) return shared;
    if (this.#retryInstants.size > 1_000) this.#retryInstants.clear();
    this.#retryInstants.set(key, due);
    return due;
  }

  /** The answer of a job whose lease had run out: if it did send and nobody has since, the delivery is done after all. */
  #settleLate(row: DeliveryRow, outcome: Outcome, attempt: Attempt, now: number): void {
    const { deliveries } = this.#parts;
    const waits = row.state !== STATE.sending && (row.due !== null || row.state === STATE.parked);
    if (outcome.kind === "ok" && waits) deliveries.move(row, STATE.sent, "matrix", null);
    deliveries.addReceipt(row, {
      at: new Date(now).toISOString(),
      state: outcome.kind === "ok" ? "sent" : "failed",
      said: `late: ${attempt.said ?? outcome.kind}`,
    });
  }

  #serve(channel: ExternalChannel, rules: Rules, job: JobRef, now: number): Served {
    const gate = rules.gates[channel];
    const claim = gate === "on" ? this.#claim(channel, rules, now) : gate === "fault" ? this.#probe(channel, rules, now) : null;
    if (claim) return { claim, wakes: [] };
    this.#parts.wakes.ended(channelNumber(channel), job.number); // What else is due waits for the jobs that serve its people.
    return { claim: null, wakes: [] };
  }

  /** A tripped channel is tried with the oldest message that may go; if it arrives, the others follow. */
  #probe(channel: ExternalChannel, rules: Rules, now: number): Claim | null {
    const { deliveries, gates } = this.#parts;
    const at = gates.nextProbe(channel);
    if (at === null || at > now) return null;
    this.parkLost(channel, "channel-fault", now);
    const open: Rules = { ...rules, gates: { ...rules.gates, [channel]: "on" } };
    for (const row of deliveries.parked(channelNumber(channel), -1, PROBE_SCAN)) {
      gates.probes(channel, row.id, now);
      deliveries.move(row, STATE.queued, "matrix", now);
      const claim = this.#check(channel, open, row, now);
      if (claim) return claim;
    }
    return null;
  }

  /** The job comes back if there is more for it. */
  #pause(channel: ExternalChannel, job: JobRef, now: number): Served {
    const number = channelNumber(channel);
    const waiting = this.#parts.deliveries.countDue(number, now, LIMITS.jobPeople) - this.#lane(number, now).size;
    return waiting > 0 ? { claim: null, wakes: [], isPaused: true } : this.#end(channel, job, now);
  }

  /** Nothing more for this job; whatever became due meanwhile gets a wake-up of its own. */
  #end(channel: ExternalChannel, job: JobRef, now: number): Served {
    const { wakes, deliveries } = this.#parts;
    const number = channelNumber(channel);
    wakes.ended(number, job.number);
    const waiting = deliveries.countDue(number, now, BACKLOG_SEEN) - this.#lane(number, now).size;
    if (waiting > 0) wakes.wantNow(number, now, waiting, true);
    return { claim: null, wakes: [] };
  }

  #claim(channel: ExternalChannel, rules: Rules, now: number): Claim | null {
    const earliest = this.#parts.deliveries.earliestByRank(channelNumber(channel));
    const isDue = (rank: number) => (earliest[rank] ?? Infinity) <= now;
    const ranks = Object.values(RANK).filter(isDue);
    if (ranks.length > 1 && this.#claims++ % LONGEST_EVERY === 0) ranks.sort((a, b) => earliest[a]! - earliest[b]!);
    for (const rank of ranks) {
      const claim = this.#claimOf(channel, rules, rank, ranks.length > 1, now);
      if (claim) return claim;
    }
    return null;
  }

  /** `hasOthers`: other ranks are due as well, and among them may be what the same person was to be told before. */
  #claimOf(channel: ExternalChannel, rules: Rules, rank: Rank, hasOthers: boolean, now: number): Claim | null {
    const { deliveries } = this.#parts;
    const number = channelNumber(channel);
    const lane = this.#lane(number, now);
    const passed = new Set<number>(); // Elders that were looked at before their own turn came.
    for (;;) {
      const ids = deliveries.claimable(number, rank, now, [...lane.keys()], SCAN);
      for (const id of ids) {
        if (passed.has(id)) continue;
        const row = deliveries.get(id)!;
        if (row.state === STATE.sending) {
          this.#doubt(row, now);
          if (row.due === null || row.due > now) continue;
        }
        for (let elder = hasOthers ? deliveries.elder(row, now) : null; elder; elder = deliveries.elder(row, now)) {
          const claim = this.#check(channel, rules, elder, now);
          if (claim) return claim;
          passed.add(elder.id);
        }
        const claim = this.#check(channel, rules, row, now);
        if (claim) return claim;
      }
      if (ids.length < SCAN) return null;
    }
  }

  /** The checks in their order, on the present and not on what was true when it was queued. Moves the row, or claims it. */
  #check(channel: ExternalChannel, rules: Rules, row: DeliveryRow, now: number): Claim | null {
    const { deliveries, people } = this.#parts;
    if (row.expires !== null && row.expires <= now) return (endUntold(this.#parts, row, STATE.expired, "expired", now), null);
    // Route, preference, address and quiet hours of this moment; the budget will be asked here, last before the claim.
    const decision = decideAnew(this.#parts, rules, row, now);
    if (decision.do !== "send") return (moveBy(this.#parts, row, decision, now), null);
    const person = people.at(row.person)!;
    if (channel === "push" && this.#isShownInTab(row, person.id)) return (deliveries.move(row, STATE.skipped, "shown-in-tab", null), null);
    deliveries.claim(row, now, addressOf(person, channel)!);
    this.#lane(row.channel, now).set(row.person, row.id);
    const message = messageOf(this.#parts, rules, row, person, now);
    return { id: attemptRef(message), message };
  }

  /** The item is in the bell, and the person looks at it: a push would say it twice. */
  #isShownInTab(row: DeliveryRow, person: string): boolean {
    if (!this.#parts.isWatching(person)) return false;
    const notice = this.#parts.inbox.notice(row.person, noticeOf(row.id));
    return notice !== null && notice.seq !== null && row.bundle === null;
  }

  /** Leases that ran out on a channel that serves nobody now: what was in doubt waits with the rest. */
  parkLost(channel: ExternalChannel, why: Reason, now: number): void {
    for (const row of this.#parts.deliveries.sending(channelNumber(channel), now)) {
      if (row.lease !== null && row.lease <= now) this.#doubt(row, now);
    }
    park(this.#parts, channel, why);
  }

  /** When the next lease of those that are being sent runs out; null if none will. */
  nextDoubt(channel: ExternalChannel, now: number): number | null {
    const leases = [...this.#lane(channelNumber(channel), now).values()].map((id) => this.#parts.deliveries.get(id)?.lease ?? null);
    const later = leases.filter((lease) => lease !== null && lease > now) as number[];
    return later.length === 0 ? null : Math.min(...later);
  }

  /** A job died while it was sending this one. It may have arrived: again with the same id, and said so. */
  #doubt(row: DeliveryRow, now: number): void {
    this.#lane(row.channel, now).delete(row.person);
    const before = attemptsOf(row);
    const attempt: Attempt = {
      n: newestAttempt(row) + 1,
      at: new Date(now).toISOString(),
      outcome: "ambiguous",
      said: "The sender stopped before it could say what became of this try.",
      ambiguous: true,
      ms: row.lease === null ? 0 : now - (row.lease - LEASE_MS),
    };
    const told = toldBefore(row);
    if (told && told.state !== "failed") this.#parts.deliveries.move(row, STATE[told.state], "matrix", null, attempt);
    else if (burntAttempts(row, before) + 1 >= MAX_ATTEMPTS) fail(this.#parts, row, "gave-up", attempt, now);
    else this.#parts.deliveries.move(row, STATE.queued, "matrix", row.due, attempt);
  }

  #lane(channel: number, now: number): Map<number, number> {
    let lane = this.#busy.get(channel);
    if (!lane) this.#busy.set(channel, (lane = new Map(this.#parts.deliveries.sending(channel, now).map((row) => [row.person, row.id]))));
    return lane;
  }
}

function attemptOf(n: number, outcome: Outcome, ms: number, now: number): Attempt {
  return {
    n,
    at: new Date(now).toISOString(),
    outcome: outcome.kind,
    ...(outcome.code === undefined ? {} : { code: outcome.code }),
    ...(outcome.said === undefined ? {} : { said: outcome.said }),
    ...(outcome.remedy === undefined ? {} : { remedy: outcome.remedy }),
    ambiguous: outcome.kind === "ambiguous",
    ms,
  };
}
