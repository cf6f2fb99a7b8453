/** Where each secret goes. The server clears a stored one when its way changes, unless it is typed again. */
const DESTINATIONS: Record<string, RegExp> = {
  password: /^(host|port|username)$/,
  clientSecret: /^(host|port|username|oauth\..+)$/,
  refreshToken: /^(host|port|username|oauth\..+)$/,
};

/** Which of the stored secrets that stay untyped a save with these changes would clear. */
export const secretsToForget = (changes: string[], staying: string[]): string[] =>
  staying.filter((name) => changes.some((path) => DESTINATIONS[name]?.test(path)));
