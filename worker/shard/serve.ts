import type { Channel, ExternalChannel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import type { Attempt } from "@carillon/shared/ledger";
import { LIMITS } from "@carillon/shared/limits";
import type { Reason } from "@carillon/shared/reasons";
import type { Outcome } from "../channels/channel.ts";
import { languageOf, renderTexts } from "../templates/render.ts";
import { bundleHeld, bundledTexts } from "./catch-up.ts";
import type { Claim, Served } from "./calls.ts";
import { backOff, MAX_ATTEMPTS } from "./ledger/back-off.ts";
import { STATE, channelName, channelNumber, noticeOf, numberOf, publicId } from "./ledger/cells.ts";
import { attemptsOf, burntAttempts, type DeliveryRow } from "./ledger/deliveries.ts";
import type { Parts } from "./parts.ts";
import { park } from "./switch.ts";
import { addressOf } from "./people/people.ts";
import { decideAnew, moveBy } from "./plan.ts";

/** How many due rows are looked at in one step; more only where many people's lanes are busy. */
const SCAN = 50;
/** Enough to see whether more jobs are worth their messages. */
const BACKLOG_SEEN = 1_000;

type JobRef = { at: number; number: string };

/**
 * Serves the jobs of a shard: claims the oldest due delivery of a lane (person × channel) that nobody else is serving, settles it,
 * claims the next. A claim is written before anything is sent; a lease that ran out leaves that one delivery in doubt.
 */
export class Counter {
  readonly #parts: Parts;
  /** Per channel, the people who are being sent something right now. Rebuilt from the rows after a restart. */
  #busy = new Map<number, Map<number, number>>();
  /** Failures of one job with the same number of attempts come back together. */
  #retryInstants = new Map<string, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  forget(): void {
    this.#busy.clear();
  }

  begin(channel: ExternalChannel, rules: Rules, job: JobRef, now: number): Served {
    const number = channelNumber(channel);
    this.#parts.wakes.heard(number, job.number, now);
    if (rules.gates[channel] === "on") bundleHeld(this.#parts, rules, number, now);
    const backlog = this.#parts.deliveries.countDue(number, now, BACKLOG_SEEN);
    if (backlog > LIMITS.jobPeople && rules.gates[channel] === "on") this.#parts.wakes.wantNow(number, now, backlog);
    return this.#serve(channel, rules, job, now);
  }

  next(
    channel: ExternalChannel,
    rules: Rules,
    job: JobRef,
    settled: { claim: string; outcome: Outcome; ms: number; isLast: boolean },
    now: number,
  ): Served {
    this.#parts.wakes.heard(channelNumber(channel), job.number, now);
    const faulted = this.settle(channel, settled.claim, settled.outcome, settled.ms, job, now);
    if (faulted || settled.isLast) return { ...this.#end(channel, job, now), ...(faulted ? { faulted } : {}) };
    return this.#serve(channel, rules, job, now);
  }

  /** Writes down what became of a claim. Answers the fault if the channel has tripped over it. */
  settle(channel: Channel, claim: string, outcome: Outcome, ms: number, job: JobRef, now: number): { why: string } | null {
    const { deliveries, gates, people, shard } = this.#parts;
    const [id = "", attemptNumber = ""] = claim.split(".");
    const number = numberOf(shard, id);
    const row = number === null ? null : deliveries.get(number);
    if (!row) return null;
    const attempts = attemptsOf(row);
    const attempt = attemptOf(Number(attemptNumber), outcome, ms, now);
    if (row.state !== STATE.sending || attempts.length + 1 !== attempt.n) {
      this.#settleLate(row, outcome, attempt, now);
      return null;
    }
    this.#lane(row.channel, now).delete(row.person);

    if (outcome.kind !== "fault" && !outcome.unreachable) gates.reached(channel);
    const isTripped = outcome.kind === "fault" || (outcome.unreachable === true && gates.strike(channel));
    switch (outcome.kind) {
      case "ok":
        deliveries.move(row, STATE.sent, "matrix", null, attempt);
        break;
      case "permanent":
        deliveries.move(row, STATE.failed, outcome.code ?? "permanent", null, attempt);
        break;
      case "gone": {
        const person = people.at(row.person);
        if (person && row.sent_to) people.markGone(person, channel, row.sent_to, outcome.said ?? outcome.code ?? "gone", now);
        deliveries.move(row, STATE.failed, "address-gone", null, attempt);
        break;
      }
      case "fault":
        deliveries.move(row, STATE.queued, "matrix", row.due, attempt);
        break;
      case "retry":
      case "ambiguous":
        this.#putOff(row, attempts, attempt, outcome, job, now);
        break;
    }
    if (!isTripped) return null;
    const why = outcome.said ?? outcome.code ?? "The provider can't be reached";
    gates.trip(channel, { why, remedy: outcome.remedy ?? null, since: now });
    park(this.#parts, channel, "channel-fault");
    return { why };
  }

  #putOff(row: DeliveryRow, before: Attempt[], attempt: Attempt, outcome: Outcome, job: JobRef, now: number): void {
    const burnt = burntAttempts(row, [...before, attempt]);
    const wait = backOff(burnt, this.#parts.random(), outcome.afterMs);
    if (wait === null || burnt >= MAX_ATTEMPTS) {
      this.#parts.deliveries.move(row, STATE.failed, outcome.code ?? "gave-up", null, attempt);
      return;
    }
    const key = `${job.number}.${burnt}.${outcome.afterMs ?? 0}`;
    const shared = this.#retryInstants.get(key);
    const due = shared !== undefined && shared > now ? shared : now + wait;
    if (this.#retryInstants.size > 1_000) this.#retryInstants.clear();
    this.#retryInstants.set(key, due);
    if (row.expires !== null && due >= row.expires) this.#parts.deliveries.move(row, STATE.expired, "expired", null, attempt);
    else if (this.#parts.gates.gate(channelName(row.channel)) !== "on")
      this.#parts.deliveries.move(row, STATE.parked, "channel-off", null, attempt);
    else this.#parts.deliveries.move(row, STATE.queued, "matrix", due, attempt);
  }

  /** The answer of a job whose lease had run out: if it did send and nobody has since, the delivery is done after all. */
  #settleLate(row: DeliveryRow, outcome: Outcome, attempt: Attempt, now: number): void {
    const { deliveries } = this.#parts;
    if (outcome.kind === "ok" && row.due !== null && row.state !== STATE.sending) deliveries.move(row, STATE.sent, "matrix", null);
    deliveries.addReceipt(row, {
      at: new Date(now).toISOString(),
      state: outcome.kind === "ok" ? "sent" : "failed",
      said: `late: ${attempt.said ?? outcome.kind}`,
    });
  }

  #serve(channel: ExternalChannel, rules: Rules, job: JobRef, now: number): Served {
    if (rules.gates[channel] === "on") {
      const claim = this.#claim(channel, rules, now);
      if (claim) return { claim, wakes: [] };
    }
    return this.#end(channel, job, now);
  }

  /** Nothing more for this job; whatever became due meanwhile gets a wake-up of its own. */
  #end(channel: ExternalChannel, job: JobRef, now: number): Served {
    const { wakes, deliveries } = this.#parts;
    const number = channelNumber(channel);
    wakes.ended(number, job.number);
    const waiting = deliveries.countDue(number, now, BACKLOG_SEEN) - this.#lane(number, now).size;
    if (waiting > 0) wakes.wantNow(number, now, waiting);
    return { claim: null, wakes: [] };
  }

  #claim(channel: ExternalChannel, rules: Rules, now: number): Claim | null {
    const number = channelNumber(channel);
    const lane = this.#lane(number, now);
    const passedOver = new Set<number>();
    for (let offset = 0; ;) {
      const rows = this.#parts.deliveries.due(number, now, SCAN, offset);
      for (const row of rows) {
        if (row.state === STATE.sending) {
          if (row.lease !== null && row.lease > now) {
            offset++;
            continue;
          }
          this.#doubt(row, now);
          if (row.due === null || row.due > now) continue;
        }
        if (lane.has(row.person) || passedOver.has(row.person)) {
          passedOver.add(row.person);
          offset++;
          continue;
        }
        const claim = this.#check(channel, rules, row, now);
        if (claim) return claim;
      }
      if (rows.length < SCAN) return null;
    }
  }

  /** The checks in their order, on the present and not on what was true when it was queued. Moves the row, or claims it. */
  #check(channel: ExternalChannel, rules: Rules, row: DeliveryRow, now: number): Claim | null {
    const { deliveries, people, events, shard, org } = this.#parts;
    if (row.expires !== null && row.expires <= now) return (deliveries.move(row, STATE.expired, "expired", null), null);
    // Route, preference, address and quiet hours of this moment; the budget will be asked here, last before the claim.
    const decision = decideAnew(this.#parts, rules, row, now);
    if (decision.do !== "send") return (moveBy(this.#parts, row, decision), null);
    const event = events.containing(noticeOf(row.id))!;
    const person = people.at(row.person)!;
    const address = addressOf(person, channel)!;
    deliveries.claim(row, now, address);
    this.#lane(row.channel, now).set(row.person, row.id);
    const id = publicId(shard, row.id);
    const attempt = attemptsOf(row).length + 1;
    const language = languageOf(person.locale);
    return {
      id: `${id}.${attempt}`,
      attempt,
      message: {
        deliveryId: id,
        org,
        to: { id: person.id, name: person.name, address, locale: language },
        event: { id: event.id, type: event.type, priority: event.priority },
        texts: bundledTexts(this.#parts, row) ?? renderTexts(event, "email", language),
        link: row.bundle === null ? event.link : null,
      },
    };
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
      n: before.length + 1,
      at: new Date(now).toISOString(),
      outcome: "ambiguous",
      said: "The sender stopped before it could say what became of this try.",
      ambiguous: true,
      ms: 0,
    };
    if (burntAttempts(row, before) + 1 >= MAX_ATTEMPTS) this.#parts.deliveries.move(row, STATE.failed, "gave-up", null, attempt);
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
