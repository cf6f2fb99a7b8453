import {
  isArgumentElement,
  isDateElement,
  isLiteralElement,
  isNumberElement,
  isPluralElement,
  isSelectElement,
  isTimeElement,
  type MessageFormatElement,
} from "@formatjs/icu-messageformat-parser";
import { countSegments } from "./sms-segments.ts";
import { SOURCE_LIMITS, TEXT_LIMITS, TEXT_PARTS, type TextPart, type VariableKind } from "./templates.ts";
import { parseText } from "./text-syntax.ts";
import type { TextChannel, TextSource } from "./texts.ts";

/** What is wrong or doubtful in a text, and where: UTF-16 units from its beginning, line and column from 1. */
export type LintMessage = {
  part: TextPart;
  severity: "error" | "warning";
  message: string;
  offset: number;
  length: number;
  line: number;
  column: number;
  /** What to put in this place instead. */
  fix?: { label: string; text: string };
};

export type LintedVariable = { name: string; kind: VariableKind; mayBeMissing: boolean };

/** Looks at all parts of a text that its channel shows. Pure: the page asks while one types, the worker before it saves. */
export function lintText(source: TextSource, channel: TextChannel, variables: readonly LintedVariable[]): LintMessage[] {
  return TEXT_PARTS[channel].flatMap((part) => lintPart(source[part], part, channel, variables));
}

export const hasErrors = (messages: readonly LintMessage[]): boolean => messages.some(({ severity }) => severity === "error");

/** The message with its place, for where the text itself is not beside it. */
export const withPlace = ({ message, line, column }: LintMessage): string => `Line ${line}, column ${column}: ${message}`;

function lintPart(source: string, part: TextPart, channel: TextChannel, variables: readonly LintedVariable[]): LintMessage[] {
  const found: LintMessage[] = [];
  const say: Say = (severity, message, offset, length, fix) => {
    found.push({ part, severity, message, offset, length, ...placeAt(source, offset), ...(fix ? { fix } : {}) });
  };
  if (source.trim() === "") {
    const missing = EMPTY[channel][part];
    if (missing) say("error", missing, 0, source.length);
    return found;
  }
  if (source.length > SOURCE_LIMITS[part]) {
    say("error", `At most ${SOURCE_LIMITS[part]} characters with all cases; these are ${source.length}`, 0, source.length);
    return found;
  }
  try {
    const elements = parseText(source);
    walk(elements, { source, say, variables, present: new Set() });
    strayBraces(elements, source, say);
    lengthOf(elements, part, channel, source, say);
    if (channel === "sms") outsideGsm(elements, source, say);
  } catch (error) {
    sayBroken(error, source, variables, say);
  }
  return found.sort((one, other) => one.offset - other.offset);
}

type Say = (severity: LintMessage["severity"], message: string, offset: number, length: number, fix?: LintMessage["fix"]) => void;
/** `present` are the variables that are there for certain in this case. */
type Walk = { source: string; say: Say; variables: readonly LintedVariable[]; present: ReadonlySet<string> };

/** What can't be left out. A body may be: then the title says all. */
const EMPTY: Record<TextChannel, Partial<Record<TextPart, string>>> = {
  "in-app": { title: "Write a title" },
  email: { title: "Write a subject", action: "Name the button" },
  sms: { body: "Write the message" },
  push: { title: "Write a title" },
};

