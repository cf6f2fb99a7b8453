import type { Outcome, OutcomeKind } from "../channel.ts";

/** What a Twilio code means, in its answer and in a status callback alike. */
export type CodeRow = Pick<Outcome, "afterMs" | "atMostMs" | "expired" | "optedOut"> & {
  codes: readonly number[];
  kind: OutcomeKind;
  remedy: string;
  /** Not this message but everything we send comes too fast. */
  slows?: true;
};

const MINUTE = 60_000;
const SLOWLY = 10 * MINUTE;
const TWO_HOURS = 120 * MINUTE;
/** Twilio asks for a pause without saying how long. */
const PAUSE = 5_000;

/** https://www.twilio.com/docs/api/errors; every code stands in one row. */
export const CODE_ROWS: readonly CodeRow[] = [
  // Wrong for everybody.
  { codes: [20003], kind: "fault", remedy: "Twilio refused Account SID or Auth Token: copy both anew from the Twilio dashboard." },
  {
    codes: [20005],
    kind: "fault",
    remedy: "The Twilio account is not active: look at its dashboard, it may be suspended or out of credit.",
  },
  { codes: [20008], kind: "fault", remedy: "These are Twilio's test credentials: enter the live Account SID and Auth Token." },
  { codes: [20404], kind: "fault", remedy: "Twilio does not know this account: check Account SID." },
  { codes: [21603], kind: "fault", remedy: "No sender is set: enter your Twilio phone number or a messaging service." },
  {
    codes: [21606],
    kind: "fault",
    remedy: "This number can't send SMS, or belongs to another account: choose one that can in the Twilio console.",
  },
  { codes: [21212], kind: "fault", remedy: "The sender is no valid number: enter your Twilio phone number such as +15551234567." },
  {
    codes: [21659, 21660, 21661],
    kind: "fault",
    remedy: "The sender does not belong to this Twilio account or can't send SMS: check Phone Number.",
  },
  { codes: [30002], kind: "fault", remedy: "The Twilio account was suspended while the message waited: look at its dashboard." },
  { codes: [30034], kind: "fault", remedy: "The number is not registered for A2P 10DLC: register it in the Twilio console." },
  // The address.
  { codes: [21211, 21214, 21217, 21401], kind: "gone", remedy: "This is no valid phone number: correct it in the CRM." },
  { codes: [21614], kind: "gone", remedy: "This number can't receive SMS, it may be a landline: correct it in the CRM." },
  { codes: [21610], kind: "gone", optedOut: true, remedy: "This person replied STOP; a reply of START takes it back." },
  { codes: [30005], kind: "gone", remedy: "This number does not exist any more: correct it in the CRM." },
  { codes: [30006], kind: "gone", remedy: "This number is a landline or can't be reached by its carrier: correct it in the CRM." },
  // This message.
  { codes: [21408], kind: "permanent", remedy: "SMS to this country is switched off: allow it in Twilio's geo permissions." },
  { codes: [21612], kind: "permanent", remedy: "Twilio has no way from this sender to that number: try another sender." },
  { codes: [21602], kind: "permanent", remedy: "The message had no text." },
  { codes: [21617], kind: "permanent", remedy: "The message is longer than 1,600 characters." },
  { codes: [30004], kind: "permanent", remedy: "The message was blocked by the phone or its carrier." },
  { codes: [30007], kind: "permanent", remedy: "The carrier took the message for spam; if it filters many, ask Twilio." },
  { codes: [30036], kind: "permanent", expired: true, remedy: "The message waited at Twilio until it was no longer of use." },
  // A passing state.
  { codes: [20429], kind: "retry", afterMs: PAUSE, slows: true, remedy: "Twilio slows us down; it is tried again." },
  {
    codes: [21611],
    kind: "retry",
    afterMs: SLOWLY,
    slows: true,
    remedy: "Too many messages wait at this number; it is tried again in ten minutes. A pace for the channel keeps to what it takes.",
  },
  { codes: [30001], kind: "retry", afterMs: SLOWLY, remedy: "Twilio's queue was full; it is tried again in ten minutes." },
  { codes: [30022], kind: "retry", afterMs: SLOWLY, remedy: "The carrier's rate limit is reached; it is tried again in ten minutes." },
  {
    codes: [30023],
    kind: "retry",
    afterMs: SLOWLY,
    remedy: "The carrier's daily limit is reached; it is tried again, or raise it with Twilio.",
  },
  { codes: [30003], kind: "retry", atMostMs: TWO_HOURS, remedy: "The phone is off or out of reach; it is tried again." },
  { codes: [30008], kind: "retry", atMostMs: TWO_HOURS, remedy: "The carrier gave no reason; it is tried again." },
];

const UNKNOWN: Omit<CodeRow, "codes"> = {
  kind: "retry",
  remedy: "An answer we do not know; it is tried again. Twilio's words are kept with the attempt.",
};
const AMBIGUOUS = "Twilio did not say whether it took the message; it is looked up before it is sent again.";

/** A refusal of the API. The code decides; without one, what HTTP says. */
export function outcomeOfAnswer(status: number, code: number | null, words: string, retryAfterMs?: number): Outcome {
  if (status === 429 || code === 20429) {
    // Never processed, so that it may be repeated.
    return { ...outcomeOfCode(20429, words), afterMs: retryAfterMs ?? PAUSE, restMs: retryAfterMs ?? null };
  }
  if (status >= 500) return { kind: "ambiguous", code: String(code ?? status), said: words, remedy: AMBIGUOUS };
  if (code !== null) return outcomeOfCode(code, words);
  if (status === 401 || status === 403) return { ...outcomeOfCode(20003, words), code: String(status) };
  if (status === 404) return { ...outcomeOfCode(20404, words), code: String(status) };
  return { ...meaningOf(UNKNOWN), code: String(status), said: words };
}

/** A code by itself, as a status callback brings it. Takes any number. */
export function outcomeOfCode(code: number, words?: string): Outcome {
  const row = CODE_ROWS.find(({ codes }) => codes.includes(code)) ?? UNKNOWN;
  return { ...meaningOf(row), code: String(code), ...(words ? { said: words } : {}) };
}

/** No answer at all. */
export function outcomeOfSilence(isSent: boolean, words: string): Outcome {
  if (isSent) return { kind: "ambiguous", code: "no-answer", said: words, unreachable: true, remedy: AMBIGUOUS };
  return { kind: "retry", code: "unreachable", said: words, unreachable: true, remedy: "Twilio can't be reached; it is tried again." };
}

function meaningOf({ kind, afterMs, slows, atMostMs, expired, optedOut, remedy }: Omit<CodeRow, "codes">): Outcome {
  return {
    kind,
    remedy,
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(slows ? { restMs: null } : {}),
    ...(atMostMs === undefined ? {} : { atMostMs }),
    ...(expired ? { expired } : {}),
    ...(optedOut ? { optedOut } : {}),
  };
}
