import type { Outcome } from "../channel.ts";

/** Takes secrets out of what a server says: some repeat the line that they did not like. */
export type Redactor = {
  hide(secret: string, user: string): void;
  clean(outcome: Outcome): Outcome;
  words(text: string): string;
};

/** Shorter ones would blank out ordinary words. */
const MIN_SECRET = 4;
const DOTS = "•••";
/** Where words are cut before they get here; such a cut may have gone through a secret. */
const CUT_AT = 500;

export function createRedactor(): Redactor {
  const hidden = new Set<string>();
  const words = (text: string): string => {
    const rest = [...hidden].reduce((left, form) => left.replaceAll(form, DOTS), text);
    return text.length < CUT_AT ? rest : withoutBeginning(rest, hidden);
  };
  return {
    hide(secret, user) {
      if (secret.length < MIN_SECRET) return;
      const lines = [secret, `\0${user}\0${secret}`, `user=${user}\u0001auth=Bearer ${secret}\u0001\u0001`];
      hidden.add(secret);
      for (const line of lines) hidden.add(Buffer.from(line).toString("base64"));
      for (const form of formsWithin(secret)) if (form.length >= MIN_SECRET * 2) hidden.add(form);
    },
    clean: (outcome) => (outcome.said === undefined ? outcome : { ...outcome, said: words(outcome.said) }),
    words,
  };
}

/**
 * How a secret looks inside of a longer text that was written in hex or base64. In base64 that depends on where in the text it
 * begins; the letters that its neighbours have a part in are left out.
 */
function formsWithin(secret: string): string[] {
  const hex = Buffer.from(secret).toString("hex");
  const base64 = [0, 1, 2].flatMap((offset) => {
    const text = Buffer.from("\0".repeat(offset) + secret).toString("base64");
    const own = text.replace(/=+$/, "").slice(offset === 0 ? 0 : offset + 1, -1);
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
  return [hex, hex.toUpperCase(), ...base64];
}

/** The words without the first part of a secret at their end. */
function withoutBeginning(text: string, hidden: Set<string>): string {
  for (const form of hidden)
    for (let length = form.length - 1; length >= MIN_SECRET; length--)
      if (text.endsWith(form.slice(0, length))) return text.slice(0, -length) + DOTS;
  return text;
}
