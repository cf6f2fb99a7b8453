import { isEventType } from "@carillon/shared/event-types";
import { VARIABLES, type Variable } from "@carillon/shared/variables";
import { MINUTE, isKnownZone, offsetAt } from "@carillon/shared/zones";

/** An event as its texts see it; `typeName` is that of an organisation's own type. */
export type ToldEvent = { type: string; typeName?: string | null; data: Record<string, unknown> };

/**
 * How times and numbers are written. `timeZone` is the reader's; without one times are written in UTC and say so. A text that
 * several people read (`isShared`) says how far its zone is from UTC.
 */
export type Reader = { locale: string; timeZone: string | null; isShared?: boolean };

/** Longer texts are of no use to any channel, and the schema lets none through. */
const LONGEST = 20_000;

/**
 * What a variable says to a reader: a number for a count, else a text; null for what is missing, blank or of no use. Takes whatever
 * JSON may hold and never throws.
 */
export function valueOf(name: string, event: ToldEvent, reader: Reader): string | number | null {
  if (isEventType(event.type)) return Object.hasOwn(VARIABLES, name) ? valueOfKnown(name as Variable, event.data, reader) : null;
  if (name === "eventName") return event.typeName ?? event.type;
  return name === "title" || name === "text" ? readable(own(event.data, name)) : valueOfOwn(own(event.data, name), reader);
}

export function valueOfKnown(name: Variable, data: Record<string, unknown>, reader: Reader): string | number | null {
  const value = lookUp(name, data);
  if (value === null) return null;
  switch (VARIABLES[name]) {
    case "text":
      return value;
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

/** Of an own type only the value itself tells what it is: numbers are counts, a whole ISO 8601 day or instant is a time. */
function valueOfOwn(value: unknown, reader: Reader): string | number | null {
  if (typeof value === "boolean") return String(value);
  const text = readable(value);
  if (text === null || typeof value === "number") return text === null ? null : (toNumber(text) ?? text);
  return INSTANT.test(text) ? writeTime(text, reader) : text;
}
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** A number as it is written in a text. */
export const writeNumber = (value: number, locale: string): string =>
  remember(amounts, locale, () => new Intl.NumberFormat(locale)).format(value);

/** `task_title` is `data.task.title`. */
function lookUp(name: Variable, data: Record<string, unknown>): string | null {
  const underscore = name.indexOf("_");
  return readable(underscore < 0 ? own(data, name) : own(own(data, name.slice(0, underscore)), name.slice(underscore + 1)));
}

/** A text that is not blank, or null. Numbers are texts too; lists, objects and booleans are nothing that could be read out. */
function readable(value: unknown): string | null {
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : null;
  if (typeof value !== "string") return null;
  const text = value.slice(0, LONGEST).toWellFormed();
  return text.trim() === "" ? null : text;
}

const own = (holder: unknown, key: string): unknown =>
  typeof holder === "object" && holder !== null && Object.hasOwn(holder, key) ? (holder as Record<string, unknown>)[key] : undefined;

/** An ISO 8601 instant or day is written for the reader; whatever else stands there ("tomorrow") stays as it is. */
function writeTime(value: string, { locale, timeZone, isShared = false }: Reader): string {
  if (!/^\d{4}-\d\d-\d\d/.test(value)) return value;
  // Without an offset the machine's own zone would decide.
  const time = Date.parse(/T[\d:.]+$/.test(value) ? `${value}Z` : value);
  if (Number.isNaN(time)) return value;
  if (value.length === "2026-11-24".length) return formatter("day", locale).format(time);
  const zone = timeZone !== null && isKnownZone(timeZone) && !IS_UTC.test(timeZone) ? timeZone : null;
  const offset = zone === null ? 0 : offsetAt(zone, time);
  const written = formatter("instant", locale).format(time + offset);
  return zone === null ? `${written} UTC` : isShared ? `${written} ${fromGreenwich(offset)}` : written;
}
const IS_UTC = /^(Etc\/)?UTC$/i;

/** GMT+1, GMT-3:30. */
function fromGreenwich(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / MINUTE);
  if (minutes === 0) return "GMT";
  const rest = minutes % 60;
  return `GMT${offset < 0 ? "-" : "+"}${Math.floor(minutes / 60)}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`}`;
}

/** They write a zone's wall clock as if it were UTC's: the runtimes' own zones are out of date. */
const formatters = new Map<string, Intl.DateTimeFormat>();
const WRITTEN = {
  day: { dateStyle: "medium" },
  instant: { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit" },
} as const;
const formatter = (kind: "day" | "instant", locale: string): Intl.DateTimeFormat =>
  remember(formatters, `${kind} ${locale}`, () => new Intl.DateTimeFormat(locale, { ...WRITTEN[kind], timeZone: "UTC" }));

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
  const plain = writeNumber(number, locale);
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
