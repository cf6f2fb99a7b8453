import { IntlMessageFormat } from "intl-messageformat";
import { isEventType } from "@carillon/shared/event-types";
import { LANGUAGES, TEXTS, VARIABLES, type Language, type TextChannel, type Variable } from "@carillon/shared/texts";
import type { Texts } from "../channels/channel.ts";
import { cut } from "./cut.ts";
import { NONE, unmark, valuesOf, type Reader } from "./values.ts";

/** UTF-16 units: what fits a row of the bell, what Twilio takes, what browsers show. A mail has no such limit. */
const LIMITS: Record<TextChannel, { title: number; body: number } | null> = {
  "in-app": { title: 200, body: 2_000 },
  email: null,
  sms: { title: 200, body: 1_600 },
  push: { title: 200, body: 2_000 },
};

/**
 * The final texts of an event for one channel and reader. Values come out literally, whatever they hold; missing ones leave no gap.
 * `locale` is any BCP 47 tag: it chooses the language, and how times and amounts are written. Never throws for any `data`.
 */
export function renderTexts(
  event: { type: string; typeName?: string | null; data: Record<string, unknown> },
  channel: TextChannel,
  locale: string,
  timeZone: string | null = null,
): Texts {
  const language = languageOf(locale);
  if (!isEventType(event.type)) return ownTexts(event, language, channel);
  const source = TEXTS[language][event.type][channel];
  const reader = { locale: formattingLocale(locale, language), timeZone };
  const title = oneLine(render(source.title, event.data, reader));
  const body = render(source.body, event.data, reader);
  return { ...fitting(title, body, channel), action: render(source.action, event.data, reader), locale: language };
}

/** Both within the channel's limits. */
function fitting(title: string, body: string, channel: TextChannel): { title: string; body: string } {
  const limits = LIMITS[channel];
  if (!limits) return { title, body };
  // An ellipsis in one character would make two SMS of one.
  const isCutSms = channel === "sms" && body.length > limits.body;
  const short = isCutSms ? cut(body, limits.body - 2).replace(/…$/, "...") : cut(body, limits.body);
  return { title: cut(title, limits.title), body: short };
}

/** An organisation's own event: its name, and what its data says as `title` and `text`. */
function ownTexts(
  event: { type: string; typeName?: string | null; data: Record<string, unknown> },
  language: Language,
  channel: TextChannel,
): Texts {
  const text = (name: string) => (typeof event.data[name] === "string" ? event.data[name] : "");
  const title = oneLine([event.typeName ?? event.type, text("title")].filter(Boolean).join(": "));
  // An SMS has no title beside its text.
  const body = channel === "sms" ? [title, text("text")].filter(Boolean).join(": ") : text("text");
  return { ...fitting(title, body, channel), action: "Open", locale: language };
}

/**
 * What an event's data says, by the names of VARIABLES, written for the reader: for templates that a provider keeps. Whatever is
 * missing is left out. Never throws for any `data`.
 */
export function renderValues(
  event: { data: Record<string, unknown> },
  locale: string,
  timeZone: string | null = null,
): Partial<Record<Variable, string>> {
  const reader = { locale: formattingLocale(locale, languageOf(locale)), timeZone };
  const names = Object.keys(VARIABLES) as Variable[];
  const values: Partial<Record<Variable, string>> = {};
  for (const [name, value] of Object.entries(valuesOf(names, event.data, reader)) as [Variable, string | number][]) {
    if (value !== NONE) values[name] = typeof value === "number" ? value.toLocaleString(reader.locale) : unmark(value);
  }
  return values;
}

/** The language whose texts a reader of this locale gets: its own where there are texts, else English. */
export function languageOf(locale: string | null): Language {
  const wanted = locale?.split("-", 1)[0]?.toLowerCase();
  return LANGUAGES.find((language) => language === wanted) ?? LANGUAGES[0];
}

/** en-GB writes its own dates into English texts; a date in German would not belong there. */
function formattingLocale(locale: string, language: Language): string {
  if (locale === language || languageOf(locale) !== language || !locale.toLowerCase().startsWith(language)) return language;
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? language;
  } catch {
    return language; // not a language tag: the texts' own language is always one
  }
}

function render(source: string, data: Record<string, unknown>, reader: Reader): string {
  const text = compile(source, reader.locale);
  if (text.variables.length === 0) return source;
  return unmark(String(text.format.format(valuesOf(text.variables, data, reader))));
}

type Compiled = { format: IntlMessageFormat; variables: Variable[] };
const compiled = new Map<string, Map<string, Compiled>>();

/** Parsing a text costs some 100 µs, so it is done once per text and locale. */
function compile(source: string, locale: string): Compiled {
  let texts = compiled.get(locale);
  if (!texts) {
    if (compiled.size >= MOST_LOCALES) compiled.clear();
    compiled.set(locale, (texts = new Map()));
  }
  let text = texts.get(source);
  if (!text)
    texts.set(
      source,
      (text = { format: new IntlMessageFormat(source, locale, undefined, { ignoreTag: true }), variables: variablesOf(source) }),
    );
  return text;
}
/** Callers choose locales, so the store is bounded. */
const MOST_LOCALES = 50;

const variablesOf = (source: string): Variable[] =>
  (Object.keys(VARIABLES) as Variable[]).filter((name) => new RegExp(`\\{\\s*${name}\\s*[,}]`).test(source));

const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
