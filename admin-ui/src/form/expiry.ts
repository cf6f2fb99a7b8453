export const EXPIRIES = { never: "Never", "30": "In 30 days", "90": "In 90 days", "365": "In a year" } as const;
export type Expiry = keyof typeof EXPIRIES;

const DAY_MS = 86_400_000;

/** When a key that is made now expires; null for never. */
export const expiryIn = (expiry: Expiry, now: number): string | null =>
  expiry === "never" ? null : new Date(now + Number(expiry) * DAY_MS).toISOString();
