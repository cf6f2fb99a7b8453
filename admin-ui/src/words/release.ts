import type { Channel } from "@carillon/shared/channels";
import type { Parked } from "../api.ts";
import { billWords } from "./bill.ts";
import { plural } from "./time.ts";

/** What is to become of the parked ones when a channel is switched on. */
export type Choice = "all" | "urgent" | "digest" | "drop";

/** How many messages a choice lets go; empty where that depends on more. */
export function leaving({ parked, urgent, people }: Parked, choice: Choice): string {
  if (choice === "drop") return "";
  return plural({ all: parked, urgent, digest: Math.min(people + urgent, parked) }[choice], "message", "messages");
}

/** What a choice costs at most, in words; null for a channel that costs nothing by the message, and for nothing. */
export function billOf(channel: Channel, { parked, urgent, people, segments }: Parked, choice: Choice): string | null {
  const each = segments === null || parked === 0 ? 1 : segments / parked;
  const messages = { all: parked, urgent, digest: Math.min(people + urgent, parked), drop: parked }[choice];
  const bill = billWords(channel, Math.round(messages * each));
  return bill && choice === "drop" ? `At most: ${bill}` : bill;
}
