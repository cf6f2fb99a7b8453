import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { STATES, type State } from "@carillon/shared/ledger";
import { REASONS, type Reason } from "@carillon/shared/reasons";

/**
 * What became of a notice's five cells, packed into five letters: a cell that sends nothing costs no row.
 * `I` stands in the inbox since it was accepted, `D` has a row of its own in `delivery`, a small letter was skipped for that reason.
 */
export const IN_INBOX = "I";
export const HAS_ROW = "D";

const FIRST_LETTER = "a".charCodeAt(0);
export const skippedCell = (why: Reason): string => String.fromCharCode(FIRST_LETTER + REASONS.indexOf(why));
export const skipReason = (cell: string): Reason => REASONS[cell.charCodeAt(0) - FIRST_LETTER] ?? "matrix-off";

export const stateNumber = (state: State): number => STATES.indexOf(state);
export const stateName = (number: number): State => STATES[number]!;
export const channelNumber = (channel: Channel): number => CHANNELS.indexOf(channel);
export const channelName = (number: number): Channel => CHANNELS[number]!;

/** Numbers of the states, for queries. `delivery_parked` and `delivery_failed` in the schema name two of them. */
export const STATE = Object.fromEntries(STATES.map((state, number) => [state, number])) as Record<State, number>;

/** notice × 8 + channel; eight leaves room for channels to come. */
export const deliveryNumber = (notice: number, channel: number): number => notice * 8 + channel;
export const noticeOf = (delivery: number): number => Math.floor(delivery / 8);
export const channelOf = (delivery: number): number => delivery % 8;

/** Public ids begin with the shard's number, so that whoever brings one back reaches its shard without a lookup. */
export const publicId = (shard: number, number: number): string => `${shard}-${number.toString(36)}`;

/** The number behind a public id; null for one that this shard can't have given out. */
export function numberOf(shard: number, id: string): number | null {
  const match = /^(\d{1,6})-([0-9a-z]{1,11})$/.exec(id);
  if (!match || Number(match[1]) !== shard) return null;
  const number = Number.parseInt(match[2]!, 36);
  return Number.isSafeInteger(number) ? number : null;
}
