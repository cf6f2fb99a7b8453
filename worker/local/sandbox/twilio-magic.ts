/** What the sandboxes of Twilio and Graph do with special numbers: +15005 and six digits. */
const MAGIC = /^\+?15005(\d{6})$/;

export const BEHAVIOURS = { slow: 900_003, silent: 900_000, lost: 900_001, unavailable: 900_500 } as const;
const WORDS: Record<keyof typeof BEHAVIOURS, string> = {
  slow: "taken after 3 seconds",
  silent: "never answers and takes nothing",
  lost: "takes the message and never answers",
  unavailable: "always HTTP 503, takes nothing",
};

/** The provider's code that this number asks for, or one of BEHAVIOURS; null for an ordinary number. */
export function magicCode(number: string): number | null {
  const digits = MAGIC.exec(number)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The number that makes the sandbox answer this code. */
export const magicNumber = (code: number): string => `+15005${String(code).padStart(6, "0")}`;

export const BEHAVIOUR_NUMBERS: readonly (readonly [string, string])[] = Object.entries(BEHAVIOURS).map(([name, code]) => [
  magicNumber(code),
  WORDS[name as keyof typeof BEHAVIOURS],
]);
