import type { Attempt } from "@carillon/shared/ledger";
import type { Reason } from "@carillon/shared/reasons";
import { STATE, channelName, publicId } from "./ledger/cells.ts";
import { spokenFor, type DeliveryRow, type KeptReceipt } from "./ledger/deliveries.ts";
import type { Parts } from "./parts.ts";

/**
 * Ends a delivery that nobody is to be told of any more. Those that it spoke for have not been told either: the oldest of them speaks
 * for the others from here on, and waits in its place. Answers that one; null where there is none.
 */
export function endUntold(
  parts: Parts,
  row: DeliveryRow,
  state: number,
  why: Reason,
  now: number,
  attempt: Attempt | null = null,
): DeliveryRow | null {
  const { deliveries } = parts;
  const before = { ...row };
  const others = spokenFor(row).filter((id) => id !== row.id);
  const heir = firstOf(parts, others);
  if (heir) deliveries.noteReceipt(row, collapsed(`the others are told with ${publicId(parts.shard, heir.id)}`, now));
  row.bundle = null;
  deliveries.move(row, state, why, null, attempt);
  if (!heir) return null;
  const rest = others.slice(others.indexOf(heir.id));
  if (rest.length > 1) heir.bundle = JSON.stringify(rest);
  takePlace(parts, heir, before, now);
  return heir;
}

/** Those of people who have been erased are gone. */
function firstOf({ deliveries }: Parts, ids: number[]): DeliveryRow | null {
  for (const id of ids) {
    const row = deliveries.get(id);
    if (row) return row;
  }
  return null;
}

/** What a delivery says that another speaks for. */
export const toldWith = ({ shard }: Parts, { id }: DeliveryRow, now: number): KeptReceipt =>
  collapsed(`told with ${publicId(shard, id)}`, now);

const collapsed = (said: string, now: number): KeptReceipt => ({ at: new Date(now).toISOString(), state: "collapsed", said });

function takePlace({ deliveries, gates }: Parts, heir: DeliveryRow, { state, why, due }: DeliveryRow, now: number): void {
  const gate = gates.gate(channelName(heir.channel));
  if (state === STATE.parked) deliveries.move(heir, STATE.parked, why, null);
  else if (gate !== "on") deliveries.move(heir, STATE.parked, gate === "fault" ? "channel-fault" : "channel-off", null);
  else if (state === STATE.held) deliveries.move(heir, STATE.held, why, due);
  else deliveries.move(heir, STATE.queued, "matrix", due ?? now);
}
