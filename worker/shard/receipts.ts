import type { State } from "@carillon/shared/ledger";
import type { News } from "./calls.ts";
import { STATE, channelName, noticeOf, publicId } from "./ledger/cells.ts";
import { attemptsOf, receiptsOf, type DeliveryRow } from "./ledger/deliveries.ts";
import { UNEXPLAINED, applyOutcome } from "./outcome.ts";
import type { Parts } from "./parts.ts";

/** How far a state is; a delivery never goes back. What has ended otherwise may still turn out to have arrived. */
const RANK: Partial<Record<State, number>> = { sent: 1, delivered: 2, read: 3 };
const rankOf = (row: DeliveryRow): number => ({ [STATE.sent]: 1, [STATE.delivered]: 2, [STATE.read]: 3 })[row.state] ?? 0;

/**
 * Takes in what a provider tells of a delivery after it took it. Repeats and what is no news change nothing. Answers why the whole
 * channel has tripped, if it has.
 */
export function takeReceipt(parts: Parts, row: DeliveryRow, { state, said, outcome }: News, now: number): { why: string } | null {
  const at = new Date(now).toISOString();
  const rank = RANK[state] ?? 0;
  const isNews = state === "failed" ? rankOf(row) < 2 && row.state !== STATE.failed && wasTried(row) : rank > rankOf(row);
  if (!isNews || isKnown(row, state)) return null;
  // While a try is not settled the row is not ours to move; the settling looks at what was told meanwhile.
  const isSending = row.state === STATE.sending;
  if (state === "read" && channelName(row.channel) === "push") readInBell(parts, row, now);
  const receipt = { at, state, ...(said === null ? {} : { said }) };
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

const wasTried = (row: DeliveryRow): boolean => row.state === STATE.sending || attemptsOf(row).length > 0;

/** Since the newest try. */
function isKnown(row: DeliveryRow, state: State): boolean {
  const since = attemptsOf(row).at(-1)?.at ?? "";
  return receiptsOf(row).some((receipt) => receipt.state === state && receipt.at >= since);
}
