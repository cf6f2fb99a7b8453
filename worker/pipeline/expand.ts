import type { Event } from "@carillon/shared/events";
import type { ChangedTexts } from "@carillon/shared/templates";
import { languageOf, renderTexts } from "../templates/render.ts";

/**
 * The in-app text of an event, once per language among its people; times are in the organisation's zone. What admins have `changed`
 * goes before the built-in texts. Pure.
 */
export function expand(
  event: Event,
  locales: Iterable<string | null>,
  changed: ChangedTexts | null = null,
  timeZone: string | null = null,
): Record<string, { title: string; body: string }> {
  const texts: Record<string, { title: string; body: string }> = {};
  for (const locale of locales) {
    const language = languageOf(locale);
    if (texts[language]) continue;
    const { title, body } = renderTexts(event, "in-app", language, timeZone, changed);
    texts[language] = { title, body };
  }
  return texts;
}
