import type { InboxItem } from "@carillon/shared/inbox";
import type { html as Html, TemplateResult } from "lit/html.js";
import type { Connection } from "./client.ts";
import pageStyles from "./page.css?inline";
import type { PreferencesStrings } from "./preferences/strings.ts";
import type { PushStrings } from "./push/strings.ts";
import type { FRAME_STRINGS, Strings } from "./strings.ts";
import type { WhyStrings } from "./why/strings.ts";

/** What pages beside the list are translated by; set through the bell's own `strings`. */
export type PageStrings = PreferencesStrings & WhyStrings & PushStrings;

/** What the bell hands over to a page, lit included, so that its file needs nothing that the page has not loaded already. */
export type Opening = {
  html: typeof Html;
  /** The element: its shadow root is what is drawn into, its `strings` are the texts. */
  bell: HTMLElement & { strings: Partial<Strings & PageStrings> };
  /** What the page is about, if about one. */
  item: InboxItem | undefined;
  call: Connection["call"];
  /** Draws anew. */
  update(): void;
  /** Shows another page in this one's place; null is the list. */
  show(page: Page | null): void;
};
/** Draws what stands in the panel. */
export type Page = () => TemplateResult;

export type Frame = {
  html: typeof Html;
  text: Pick<Strings, "close" | "loading"> & typeof FRAME_STRINGS;
  id: string;
  title: string;
  /** What the page itself has to say, beside its title. */
  status?: string;
  /** What went wrong, with a button to do something about it. */
  failure: TemplateResult | "";
  /** Null while it is not there yet; a skeleton stands in for it unless something went wrong. */
  content: TemplateResult | null;
  close(): void;
};

/** A page of the panel: a head that leads back, and what scrolls below it. Escape leads back too. */
export function frameTemplate({ html, text, id, title, status, failure, content, close }: Frame): TemplateResult {
  const keys = (event: KeyboardEvent) => {
    event.stopPropagation(); // the arrows are those of the fields here
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };
  return html`<div id=${id} class="page" tabindex="-1" @keydown=${keys}>
    <div class="head">
      <button class="icon" aria-label=${text.back} title=${text.back} @click=${close}>${strokes(html, "M15 5l-7 7 7 7")}</button>
      <h2 id="title">${title}</h2>
      <span class="status" role="status">${status}</span>
      <button class="icon" aria-label=${text.close} popovertarget="panel">${strokes(html, "M6 6l12 12M18 6L6 18")}</button>
    </div>
    ${failure}
    <div class="scroll" aria-busy=${!content}>
      ${content ?? (failure ? "" : html`<div role="status" aria-label=${text.loading}><i></i><i></i><i></i><i></i></div>`)}
    </div>
  </div>`;
}

export const strokes = (html: typeof Html, path: string): TemplateResult =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path}></path></svg>`;

/** The style of a page, given to the bell once. */
export function sheetOf(styles: string): (root: ShadowRoot) => void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(pageStyles + styles);
  return (root) => {
    if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  };
}

/** Puts the focus on the first that fits, once it is drawn. */
export async function focusOn(root: ShadowRoot, ...selectors: string[]): Promise<void> {
  await null;
  for (const selector of selectors) {
    const found = root.querySelector<HTMLElement>(selector);
    if (found) return found.focus();
  }
}
