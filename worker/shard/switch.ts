import type { Channel } from "@carillon/shared/channels";
import type { Gate, Rules } from "@carillon/shared/decide";
import type { Reason } from "@carillon/shared/reasons";
import type { Release } from "@carillon/shared/settings";
import { bundleParked } from "./catch-up.ts";
import { STATE, channelName, channelNumber, noticeOf } from "./ledger/cells.ts";
import type { DeliveryRow } from "./ledger/deliveries.ts";
import type { Parts } from "./parts.ts";
import { decideAnew, moveBy } from "./plan.ts";
import { endUntold } from "./untold.ts";

const SLICE = 500;
const DAY_MS = 86_400_000;

/** Takes everything that waits on a channel out of the queue. What is being sent right now settles by itself. */
export function park(parts: Parts, channel: Channel, why: Reason): void {
  parts.deliveries.parkAll(channelNumber(channel), why);
}

/** The same where the channel serves nobody now. */
export function parkUnlessOn(parts: Parts, channel: Channel): void {
  const gate = parts.gates.gate(channel);
  if (gate !== "on") park(parts, channel, gate === "fault" ? "channel-fault" : "channel-off");
}

/** Lets what is parked on a channel go on, each exactly once, in the order of acceptance, through all checks. */
export function release(parts: Parts, rules: Rules, channel: Channel, choice: Release, now: number): void {
  const number = channelNumber(channel);
  if (choice === "digest") bundleParked(parts, rules, number, now);
  let after = -1;
  for (;;) {
    const rows = parts.deliveries.parked(number, after, SLICE);
    for (const row of rows) {
      for (let one: DeliveryRow | null = row; one;) one = releaseOne(parts, rules, one, choice, now);
    }
    if (rows.length < SLICE) return;
    after = rows.at(-1)!.id;
  }
}

/** Answers who takes its place where it is not told any more and spoke for others. */
function releaseOne(parts: Parts, rules: Rules, row: DeliveryRow, choice: Release, now: number): DeliveryRow | null {
  const event = parts.events.containing(noticeOf(row.id));
  if (row.expires !== null && row.expires <= now) return endUntold(parts, row, STATE.expired, "expired", now);
  const isDropped =
    (choice === "urgent" && event?.priority !== "high") ||
    (typeof choice === "object" && event !== null && event.at < now - choice.dropOlderThanDays * DAY_MS);
  if (isDropped) return endUntold(parts, row, STATE.cancelled, "dropped-at-release", now);
  const decision = decideAnew(parts, rules, row, now);
  if (decision.do !== "send") return moveBy(parts, row, decision, now);
  if (channelName(row.channel) === "in-app") appear(parts, row, decision.silent ?? false);
  else parts.deliveries.move(row, STATE.queued, "matrix", now);
  return null;
}

/** In-app items whose instant has come: they take their place in the inbox, or wait on if it is quiet now. */
export function appearDue(parts: Parts, rules: Rules, now: number): void {
  for (;;) {
    const rows = parts.deliveries.due(channelNumber("in-app"), now, SLICE);
    for (const row of rows) {
      const decision = decideAnew(parts, rules, row, now);
      if (decision.do === "send") appear(parts, row, decision.silent ?? false);
      else moveBy(parts, row, decision, now);
    }
    if (rows.length < SLICE) return;
  }
}

function appear(parts: Parts, row: DeliveryRow, isSilent: boolean): void {
  const person = parts.people.at(row.person);
  if (!person) return parts.deliveries.move(row, STATE.skipped, "no-address", null);
  parts.inbox.release(person, noticeOf(row.id), isSilent);
  parts.deliveries.move(row, STATE.delivered, "matrix", null);
}

/** Acts on the difference between two sets of rules. */
export function switchGates(
  parts: Parts,
  before: Rules | null,
  after: Rules,
  releases: Partial<Record<Channel, Release>>,
  now: number,
): void {
  for (const channel of Object.keys(after.gates) as Channel[]) {
    const was: Gate = before?.gates[channel] ?? "unset";
    const is = after.gates[channel];
    if (is === "on" && was !== "on") {
      parts.gates.clear(channel);
      release(parts, after, channel, releases[channel] ?? "all", now);
    }
    if (is !== "on" && was === "on") park(parts, channel, "channel-off");
  }
}
