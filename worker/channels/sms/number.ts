import { parsePhoneNumberFromString } from "libphonenumber-js/min";

/**
 * What a person typed as an E.164 number, or null. Without a plus (or 00) nobody can tell the country.
 * Only what can't be a number is refused: whether one exists, its carrier knows better than any list.
 */
export function parseNumber(text: string): string | null {
  const international = text.trim().replace(/^00/, "+");
  if (!international.startsWith("+")) return null;
  const number = parsePhoneNumberFromString(international);
  return number?.isPossible() ? number.number : null;
}

/** A number as one reads it: +49 1511 2345601. What is no number stays as it is. */
export const writeNumber = (number: string): string => parsePhoneNumberFromString(number)?.formatInternational() ?? number;
