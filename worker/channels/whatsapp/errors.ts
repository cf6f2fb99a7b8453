import type { Outcome, OutcomeKind } from "../channel.ts";

/** What a code of the Graph API means, in its answer and in a status webhook alike. */
export type CodeRow = {
  codes: readonly (number | readonly [from: number, to: number])[];
  kind: OutcomeKind;
  remedy: string;
  afterMs?: number;
  /** Not this message but everything we send comes too fast. */
  slows?: true;
  goneForMs?: number;
  /** Only messages of this template are concerned. */
  isTemplate?: true;
};
type Template = { name: string; language: string };

const MINUTE = 60_000;
/** Meta asks for a pause without saying how long. */
const PAUSE = MINUTE;
const THIRTY_DAYS = 30 * 24 * 60 * MINUTE;
/** The status webhook of a message that was taken comes within seconds; after this there will be none. */
export const WAIT_FOR_STATUS = 5 * MINUTE;

/** https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes; every code stands in one row, `error.code` decides. */
export const CODE_ROWS: readonly CodeRow[] = [
  // Wrong for everybody.
  { codes: [0, 190], kind: "fault", remedy: "Meta refused the access token: make a permanent one for a system user and enter it." },
  { codes: [3, 10, [200, 299], 131005], kind: "fault", remedy: "The access token may not send: give it whatsapp_business_messaging." },
  { codes: [131042], kind: "fault", remedy: "Payment failed: look at the billing of the WhatsApp Business account." },
  { codes: [131031, 368], kind: "fault", remedy: "Meta has restricted the account: look at Business Support Home." },
  { codes: [133010], kind: "fault", remedy: "The phone number is not registered for the Cloud API: register it." },
  { codes: [131048], kind: "fault", remedy: "Too many people blocked or reported the number: wait, and send less." },
  // The template.
  { codes: [132000], kind: "fault", isTemplate: true, remedy: "The number of variables does not fit the template: check the mapping." },
  { codes: [132001], kind: "fault", isTemplate: true, remedy: "There is no approved template of this name and language." },
  { codes: [132007], kind: "fault", isTemplate: true, remedy: "The template breaks WhatsApp's policy: edit it." },
  {
    codes: [132012, 132018],
    kind: "fault",
    isTemplate: true,
    remedy: "The variables do not fit the template's format: check the mapping.",
  },
  { codes: [132015], kind: "fault", isTemplate: true, remedy: "Meta has paused the template for its low quality: edit it or wait." },
  { codes: [132016], kind: "fault", isTemplate: true, remedy: "Meta has disabled the template for good: make another." },
  // The address.
  {
    codes: [131026],
    kind: "gone",
    goneForMs: THIRTY_DAYS,
    remedy: "This number has no WhatsApp or has not accepted its terms; it is left alone for 30 days.",
  },
  // This message.
  {
    codes: [131030],
    kind: "permanent",
    remedy: "A test number reaches only the numbers on its list: add this one in Meta's App Dashboard.",
  },
  { codes: [131047], kind: "permanent", remedy: "More than 24 hours have passed since the person wrote: only templates may be sent." },
  { codes: [130472], kind: "permanent", remedy: "Meta has taken this person into an experiment and delivers no marketing to them." },
  { codes: [131049], kind: "permanent", remedy: "Meta limits how much marketing this person gets." },
  { codes: [130497], kind: "permanent", remedy: "The account may not send to people in this country." },
  {
    codes: [100, 33, 131008, 131009],
    kind: "permanent",
    remedy: "Meta found a value wrong or missing: check Phone number ID and the number.",
  },
  // A passing state.
  { codes: [4, 80007, 130429], kind: "retry", afterMs: PAUSE, slows: true, remedy: "Meta slows us down; it is tried again in a minute." },
  { codes: [131056], kind: "retry", remedy: "Too many messages to this person in a short time; it is tried again." },
  { codes: [1, 2, 131000, 131016, 135000], kind: "retry", remedy: "Meta had a fault of its own; it is tried again." },
];

const UNKNOWN: Omit<CodeRow, "codes"> = {
  kind: "retry",
  remedy: "An answer we do not know; it is tried again. Meta's words are kept with the attempt.",
};

/** A code by itself, as a status webhook brings it. Takes any number. A webhook names no template; the delivery knows. */
export function outcomeOfCode(code: number, words = "", template: Template = { name: "", language: "" }, retryAfterMs?: number): Outcome {
  const row = CODE_ROWS.find(({ codes }) =>
    codes.some((one) => (typeof one === "number" ? one === code : code >= one[0] && code <= one[1])),
  );
  const { kind, remedy, afterMs, slows, goneForMs, isTemplate }: Omit<CodeRow, "codes"> = row ?? UNKNOWN;
  const wait = kind === "retry" ? (retryAfterMs ?? afterMs) : undefined;
  return {
    kind,
    code: String(code),
    ...(words ? { said: words } : {}),
    remedy,
    ...(wait === undefined ? {} : { afterMs: wait }),
    ...(slows ? { restMs: retryAfterMs ?? null } : {}),
    ...(goneForMs === undefined ? {} : { goneForMs }),
    ...(isTemplate ? { template } : {}),
  };
}

/** A refusal without a code that can be read. */
export function outcomeOfStatus(status: number, words: string, retryAfterMs?: number): Outcome {
  if (status === 401) return { ...outcomeOfCode(190, words), code: String(status) };
  if (status === 403) return { ...outcomeOfCode(10, words), code: String(status) };
  if (status === 429) return { ...outcomeOfCode(4, words, undefined, retryAfterMs), code: String(status) };
  if (status >= 500) return { ...outcomeOfCode(1, words, undefined, retryAfterMs), code: String(status) };
  return { kind: "retry", code: String(status), said: words, remedy: UNKNOWN.remedy };
}

/** No answer: what was taken says so by its status webhook, which brings our delivery's id. */
export function outcomeOfSilence(isSent: boolean, words: string): Outcome {
  if (!isSent)
    return { kind: "retry", code: "unreachable", said: words, unreachable: true, remedy: "Meta can't be reached; it is tried again." };
  return {
    kind: "ambiguous",
    code: "no-answer",
    said: words,
    unreachable: true,
    afterMs: WAIT_FOR_STATUS,
    remedy: "Meta did not say whether it took the message; its status is awaited before it is sent again.",
  };
}
