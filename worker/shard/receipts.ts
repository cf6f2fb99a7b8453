import type { State } from "@carillon/shared/ledger";
import type { News } from "./calls.ts";
import { STATE, channelName, noticeOf, publicId } from "./ledger/cells.ts";
import { attemptsOf, newestAttempt, receiptsOf, type DeliveryRow, type KeptReceipt } from "./ledger/deliveries.ts";
import { UNEXPLAINED, applyOutcome } from "./outcome.ts";
import type { Parts } from "./parts.ts";

/** How far a state is; a delivery never goes back. What has ended otherwise may still turn out to have arrived. */
const RANK: Partial<Record<State, number>> = { sent: 1, delivered: 2, read: 3 };
const rankOf = (row: DeliveryRow): number => ({ [STATE.sent]: 1, [STATE.delivered]: 2, [STATE.read]: 3 })[row.state] ?? 0;

/**
 * Takes in what a provider tells of a delivery after it took it. Repeats and what is no news change nothing. Answers why the whole
 * channel has tripped, if it has.
 */
export function takeReceipt(parts: Parts, row: DeliveryRow, { attempt, state, said, outcome }: News, now: number): { why: string } | null {
  const at = new Date(now).toISOString();
  const rank = RANK[state] ?? 0;
  const isNews = state === "failed" ? rankOf(row) < 2 && row.state !== STATE.failed && isOfNewest(row, attempt) : rank > rankOf(row);
  if (!isNews || isKnown(row, attempt, state)) return null;
  // While a try is not settled the row is not ours to move; the settling looks at what was told meanwhile.
  const isSending = row.state === STATE.sending;
  if (state === "read" && channelName(row.channel) === "push") readInBell(parts, row, now);
  const receipt = { at, state, ...(said === null ? {} : { said }), ...(attempt === null ? {} : { attempt }) };
  if (isSending) return (parts.deliveries.addReceipt(row, { ...receipt, outcome }), null);
  parts.deliveries.noteReceipt(row, receipt);
  if (state !== "failed") return (parts.deliveries.move(row, STATE[state], "matrix", null), null);
  // The provider gave up on it: ours is the next try, if it is worth one.
  return applyOutcome(parts, row, outcome ?? UNEXPLAINED, null, { now, retryAt: (_burnt, wait) => now + wait });
}

/** Who has clicked a push has read what stands in the bell. A catch-up tells of many and is none of them. */
function readInBell({ shard, inbox, people }: Parts, row: DeliveryRow, now: number): void {
  const person = people.at(row.person);
  if (person && row.bundle === null) inbox.mark(person, "read", [publicId(shard, noticeOf(row.id))], now);
}

/** That an older try failed is no news, whenever it comes: another one was made. */
function isOfNewest(row: DeliveryRow, attempt: number | null): boolean {
  const newest = newestAttempt(row) + (row.state === STATE.sending ? 1 : 0);
  return newest > 0 && (attempt ?? newest) >= newest;
}

/** Told of this try before; where no try is named, since the newest one. */
function isKnown(row: DeliveryRow, attempt: number | null, state: State): boolean {
  const since = attemptsOf(row).at(-1)?.at ?? "";
  const isSame = (receipt: KeptReceipt) =>
    receipt.attempt === undefined || attempt === null ? receipt.at >= since : receipt.attempt === attempt;
  return receiptsOf(row).some((receipt) => receipt.state === state && isSame(receipt));
}