function walk(elements: MessageFormatElement[], context: Walk): void {
  const { source, say, present } = context;
  for (const element of elements) {
    const at = element.location!.start.offset;
    if (isLiteralElement(element)) {
      quotedVariables(element.value, at, context);
      continue;
    }
    if (!("value" in element)) continue;
    const name = element.value;
    const known = context.variables.find((variable) => variable.name === name);
    if (!known) sayUnknown(name, source.indexOf(name, at), context);
    if (isNumberElement(element) || isDateElement(element) || isTimeElement(element)) {
      const length = element.location!.end.offset - at;
      say("error", `Write {${name}} alone: times and numbers are written for the reader already`, at, length, replaceBy(`{${name}}`));
    } else if (isArgumentElement(element)) {
      if (known?.mayBeMissing && !present.has(name)) sayMayBeMissing(name, at, element.location!.end.offset - at, say);
    } else if (isSelectElement(element)) {
      const asksWhetherMissing = Object.hasOwn(element.options, "none");
      for (const [key, { value }] of Object.entries(element.options)) {
        const isThere = key === "other" ? asksWhetherMissing : key !== "none";
        walk(value, { ...context, present: isThere ? new Set([...present, name]) : present });
      }
    } else if (isPluralElement(element)) {
      const place = source.indexOf(name, at);
      if (known && known.kind !== "count") say("error", `{${name}} is no count: plural needs a number`, place, name.length);
      else if (known?.mayBeMissing && !present.has(name))
        say("warning", `{${name}} may be missing; it then counts as 0`, place, name.length);
      for (const { value } of Object.values(element.options)) walk(value, { ...context, present: new Set([...present, name]) });
    }
  }
}

function sayMayBeMissing(name: string, at: number, length: number, say: Say): void {
  say("warning", `{${name}} may be missing; nothing stands here then`, at, length, {
    label: "Say something else then",
    text: withFallback(name),
  });
}

/** A variable, and room for what is said when it is missing. */
export const withFallback = (name: string): string => `{${name}, select, none {} other {{${name}}}}`;

function sayUnknown(name: string, at: number, { say, variables }: Walk): void {
  const near = nearest(name, variables);
  if (near) say("error", `There is no {${name}}; did you mean {${near}}?`, at, name.length, replaceBy(near));
  else say("error", `There is no {${name}}`, at, name.length);
}

const replaceBy = (text: string): LintMessage["fix"] => ({ label: `Write ${text}`, text });

/** 'Between apostrophes' braces are plain text, which is rarely meant. */
function quotedVariables(literal: string, at: number, { source, say, variables }: Walk): void {
  for (const [whole, name] of literal.matchAll(/\{\s*(\w+)\s*\}/g)) {
    if (!variables.some((variable) => variable.name === name)) continue;
    const message = `${whole} stands between apostrophes and is shown as it is written; use ’ or quotation marks`;
    say("warning", message, Math.max(at, source.indexOf(whole, at)), whole.length);
  }
}

function strayBraces(elements: MessageFormatElement[], source: string, say: Say): void {
  for (const element of elements) {
    if (!isLiteralElement(element)) continue;
    const { start, end } = element.location!;
    const brace = source.slice(start.offset, end.offset).indexOf("}");
    if (brace < 0 || source.slice(start.offset, end.offset).includes("'")) continue;
    say("warning", "This } closes nothing and is shown as it is", start.offset + brace, 1);
  }
}

function lengthOf(elements: MessageFormatElement[], part: TextPart, channel: TextChannel, source: string, say: Say): void {
  const limit = part === "action" ? MOST_ACTION : TEXT_LIMITS[channel][part];
  const least = shortest(elements);
  if (least > limit) say("error", `Too long: at most ${limit} characters, and these are ${least} before any value`, 0, source.length);
}
/** A button that is longer breaks its line. */
const MOST_ACTION = 60;

/** The characters that are there in every case, whatever the values are. */
function shortest(elements: MessageFormatElement[]): number {
  let sum = 0;
  for (const element of elements) {
    if (isLiteralElement(element)) sum += element.value.length;
    else if (isSelectElement(element) || isPluralElement(element))
      sum += Math.min(...Object.values(element.options).map(({ value }) => shortest(value)));
  }
  return sum;
}

