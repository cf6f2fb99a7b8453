import { IntlMessageFormat } from "intl-messageformat";
import { parseText, renameVariables, type VariableUse } from "@carillon/shared/text-syntax";

/** A variable of a text, and what the text does with it: what stands for a missing one depends on that, so each use has a key of its own. */
export type Used = { name: string; uses: { use: VariableUse; key: string }[] };
export type Compiled = { format: IntlMessageFormat; variables: Used[] };

const compiled = new Map<string, Map<string, Compiled>>();
/** Callers choose locales, so the store is bounded. */
const MOST_LOCALES = 50;
/** Admins write texts, and try them out at every key. */
const MOST_TEXTS = 2_000;

/** Parsing a text costs some 100 µs, so it is done once per text and locale. Throws a SyntaxError for one that is no MessageFormat. */
export function compile(source: string, locale: string): Compiled {
  let texts = compiled.get(locale);
  if (!texts) {
    if (compiled.size >= MOST_LOCALES) compiled.clear();
    compiled.set(locale, (texts = new Map()));
  }
  const known = texts.get(source);
  if (known) return known;
  if (texts.size >= MOST_TEXTS) texts.clear();
  const fresh = make(source, locale);
  texts.set(source, fresh);
  return fresh;
}

function make(source: string, locale: string): Compiled {
  const variables = new Map<string, Map<VariableUse, string>>();
  const elements = renameVariables(parseText(source), (name, use) => {
    const key = `${use} ${name}`;
    variables.set(name, (variables.get(name) ?? new Map<VariableUse, string>()).set(use, key));
    return key;
  });
  return {
    format: new IntlMessageFormat(elements, locale),
    variables: [...variables].map(([name, uses]) => ({ name, uses: [...uses].map(([use, key]) => ({ use, key })) })),
  };
}
