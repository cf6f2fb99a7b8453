import { isArgumentElement, isPluralElement, isSelectElement, parse, type MessageFormatElement } from "@formatjs/icu-messageformat-parser";

/** The elements of an ICU MessageFormat text; tags are plain text. Throws a SyntaxError with `location` where it is broken. */
export const parseText = (source: string): MessageFormatElement[] => parse(source, { ignoreTag: true, captureLocation: true });

/** What a text does with a variable: shows it, chooses a case by it (`select`), counts by it (`plural`). */
export type VariableUse = "shown" | "chosen" | "counted";

/** The same elements with other names for their variables. Typed formats, which no text may use, keep theirs. */
export function renameVariables(
  elements: MessageFormatElement[],
  rename: (name: string, use: VariableUse) => string,
): MessageFormatElement[] {
  return elements.map((element) => {
    if (isArgumentElement(element)) return { ...element, value: rename(element.value, "shown") };
    if (!isSelectElement(element) && !isPluralElement(element)) return element;
    const options = Object.entries(element.options).map(([name, option]) => [
      name,
      { ...option, value: renameVariables(option.value, rename) },
    ]);
    const use = isSelectElement(element) ? "chosen" : "counted";
    return { ...element, value: rename(element.value, use), options: Object.fromEntries(options) };
  });
}
