import type { Channel } from "@carillon/shared/channels";
import type { Parked } from "../api.ts";
import { plural } from "./time.ts";

/** What is to become of the parked ones when a channel is switched on. */
export type Choice = "all" | "urgent" | "digest" | "drop";

/** How many messages a choice lets go; empty where that depends on more. */
export function leaving({ parked, urgent, people }: Parked, choice: Choice): string {
  if (choice === "drop") return "";
  return plural({ all: parked, urgent, digest: Math.min(people + urgent, parked) }[choice], "message", "messages");
}

/** Twilio's and Meta's prices by country lie between these, US dollars a message, but for a few dear countries. */
const PRICES: Partial<Record<Channel, [number, number]>> = { sms: [0.008, 0.1], whatsapp: [0.003, 0.07] };

/** What a choice costs at most, in words; null for a channel that costs nothing by the message, and for nothing. */
export function billOf(channel: Channel, { parked, urgent, people, segments }: Parked, choice: Choice): string | null {
  const prices = PRICES[channel];
  if (!prices) return null;
  const each = segments === null || parked === 0 ? 1 : segments / parked;
  const messages = { all: parked, urgent, digest: Math.min(people + urgent, parked), drop: parked }[choice];
  const units = Math.round(messages * each);
  if (units === 0) return null;
  const [low, high] = prices.map((price) => dollars(units * price));
  const what =
    channel === "sms"
      ? `Twilio counts about ${plural(units, "SMS", "SMS")}`
      : `Meta counts ${plural(units, "template message", "template messages")}`;
  return `${choice === "drop" ? "At most: " : ""}${what}: some ${low} to ${high}, by country.`;
}

const dollars = (amount: number): string =>
  new Intl.NumberFormat("en-US", { style: "currency", currency: "USD", maximumFractionDigits: amount < 10 ? 2 : 0 }).format(amount);
