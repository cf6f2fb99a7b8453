import type { Delivery, State } from "@carillon/shared/ledger";
import { isReason, REASON_WORDS } from "@carillon/shared/reasons";
import { exactTime } from "../words/time.ts";

export type Tone = "good" | "warn" | "bad" | "accent" | "plain";
export type Step = {
  at: string | null;
  title: string;
  tone: Tone;
  text?: string;
  /** What a decision was taken from. */
  values?: string[];
  code?: string;
  said?: string;
  remedy?: string;
  ms?: number;
  isAmbiguous?: boolean;
};

export const STATE_WORDS: Record<State, string> = {
  queued: "Queued",
  sending: "Sending",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
  held: "Held",
  parked: "Parked",
  skipped: "Skipped",
  failed: "Failed",
  expired: "Expired",
  cancelled: "Cancelled",
  collapsed: "Collapsed",
};
export const STATE_TONES: Record<State, Tone> = {
  queued: "accent",
  sending: "accent",
  sent: "good",
  delivered: "good",
  read: "good",
  held: "warn",
  parked: "warn",
  skipped: "plain",
  failed: "bad",
  expired: "plain",
  cancelled: "plain",
  collapsed: "plain",
};

export const reasonWords = (reason: string): string => (isReason(reason) ? REASON_WORDS[reason] : reason);

/** The whole of a row's "why" in words, with the time until which it waits. */
export function whyOf(delivery: Delivery): string {
  const words = reasonWords(delivery.reason);
  return capital(delivery.until ? `${words}, until ${exactTime(delivery.until)}` : words);
}

const OUTCOMES: Record<string, { title: string; tone: Tone }> = {
  ok: { title: "accepted by the provider", tone: "good" },
  retry: { title: "failed for now, will be tried again", tone: "warn" },
  permanent: { title: "refused for good", tone: "bad" },
  gone: { title: "the address no longer exists", tone: "bad" },
  fault: { title: "the channel has a fault", tone: "bad" },
  ambiguous: { title: "no clear answer", tone: "warn" },
};

/** What became of a delivery, step by step: accepted, decided, every attempt and receipt in the order in which they happened. */
export function timelineOf(delivery: Delivery): Step[] {
  const attempts = delivery.attempts.map((attempt): Step => {
    const outcome = OUTCOMES[attempt.outcome] ?? { title: attempt.outcome, tone: "plain" as const };
    const { code, said, remedy, ms } = attempt;
    return {
      at: attempt.at,
      title: `Attempt ${attempt.n}: ${outcome.title}`,
      tone: outcome.tone,
      code,
      said,
      remedy,
      ms,
      isAmbiguous: attempt.ambiguous,
    };
  });
  const receipts = delivery.receipts.map(({ at, state, said }): Step => ({
    at,
    title: STATE_WORDS[state],
    tone: STATE_TONES[state],
    said,
  }));
  const accepted: Step = { at: delivery.at, title: "Accepted", tone: "plain", text: `Event ${delivery.event}` };
  const instant = ({ at }: Step) => Date.parse(at ?? delivery.at);
  return [accepted, decisionOf(delivery), ...attempts, ...receipts].sort((one, other) => instant(one) - instant(other));
}

const NOT_SENT: readonly State[] = ["held", "parked", "skipped", "expired", "cancelled", "collapsed"];

const ROUTES = { on: "on", off: "off", urgent: "for urgent events only" } as const;
const GATES = { on: "on", off: "switched off", fault: "stopped by a fault", unset: "never set up" } as const;
const ADDRESSES = {
  yes: "has an address",
  none: "has no address",
  gone: "has an address that is gone",
  "not-opted-in": "has not opted in",
};

/** The values that a delivery was decided from, in a sentence each; none where the person was erased. */
export function valuesOf({ decided }: Delivery): string[] {
  const from = decided?.from;
  if (!from) return [];
  const { cell, preference, gate, address, localTime, timeZone, quiet } = from;
  return [
    cell
      ? `The route was ${ROUTES[cell.when]}${cell.locked ? " and locked" : ""}; the channel was ${GATES[gate]}.`
      : "The type had no route.",
    `The person ${ADDRESSES[address]}, and ${preference === null ? "has chosen nothing" : preference ? "wants it" : "has muted it"}.`,
    `It was ${capital(localTime)} in ${timeZone}, ${quiet ? "quiet" : "not quiet"}. Settings version ${decided.settingsVersion}.`,
  ];
}

/** What was refused later keeps the provider's words as its reason; they belong to the attempt, not to the decision. */
function decisionOf(delivery: Delivery): Step {
  const { state, reason } = delivery;
  const at = delivery.decided?.at ?? null;
  const values = valuesOf(delivery);
  if (NOT_SENT.includes(state))
    return { at, values, title: `Decision: ${STATE_WORDS[state].toLowerCase()}`, tone: STATE_TONES[state], text: `${whyOf(delivery)}.` };
  return {
    at,
    values,
    title: "Decision: send",
    tone: "plain",
    text: state !== "failed" && isReason(reason) ? `${whyOf(delivery)}.` : undefined,
  };
}

const capital = (words: string): string => `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}`;

/** Whether trying once more can help: it failed, or it had no address that the CRM may have set right since. */
export const mayRetry = ({ state, reason }: Delivery): boolean =>
  state === "failed" || (state === "skipped" && (reason === "no-address" || reason === "address-gone"));

/** Why nothing more goes to an address, and what ends that. */
export function goneWords({ address, why, since, until, optedOut }: NonNullable<Delivery["gone"]>[number]): string {
  const end = optedOut
    ? "a reply of START takes it back"
    : until
      ? `it is tried again from ${exactTime(until)} on`
      : "until the CRM changes it";
  return `Nothing more is sent to ${address} since ${exactTime(since)}, ${end}: ${why}`;
}
