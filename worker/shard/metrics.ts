import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Gate } from "@carillon/shared/decide";
import type { Ledger } from "@carillon/shared/ledger";
import { channelNumber } from "./ledger/cells.ts";
import type { Parts } from "./parts.ts";

/** How a shard is doing, for whoever watches over it. */
export type ShardMetrics = {
  /** Events that were accepted here, as their home, over all time. */
  events: number;
  channels: Record<Channel, ChannelMetrics>;
  /** Events that are being told slice by slice, and how many people of them are still to be told. */
  fanOuts: { open: number; people: number };
  /** Shares of events that another shard has still to take. */
  shares: number;
  sockets: number;
};

export type ChannelMetrics = {
  /** Over all time. */
  ledger: Ledger;
  gate: Gate;
  /** For how long the oldest of what is due has been so, ms; 0 when nothing is. */
  overdueMs: number;
  /** Wake-ups for a later instant that the queue has not confirmed. */
  unconfirmed: number;
};

/** More than this is not counted out: a metric must not cost more the worse things are. */
const MOST_COUNTED = 10_000;

export function metricsOf(parts: Parts, sockets: number, now: number): ShardMetrics {
  const { sql, tally, gates, deliveries, fanOuts } = parts;
  const count = (from: string, ...bindings: number[]): number =>
    sql.exec<{ n: number }>(`SELECT count(*) AS n FROM (SELECT 1 FROM ${from} LIMIT ${MOST_COUNTED})`, ...bindings).toArray()[0]!.n;
  const { events, byChannel } = tally.total();
  const ofChannel = (channel: Channel): ChannelMetrics => {
    const number = channelNumber(channel);
    const earliest = deliveries.earliest(number);
    return {
      ledger: byChannel[channel],
      gate: gates.gate(channel),
      overdueMs: earliest === null ? 0 : Math.max(0, now - earliest),
      unconfirmed: count(`wake WHERE channel = ? AND confirmed = 0`, number),
    };
  };
  return {
    events,
    channels: Object.fromEntries(CHANNELS.map((channel) => [channel, ofChannel(channel)])) as Record<Channel, ChannelMetrics>,
    fanOuts: { open: count(`fan_out WHERE ended IS NULL`), people: fanOuts.waiting(0, Number.MAX_SAFE_INTEGER) },
    shares: count(`share`),
    sockets,
  };
}
