import type { Attempt } from "@carillon/shared/ledger";
import type { Reason } from "@carillon/shared/reasons";
import { STATE, channelName, publicId } from "./ledger/cells.ts";
import { spokenFor, type DeliveryRow } from "./ledger/deliveries.ts";
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
  row.bundle = null;
  deliveries.move(row, state, why, null, attempt);
  const [heir, ...rest] = others.flatMap((id) => deliveries.get(id) ?? []);
  if (!heir) return null;
  for (const one of rest) deliveries.addReceipt(one, toldWith(parts, heir, now));
  if (rest.length > 0) heir.bundle = JSON.stringify([heir, ...rest].map(({ id }) => id));
  takePlace(parts, heir, before, now);
  return heir;
}

/** What a delivery says that another speaks for. */
export const toldWith = ({ shard }: Parts, { id }: DeliveryRow, now: number) =>
  ({ at: new Date(now).toISOString(), state: "collapsed", said: `told with ${publicId(shard, id)}` }) as const;

function takePlace({ deliveries, gates }: Parts, heir: DeliveryRow, { state, why, due }: DeliveryRow, now: number): void {
  const gate = gates.gate(channelName(heir.channel));
  if (state === STATE.parked) deliveries.move(heir, STATE.parked, why, null);
  else if (gate !== "on") deliveries.move(heir, STATE.parked, gate === "fault" ? "channel-fault" : "channel-off", null);
  else if (state === STATE.held) deliveries.move(heir, STATE.held, why, due);
  else deliveries.move(heir, STATE.queued, "matrix", due ?? now);
}
