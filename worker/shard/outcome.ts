import type { Channel } from "@carillon/shared/channels";
import type { Attempt } from "@carillon/shared/ledger";
import type { Outcome } from "../channels/channel.ts";
import { tellOfFailure, tellOfFault } from "./alerts.ts";
import { backOff, MAX_ATTEMPTS } from "./ledger/back-off.ts";
import { STATE, channelName } from "./ledger/cells.ts";
import { attemptsOf, burntAttempts, toldBefore, type DeliveryRow } from "./ledger/deliveries.ts";
import type { Parts } from "./parts.ts";
import { decideAnew } from "./plan.ts";
import { parkUnlessOn, park, release } from "./switch.ts";
import { stopTemplate } from "./template.ts";
import { endUntold } from "./untold.ts";

/**
 * `retryAt` chooses the instant of the next try for a wait of so many ms. `isOutdated`: it was tried with older settings, so that
 * nothing of it is the fault of the channel as it is now.
 */
type At = { now: number; retryAt: (burnt: number, wait: number) => number; isOutdated?: boolean };

/**
 * Moves a delivery to where an outcome puts it: of a try (`attempt`), or told by the provider later (null). Answers why the whole
 * channel has tripped, if it has.
 */
export function applyOutcome(parts: Parts, row: DeliveryRow, outcome: Outcome, attempt: Attempt | null, at: At): { why: string } | null {
  const { deliveries, people, browsers, gates } = parts;
  const channel = channelName(row.channel);
  for (const endpoint of outcome.gone ?? []) browsers.remove(endpoint, people.at(row.person), at.now);
  if (attempt && gates.isProbe(channel, row.id)) {
    // A probe that does not get through says nothing of its message, so it is no try of it.
    if (outcome.kind === "retry" && outcome.unreachable) {
      const fault: Outcome = { ...outcome, kind: "fault" };
      return applyOutcome(parts, row, fault, { ...attempt, outcome: "fault" }, at);
    }
    if (outcome.kind !== "fault" && outcome.kind !== "ambiguous") {
      gates.clear(channel);
      parts.news.note(channel, null);
      release(parts, gates.rules()!, channel, "all", at.now);
    }
  }
  const isForTemplate = outcome.kind === "fault" && outcome.template !== undefined;
  if (attempt && (outcome.kind !== "fault" || isForTemplate) && !outcome.unreachable) gates.reached(channel);
  const told = attempt ? toldBefore(row) : null;
  const hasArrived = told !== null && told.state !== "failed";
  // What the provider has told of meanwhile is not sent again, whatever became of our question.
  const isOver = hasArrived && (outcome.kind === "retry" || outcome.kind === "ambiguous" || outcome.kind === "permanent");
  switch (isOver ? "ok" : outcome.kind) {
    case "ok": {
      deliveries.move(row, hasArrived ? STATE[told.state] : STATE.sent, "matrix", null, attempt);
      if (told?.state === "failed") return applyOutcome(parts, row, told.outcome ?? UNEXPLAINED, null, at);
      break;
    }
    case "permanent":
      if (outcome.expired) endUntold(parts, row, STATE.expired, "expired", at.now, attempt);
      else fail(parts, row, outcome.code ?? "permanent", attempt, at.now);
      break;
    case "gone":
      suspend(parts, row, channel, outcome, at.now);
      fail(parts, row, "address-gone", attempt, at.now);
      break;
    case "fault":
      if (isForTemplate) parkWithTemplate(parts, row, outcome, attempt, at.now);
      else deliveries.move(row, STATE.queued, "matrix", row.due ?? at.now, attempt);
      break;
    case "retry":
    case "ambiguous":
      putOff(parts, row, outcome, attempt, at);
      break;
  }
  if (at.isOutdated) {
    parkUnlessOn(parts, channel);
    return null;
  }
  const isTripped =
    (outcome.kind === "fault" && !isForTemplate) || (attempt !== null && outcome.unreachable === true && gates.strike(channel));
  return isTripped ? trip(parts, channel, outcome, at.now) : null;
}

/** What a provider's "failed" means that comes without a reason. */
export const UNEXPLAINED: Outcome = { kind: "permanent", code: "failed" };

function trip(parts: Parts, channel: Channel, outcome: Outcome, now: number): { why: string } {
  const why = outcome.said ?? outcome.code ?? "The provider can't be reached";
  const fault = { why, remedy: outcome.remedy ?? null, since: now };
  if (parts.gates.fault(channel) === null) {
    tellOfFault(parts, channel, fault, now);
    parts.news.note(channel, fault);
  }
  parts.gates.trip(channel, fault);
  park(parts, channel, "channel-fault");
  return { why };
}

/** The end of a delivery that a person should look at. */
export function fail(parts: Parts, row: DeliveryRow, why: string, attempt: Attempt | null, now: number): void {
  parts.deliveries.move(row, STATE.failed, why, null, attempt);
  tellOfFailure(parts, channelName(row.channel), now);
}

function suspend({ people }: Parts, row: DeliveryRow, channel: Channel, outcome: Outcome, now: number): void {
  const person = people.at(row.person);
  // Of a person's browsers only single ones are gone, and those were named.
  if (!person || row.sent_to === null || channel === "push") return;
  people.markGone(person, {
    channel,
    address: row.sent_to,
    why: outcome.said ?? outcome.remedy ?? outcome.code ?? "gone",
    since: new Date(now).toISOString(),
    ...(outcome.goneForMs === undefined ? {} : { until: new Date(now + outcome.goneForMs).toISOString() }),
    ...(outcome.optedOut ? { optedOut: true } : {}),
  });
}

/** Waits with all that would be sent with the same template. */
function parkWithTemplate(parts: Parts, row: DeliveryRow, outcome: Outcome, attempt: Attempt | null, now: number): void {
  const fault = { why: outcome.said ?? outcome.code ?? "The template can't be used", remedy: outcome.remedy ?? null, since: now };
  if (outcome.template) stopTemplate(parts, outcome.template, fault, now);
  const rules = parts.gates.rules();
  // Another template may have been chosen since this message was made.
  const mayGo = rules?.templates !== undefined && decideAnew(parts, rules, row, now).do === "send";
  if (mayGo) parts.deliveries.move(row, STATE.queued, "matrix", now, attempt);
  else parts.deliveries.move(row, STATE.parked, "template-not-approved", null, attempt);
}

function putOff(parts: Parts, row: DeliveryRow, outcome: Outcome, attempt: Attempt | null, { now, retryAt }: At): void {
  const { deliveries, gates, random } = parts;
  const burnt = burntAttempts(row, attempt ? [...attemptsOf(row), attempt] : attemptsOf(row));
  const wait = backOff(Math.max(1, burnt), random(), outcome.afterMs);
  if (wait === null || burnt >= MAX_ATTEMPTS) return fail(parts, row, outcome.code ?? "gave-up", attempt, now);
  const due = retryAt(burnt, Math.min(wait, outcome.atMostMs ?? Infinity));
  if (row.expires !== null && due >= row.expires) endUntold(parts, row, STATE.expired, "expired", now, attempt);
  else if (gates.gate(channelName(row.channel)) === "fault") deliveries.move(row, STATE.parked, "channel-fault", null, attempt);
  else if (gates.gate(channelName(row.channel)) !== "on") deliveries.move(row, STATE.parked, "channel-off", null, attempt);
  else deliveries.move(row, STATE.queued, "matrix", due, attempt);
}
