import type { Channel } from "@carillon/shared/channels";
import { costOf, type Cost } from "@carillon/shared/prices";
import { plural } from "./time.ts";

/** What so many messages cost, in words: SMS in segments. Null for a channel that costs nothing by the message, and for nothing. */
export function billWords(channel: Channel, units: number): string | null {
  const cost = costOf(channel, units);
  if (!cost || units === 0) return null;
  const what =
    channel === "sms"
      ? `Twilio counts about ${plural(units, "SMS", "SMS")}`
      : `Meta counts ${plural(units, "template message", "template messages")}`;
  return `${what}: some ${rangeWords(cost)}, by country.`;
}

/** "$1.44 to $18". */
export const rangeWords = ({ low, high }: Pick<Cost, "low" | "high">): string => `${dollars(low)} to ${dollars(high)}`;

const dollars = (amount: number): string =>
  new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: amount < 10 ? 2 : 0 }).format(amount);
