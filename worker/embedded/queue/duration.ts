const UNIT_MS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

/** Reads `10s`, `1d10h30m` as milliseconds; null if it is not of that form. */
export function parseDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?[dhms])+$/.test(text)) return null;
  let total = 0;
  for (const [, amount = "", unit = ""] of text.matchAll(/([\d.]+)([dhms])/g)) total += Number(amount) * (UNIT_MS[unit] ?? 0);
  return total;
}
