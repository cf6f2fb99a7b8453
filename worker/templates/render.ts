import { TEXT_LIMITS, type ChangedTexts } from "@carillon/shared/templates";
import type { VariableUse } from "@carillon/shared/text-syntax";
import { LANGUAGES, builtInText, type Language, type TextChannel, type TextSource } from "@carillon/shared/texts";
import { VARIABLES, type Variable } from "@carillon/shared/variables";
import type { Texts } from "../channels/channel.ts";
import { compile } from "./compile.ts";
import { cut } from "./cut.ts";
import { valueOf, valueOfKnown, writeNumber, type Reader, type ToldEvent } from "./values.ts";

/**
 * The final texts of an event for one channel and reader. Values come out literally, whatever they hold; missing ones leave no gap.
 * `locale` is any BCP 47 tag: it chooses the language, and how times and amounts are written. Times are in `timeZone`, an IANA name;
 * in UTC without one. What admins have `changed` goes before the built-in texts. Never throws for any `data`.
 */
export function renderTexts(
  event: ToldEvent,
  channel: TextChannel,
  locale: string,
  timeZone: string | null = null,
  changed: ChangedTexts | null = null,
): Texts {
  const language = languageOf(locale);
  const reader = readerOf(channel, locale, timeZone);
  const builtIn = builtInText(event.type, channel, language);
  const written = changed && Object.hasOwn(changed, event.type) ? changed[event.type]?.[channel]?.[language] : undefined;
  const say = (part: keyof TextSource): string =>
    (written?.[part] === undefined ? null : renderWritten(written[part], event, reader)) ?? render(builtIn[part], event, reader);
  return { ...fitting(oneLine(say("title")), say("body"), channel), action: oneLine(say("action")), locale: language };
}

/** Both within the channel's limits. */
function fitting(title: string, body: string, channel: TextChannel): { title: string; body: string } {
  const limits = TEXT_LIMITS[channel];
  // An ellipsis in one character would make two SMS of one.
  const isCutSms = channel === "sms" && body.length > limits.body;
  const short = isCutSms ? cut(body, limits.body - 2).replace(/…$/, "...") : cut(body, limits.body);
  return { title: cut(title, limits.title), body: short };
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
  const reader = readerOf("whatsapp", locale, timeZone);
  const values: Partial<Record<Variable, string>> = {};
  for (const name of Object.keys(VARIABLES) as Variable[]) {
    const value = valueOfKnown(name, event.data, reader);
    if (value !== null) values[name] = shown(value, reader);
  }
  return values;
}

/** What one variable says, as it is written in a text of this channel; nothing for a missing one. */
export function writtenValue(name: string, event: ToldEvent, channel: TextChannel, locale: string, timeZone: string | null = null): string {
  const reader = readerOf(channel, locale, timeZone);
  return shown(valueOf(name, event, reader), reader);
}

/** A text of the bell stands once for all readers of its language. */
const readerOf = (channel: TextChannel | "whatsapp", locale: string, timeZone: string | null): Reader => ({
  locale: formattingLocale(locale, languageOf(locale)),
  timeZone,
  isShared: channel === "in-app",
});

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

/** What an admin has written; null where this event's data leave nothing of it, or where it can't be used, so that the built-in text stands in. */
function renderWritten(source: string, event: ToldEvent, reader: Reader): string | null {
  if (source.trim() === "") return "";
  try {
    const text = render(source, event, reader);
    return text.trim() === "" ? null : text;
  } catch {
    return null;
  }
}

function render(source: string, event: ToldEvent, reader: Reader): string {
  const { format, variables } = compile(source, reader.locale);
  const values: Record<string, string | number> = {};
  for (const { name, uses } of variables) {
    const value = valueOf(name, event, reader);
    for (const { use, key } of uses) values[key] = USED[use](value, reader);
  }
  return String(format.format(values));
}

const shown = (value: string | number | null, { locale }: Reader): string =>
  typeof value === "number" ? writeNumber(value, locale) : (value ?? "");

/** `select` asks for what is missing by this word. */
const NONE = "none";
/** Whoever really is called "none" is not missing: no case is called this. */
const chosen = (value: string | number | null): string | number => (value === null ? NONE : value === NONE ? `${NONE}\u{E0FF}` : value);

/** A missing variable leaves no gap where it is shown, has a case of its own, and counts as 0. */
const USED: Record<VariableUse, (value: string | number | null, reader: Reader) => string | number> = {
  shown,
  chosen,
  counted: (value) => (typeof value === "number" ? value : 0),
};

const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
