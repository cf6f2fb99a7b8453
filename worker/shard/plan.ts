import { decideCell, type Decision, type Rules } from "@carillon/shared/decide";
import { STATE, channelName, noticeOf } from "./ledger/cells.ts";
import type { DeliveryRow } from "./ledger/deliveries.ts";
import type { Parts } from "./parts.ts";
import { toDecided } from "./people/people.ts";
import { endUntold } from "./untold.ts";

/**
 * What today's rules say of a delivery that was decided before. An erased person has no address any more. The row's next move writes
 * down what it was decided by.
 */
export function decideAnew(parts: Parts, rules: Rules, row: DeliveryRow, now: number): Decision {
  row.decided = now;
  row.rules = rules.version;
  const event = parts.events.containing(noticeOf(row.id));
  const person = parts.people.at(row.person);
  if (!event || !person) return { do: "skip", why: "no-address" };
  const channel = channelName(row.channel);
  const decision = decideCell(rules, event, channel, toDecided(person, now), now);
  return parts.templateFaults.hold(rules, event.type, channel, person.locale, decision);
}

/** Moves a delivery that may not go now to where the decision says. Answers who takes its place, see untold.ts. */
export function moveBy(parts: Parts, row: DeliveryRow, decision: Exclude<Decision, { do: "send" }>, now: number): DeliveryRow | null {
  switch (decision.do) {
    case "hold":
      return (parts.deliveries.move(row, STATE.held, decision.why, decision.until), null);
    case "park":
      return (parts.deliveries.move(row, STATE.parked, decision.why, null), null);
    case "skip":
      if (decision.why === "expired") return endUntold(parts, row, STATE.expired, "expired", now);
      // A route that was switched off cancels what is not sent yet.
      if (decision.why === "matrix-off" || decision.why === "urgent-only") return endUntold(parts, row, STATE.cancelled, "route-off", now);
      return endUntold(parts, row, STATE.skipped, decision.why, now);
  }
}

/**
 * Looks anew at everything that waits (of one person, or of all) after rules, preferences or a zone have changed: longer, shorter, now,
 * or not at all. A delivery between two tries keeps its instant, unless it is not to be sent any more.
 */
export function replan(parts: Parts, rules: Rules, person: number | null, now: number): void {
  for (const row of parts.deliveries.open(person)) {
    const decision = decideAnew(parts, rules, row, now);
    if (decision.do === "send") {
      if (row.state === STATE.held) parts.deliveries.move(row, STATE.queued, "matrix", now);
    } else if (decision.do !== "hold" || (row.attempts === null && (row.state !== STATE.held || row.due !== decision.until))) {
      moveBy(parts, row, decision, now);
    }
  }
}
