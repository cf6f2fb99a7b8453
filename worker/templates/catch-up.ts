import type { Texts } from "../channels/channel.ts";
import { cut } from "./cut.ts";

/** Longer lists are not read; the rest is in the bell. */
const SHOWN = 20;

/** One message for many that were held: how many there are, and the title of each. English, as all built-in texts. */
export function renderCatchUp(titles: string[]): Texts {
  const shown = titles.slice(0, SHOWN).map((title) => `• ${cut(title, 200)}`);
  const rest = titles.length - shown.length;
  return {
    title: `${titles.length} notifications while it was quiet`,
    body: [...shown, ...(rest > 0 ? [`… and ${rest} more`] : [])].join("\n"),
    action: "Open",
    locale: "en",
  };
}
