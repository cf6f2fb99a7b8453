import type { Rules } from "@carillon/shared/decide";
import { renderCatchUp } from "../templates/catch-up.ts";
import type { Texts } from "../channels/channel.ts";
import { STATE, channelName, noticeOf } from "./ledger/cells.ts";
import { spokenFor, type DeliveryRow } from "./ledger/deliveries.ts";
import type { Parts } from "./parts.ts";
import { decideAnew, moveBy } from "./plan.ts";
import { endUntold, toldWith } from "./untold.ts";

/** Up to so many come one by one when the quiet is over. */
const ONE_BY_ONE = 5;

/**
 * Before what was held on a channel is released: where it is more than five for one person, or a digest that the person asked
 * for, the oldest becomes one message that speaks for all of them. What is no longer true is not in it; urgent ones go by themselves.
 */
export function bundleHeld(parts: Parts, rules: Rules, channel: number, now: number): void {
  if (!hasRoom(channel)) return;
  if (rules.quietHours.catchUp) bundleDue(parts, rules, channel, "quiet-hours", ONE_BY_ONE, now);
  bundleDue(parts, rules, channel, "digest", 1, now);
}

/** What was held for one reason and is due: more than `most` for one person become one message. */
function bundleDue(parts: Parts, rules: Rules, channel: number, why: "quiet-hours" | "digest", most: number, now: number): void {
  for (const person of parts.deliveries.peopleHeld(channel, why, now, most)) {
    const rows = parts.deliveries.heldFor(channel, person, why, now).filter((row) => mayJoin(parts, rules, row, now));
    if (rows.length > most) bundle(parts, rows, now);
  }
}

/** What was parked becomes one message a person, the oldest of theirs; urgent ones stay by themselves. */
export function bundleParked(parts: Parts, rules: Rules, channel: number, now: number): void {
  if (!hasRoom(channel)) return;
  for (const person of parts.deliveries.peopleParked(channel)) {
    const rows = parts.deliveries.parkedFor(channel, person).filter((row) => mayJoin(parts, rules, row, now));
    if (rows.length > 1) bundle(parts, rows, now);
  }
}

/** The first speaks for all of them. */
function bundle(parts: Parts, rows: DeliveryRow[], now: number): void {
  const [first, ...others] = rows;
  const ids = rows.flatMap(spokenFor);
  for (const row of others) {
    row.bundle = null;
    parts.deliveries.noteReceipt(row, toldWith(parts, first!, now));
    parts.deliveries.move(row, STATE.collapsed, "collapsed", null);
  }
  parts.deliveries.bundle(first!, ids);
}

/** A WhatsApp template has no room for a list, and items in the bell are a list already. */
const hasRoom = (channel: number): boolean => !["in-app", "whatsapp"].includes(channelName(channel));

/** The texts of a message that speaks for several. */
export function bundledTexts({ events, people }: Parts, row: DeliveryRow): Texts | null {
  if (row.bundle === null) return null;
  const locale = people.at(row.person)?.locale ?? null;
  const titles = spokenFor(row).flatMap((id) => {
    const event = events.containing(noticeOf(id));
    return event ? [events.text(event, locale).title] : [];
  });
  return renderCatchUp(titles);
}

function mayJoin(parts: Parts, rules: Rules, row: DeliveryRow, now: number): boolean {
  // What was tried before may have arrived, and goes again as it was.
  if (row.attempts !== null) return false;
  if (row.expires !== null && row.expires <= now) {
    endUntold(parts, row, STATE.expired, "expired", now);
    return false;
  }
  const decision = decideAnew(parts, rules, row, now);
  if (decision.do !== "send") {
    moveBy(parts, row, decision, now);
    return false;
  }
  return parts.events.containing(noticeOf(row.id))?.priority !== "high";
}
