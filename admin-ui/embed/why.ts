/// <reference types="vite/client" />
import type { MyEvent } from "@carillon/shared/my-event";
import type { TemplateResult } from "lit/html.js";
import { wordsOf } from "./client.ts";
import { pageLocale } from "./locale.ts";
import { focusOn, frameTemplate, sheetOf, type Opening, type Page } from "./page.ts";
import type { Strings } from "./strings.ts";
import styles from "./why.css?inline";
import { explain, typeInWords } from "./why/explain.ts";
import { WHY_STRINGS } from "./why/strings.ts";

const adopt = sheetOf(styles);

/** Why a person got an item, and why not: what became of its event on every channel. Answers what draws it. */
export function openPage(opening: Opening): Page {
  const { html, bell, item, call, update, show } = opening;
  const root = bell.shadowRoot!;
  const locale = pageLocale();
  const text = { ...WHY_STRINGS, ...(bell.strings as Strings) };
  const { event, title, type, silent } = item!;
  let answer: MyEvent | null = null;
  let failure: string | null = null;

  adopt(root);
  void load();

  return () =>
    frameTemplate({
      html,
      text,
      id: "why",
      title: text.why,
      failure: failure
        ? html`<div class="notice" role="alert">
            <span>${failure}</span>
            <button class="text" @click=${load}>${text.retry}</button>
          </div>`
        : "",
      content: answer && contentOf(answer),
      close() {
        show(null);
        void focusOn(root, `[aria-label=${JSON.stringify(`${text.why}: ${title}`)}]`, ".main", "#panel");
      },
    });

  function contentOf(answer: MyEvent): TemplateResult {
    return html`
      <p class="item"><b>${title}</b><span class="state">${typeInWords(text, type)}</span></p>
      <dl>
        ${explain(text, answer, silent, locale, Date.now()).map(
          ({ channel, did, why }) => html`
            <div>
              <dt>${channel}</dt>
              <dd class="mark">${did}</dd>
              <dd class="state">${why}</dd>
            </div>
          `,
        )}
      </dl>
      <button class="text" @click=${prefer}>${text["why-change"]}</button>
    `;
  }

  async function prefer(): Promise<void> {
    const { openPage: openPreferences } = await import("./preferences.ts");
    show(openPreferences(opening));
  }

  async function load(): Promise<void> {
    failure = null;
    update();
    void focusOn(root, "#why .icon"); // also where the button that asked again has gone
    try {
      answer = await call<MyEvent>("GET", `/v1/me/events/${encodeURIComponent(event)}`);
    } catch (problem) {
      failure = wordsOf(problem);
    }
    update();
  }
}
