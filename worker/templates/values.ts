import { VARIABLES, type Variable } from "@carillon/shared/texts";

/** What a variable that is missing, blank or of no use has as its value; texts ask for it with `select`. */
export const NONE = "none";

/** Marks a real value that spells like NONE; taken out again after formatting. Private use, so no one writes it. */
const REALLY = "\u{E0FF}";

/** How times and numbers are written. `timeZone` is the reader's; without one times are written in UTC and say so. */
export type Reader = { locale: string; timeZone: string | null };

/** Longer texts are of no use to any channel, and the schema lets none through. */
const LONGEST = 20_000;

/** The values of a text's variables, looked up in an event's `data`. Takes whatever JSON may hold and never throws. */
export function valuesOf(names: readonly Variable[], data: Record<string, unknown>, reader: Reader): Record<string, string | number> {
  const values: Record<string, string | number> = {};
  for (const name of names) values[name] = valueOf(name, data, reader) ?? NONE;
  return values;
}

export const unmark = (text: string): string => (text.includes(REALLY) ? text.replaceAll(REALLY, "") : text);

function valueOf(name: Variable, data: Record<string, unknown>, reader: Reader): string | number | null {
  const value = lookUp(name, data);
  if (value === null) return null;
  switch (VARIABLES[name]) {
    case "text":
      return value === NONE ? NONE + REALLY : value;
    case "time":
      return writeTime(value, reader);
    case "amount":
      return writeAmount(value, lookUp("deal_currency", data), reader.locale);
    case "percent":
      return writePercent(value, reader.locale);
    case "count":
      return toNumber(value);
  }
}

/** A text that is not blank, or null. Numbers are texts too; lists, objects and booleans are nothing that could be read out. */
function lookUp(name: Variable, data: Record<string, unknown>): string | null {
  const underscore = name.indexOf("_");
  const value = underscore < 0 ? own(data, name) : own(own(data, name.slice(0, underscore)), name.slice(underscore + 1));
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : null;
  if (typeof value !== "string") return null;
  const text = value.slice(0, LONGEST).toWellFormed();
  return text.trim() === "" ? null : text;
}

const own = (holder: unknown, key: string): unknown =>
  typeof holder === "object" && holder !== null && Object.hasOwn(holder, key) ? (holder as Record<string, unknown>)[key] : undefined;

/** An ISO 8601 instant or day is written for the reader; whatever else stands there ("tomorrow") stays as it is. */
function writeTime(value: string, { locale, timeZone }: Reader): string {
  if (!/^\d{4}-\d\d-\d\d/.test(value)) return value;
  // Without an offset the machine's own zone would decide.
  const time = Date.parse(/T[\d:.]+$/.test(value) ? `${value}Z` : value);
  if (Number.isNaN(time)) return value;
  if (value.length === "2026-11-24".length) return formatter("day", locale, "UTC").format(time);
  return formatter("instant", locale, timeZone).format(time);
}

const formatters = new Map<string, Intl.DateTimeFormat>();
function formatter(kind: "day" | "instant", locale: string, timeZone: string | null): Intl.DateTimeFormat {
  const key = `${kind} ${locale} ${timeZone}`;
  return remember(formatters, key, () =>
    kind === "day"
      ? new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" })
      : new Intl.DateTimeFormat(locale, {
          year: "numeric",
          month: "short",
          day: "numeric",
          hour: "numeric",
          minute: "2-digit",
          timeZone: timeZone ?? "UTC",
          ...(timeZone === null ? { timeZoneName: "short" } : {}),
        }),
  );
}

const amounts = new Map<string, Intl.NumberFormat>();
function writeAmount(value: string, currency: string | null, locale: string): string {
  const number = toNumber(value);
  if (number === null) return currency === null ? value : `${value} ${currency}`;
  if (currency !== null && /^[a-z]{3}$/i.test(currency)) {
    return remember(
      amounts,
      `${locale} ${currency.toUpperCase()}`,
      () => new Intl.NumberFormat(locale, { style: "currency", currency, trailingZeroDisplay: "stripIfInteger" }),
    ).format(number);
  }
  const plain = remember(amounts, locale, () => new Intl.NumberFormat(locale)).format(number);
  return currency === null ? plain : `${plain} ${currency}`;
}

function writePercent(value: string, locale: string): string {
  const number = toNumber(value.replace(/\s*%$/, ""));
  if (number === null) return value;
  return remember(amounts, `${locale} %`, () => new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 })).format(
    number / 100,
  );
}

/** A plain decimal that a number holds exactly enough, else null. */
function toNumber(value: string): number | null {
  const text = value.trim();
  return /^-?\d{1,15}(\.\d{1,10})?$/.test(text) ? Number(text) : null;
}

/** Making a formatter costs some 50 µs, using one some 2. Callers choose zone and currency, so the store is bounded. */
function remember<Made>(made: Map<string, Made>, key: string, make: () => Made): Made {
  const known = made.get(key);
  if (known) return known;
  if (made.size >= MOST_FORMATTERS) made.clear();
  const fresh = make();
  made.set(key, fresh);
  return fresh;
}
const MOST_FORMATTERS = 500;
