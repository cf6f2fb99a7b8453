import type { Outcome } from "../channel.ts";

/** Takes secrets out of what a server says: some repeat the line that they did not like. */
export type Redactor = {
  hide(secret: string, user: string): void;
  clean(outcome: Outcome): Outcome;
  words(text: string): string;
};

/** Shorter ones would blank out ordinary words. */
const MIN_SECRET = 4;

export function createRedactor(): Redactor {
  const hidden = new Set<string>();
  const words = (text: string): string => [...hidden].reduce((rest, secret) => rest.replaceAll(secret, "•••"), text);
  return {
    hide(secret, user) {
      if (secret.length < MIN_SECRET) return;
      const forms = [secret, `\0${user}\0${secret}`, `user=${user}\u0001auth=Bearer ${secret}\u0001\u0001`];
      hidden.add(secret);
      for (const form of forms) hidden.add(Buffer.from(form).toString("base64"));
    },
    clean: (outcome) => (outcome.said === undefined ? outcome : { ...outcome, said: words(outcome.said) }),
    words,
  };
}
