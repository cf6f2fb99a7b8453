import type { Channel } from "./channels.ts";

/** What something costs by its provider's prices, between the cheapest country and a dear one. */
export type Cost = { low: number; high: number; currency: "USD" };

/** Twilio's and Meta's prices by country lie between these, US dollars a message, but for a few dear countries. */
const PRICES: Partial<Record<Channel, { low: number; high: number }>> = {
  sms: { low: 0.008, high: 0.1 },
  whatsapp: { low: 0.003, high: 0.07 },
};

/** What so many units cost: SMS as Twilio counts them, template messages of WhatsApp. Null for a channel that costs nothing by the message. */
export function costOf(channel: Channel, units: number): Cost | null {
  const price = PRICES[channel];
  return price ? { low: rounded(units * price.low), high: rounded(units * price.high), currency: "USD" } : null;
}

const rounded = (amount: number): number => Math.round(amount * 1_000) / 1_000;
