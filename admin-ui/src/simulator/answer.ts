import { REASON_WORDS } from "@carillon/shared/reasons";
import type { SimulatedDecision } from "../api.ts";
import { choiceOf, inWords } from "../routing/choices.ts";
import { CHANNEL_NAMES } from "../words/channels.ts";
import { inZone } from "../words/zoned-time.ts";

export type Outcome = { word: string; tone: "good" | "warn" | "accent" | "plain" };

/** What becomes of it, in a word or two. */
export function outcomeOf(decision: Pick<SimulatedDecision, "do" | "silent">): Outcome {
  switch (decision.do) {
    case "send":
      return decision.silent ? { word: "Sent silently", tone: "good" } : { word: "Sent at once", tone: "good" };
    case "hold":
      return { word: "Held", tone: "accent" };
    case "park":
      return { word: "Parked", tone: "warn" };
    case "skip":
      return { word: "Skipped", tone: "plain" };
  }
}

/** The reason as a sentence. */
export function whyOf({ why, silent }: Pick<SimulatedDecision, "why" | "silent">): string {
  const words = silent ? "it is quiet there, so that only the badge counts" : REASON_WORDS[why];
  return `${words[0]?.toUpperCase()}${words.slice(1)}.`;
}

/** When a held one leaves, on the person's clock and on the admin's; one of them where they are the same. */
export function untilOf({ until, details }: Pick<SimulatedDecision, "until" | "details">, ownZone: string): string[] {
  if (!until) return [];
  const instant = Date.parse(until);
  const zones = new Set([details.timeZone ?? ownZone, ownZone]);
  return [...zones].map((zone) => `${inZone(instant, zone)} ${zone}`);
}

const GATES: Record<string, string> = { on: "on", off: "switched off", fault: "has a fault", unset: "not set up" };
const ADDRESSES: Record<string, string> = { yes: "known", none: "none", gone: "no longer exists", "not-opted-in": "has not opted in" };

/** The values that a decision was taken from. */
export function valuesOf({ channel, details }: Pick<SimulatedDecision, "channel" | "details">): [label: string, value: string][] {
  const { cell, preference, gate, address, timeZone, localTime, quiet } = details;
  return [
    ["Routing", cell ? inWords(choiceOf(cell)) : "no such event"],
    ["Person's choice", preference === null ? "none" : preference ? "on" : "muted"],
    [`${CHANNEL_NAMES[channel]} channel`, GATES[gate] ?? gate],
    ["Address", ADDRESSES[address] ?? address],
    ["Person's clock", `${localTime[0]?.toUpperCase()}${localTime.slice(1)}${timeZone ? ` ${timeZone}` : ""}`],
    ["Quiet there", quiet ? "yes" : "no"],
  ];
}