/** A character of the text itself that makes every SMS a third as long. Values bring their own. */
function outsideGsm(elements: MessageFormatElement[], source: string, say: Say): void {
  const first = firstOutsideGsm(elements);
  if (first === null) return;
  const at = source.indexOf(first);
  const plain = PLAIN[first];
  say(
    "warning",
    `${first} is not in the SMS alphabet: 70 characters fit one SMS instead of 160`,
    at,
    first.length,
    plain ? replaceBy(plain) : undefined,
  );
}
const PLAIN: Record<string, string> = { "“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "–": "-", "—": "-", "…": "...", "•": "-" };

function firstOutsideGsm(elements: MessageFormatElement[]): string | null {
  for (const element of elements) {
    if (isLiteralElement(element)) {
      const outside = [...element.value].find((character) => countSegments(character).encoding === "UCS-2");
      if (outside) return outside;
    } else if (isSelectElement(element) || isPluralElement(element)) {
      for (const { value } of Object.values(element.options)) {
        const outside = firstOutsideGsm(value);
        if (outside) return outside;
      }
    }
  }
  return null;
}

/** The parser's words for what is broken, by its error kinds. */
const BROKEN: Record<string, string> = {
  EXPECT_ARGUMENT_CLOSING_BRACE: "The closing } is missing",
  EMPTY_ARGUMENT: "Write a variable between the braces",
  EXPECT_ARGUMENT_TYPE: "After the comma stands select or plural",
  INVALID_ARGUMENT_TYPE: "After the comma stands select or plural",
  EXPECT_SELECT_ARGUMENT_OPTIONS: "select needs its cases: none {…} other {…}",
  EXPECT_SELECT_ARGUMENT_SELECTOR: "select needs its cases: none {…} other {…}",
  EXPECT_PLURAL_ARGUMENT_SELECTOR: "plural needs its cases: one {…} other {…}",
  EXPECT_SELECT_ARGUMENT_SELECTOR_FRAGMENT: "After the name of a case stands its text in braces",
  EXPECT_PLURAL_ARGUMENT_SELECTOR_FRAGMENT: "After the name of a case stands its text in braces",
  INVALID_PLURAL_ARGUMENT_SELECTOR: "A case of plural is =0, =1, one, few, many or other",
  DUPLICATE_PLURAL_ARGUMENT_SELECTOR: "This case is there twice",
  DUPLICATE_SELECT_ARGUMENT_SELECTOR: "This case is there twice",
  MISSING_OTHER_CLAUSE: "The case other is missing: it stands for every value that has no case of its own",
};

function sayBroken(error: unknown, source: string, variables: readonly LintedVariable[], say: Say): void {
  if (!(error instanceof SyntaxError)) throw error;
  const { location } = error as SyntaxError & { location?: { start: { offset: number } } };
  const at = Math.min(location?.start.offset ?? 0, Math.max(0, source.length - 1));
  if (error.message !== "MALFORMED_ARGUMENT") return say("error", BROKEN[error.message] ?? "This is not ICU MessageFormat", at, 1);
  const [whole = "{", inner = ""] = /^\{+([^{}]*)\}*/.exec(source.slice(at)) ?? [];
  const name = inner.trim();
  const near = nearest(name, variables);
  const fix = near ? replaceBy(`{${near}}`) : undefined;
  if (whole.startsWith("{{")) say("error", "One pair of braces is enough", at, whole.length, fix);
  else say("error", near ? `There is no {${name}}; did you mean {${near}}?` : "This is not the name of a variable", at, whole.length, fix);
}

/** The variable that was probably meant, or null if none is like it. */
function nearest(name: string, variables: readonly LintedVariable[]): string | null {
  const wanted = bare(name);
  if (wanted === "") return null;
  const ranked = variables
    .map((variable) => ({ name: variable.name, far: distance(wanted, bare(variable.name)) }))
    .sort((one, other) => one.far - other.far);
  const [best] = ranked;
  return best && best.far <= Math.max(2, Math.floor(wanted.length / 3)) ? best.name : null;
}

const bare = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .slice(0, 60);

/** Levenshtein: how many letters to change, add or take away. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[other.length]!;
}

function placeAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}
