/// <reference types="vite/client" />
import type { PersonQuietHours } from "@carillon/shared/quiet-bounds";
import type { html as Html, TemplateResult } from "lit/html.js";
import { wordsOf, type Connection, type RefusedError } from "./client.ts";
import styles from "./preferences.css?inline";
import { preferencesTemplate } from "./preferences/page.ts";
import { createSaver, readPreferences, type Change, type Saver } from "./preferences/saver.ts";
import { PREFERENCES_STRINGS, type PreferencesStrings } from "./preferences/strings.ts";
import { boundsOf, offerOf } from "./preferences/week.ts";
import type { Strings } from "./strings.ts";

/** What the bell hands over, lit included, so that this file needs nothing that the page has not loaded already. */
export type Opening = {
  html: typeof Html;
  /** The element: its shadow root is what is drawn into, its `strings` are the texts. */
  bell: HTMLElement & { strings: Partial<Strings & PreferencesStrings> };
  locale: string;
  call: Connection["call"];
  /** Draws anew. */
  update(): void;
  /** Goes back to the list. */
  close(): void;
};

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/** A person's preferences, in the bell's panel. Answers what draws them. */
export function openPreferences({ html, bell, locale, call, update, close }: Opening): () => TemplateResult {
  const root = bell.shadowRoot!;
  const text = { ...PREFERENCES_STRINGS, ...(bell.strings as Strings) };
  let saver: Saver | null = null;
  /** Own quiet hours as they are typed; they are saved by a button, because half of a time is none. */
  let draft: PersonQuietHours | null = null;
  let status = "";
  let failure: string | null = null;
  let errors: NonNullable<RefusedError["errors"]> = [];
  let saving = 0;

  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  void load();
  void focus("#preferences .icon");

  return () =>
    preferencesTemplate({
      html,
      text,
      locale,
      now: Date.now(),
      view: saver?.shown() ?? null,
      draft,
      status,
      failure,
      errors,
      load,
      save,
      chooseQuiet,
      type(own) {
        draft = own;
        update();
      },
      async saveQuiet() {
        const own = draft;
        if (own && (await save(() => ({ quietHours: own }))) && draft === own) draft = null;
        update();
        await focus("[aria-invalid=true]");
      },
      close() {
        close();
        void focus("#gear");
      },
    });

  async function load(): Promise<void> {
    failure = null;
    update();
    try {
      saver = createSaver(await readPreferences(call), call);
    } catch (problem) {
      failure = wordsOf(problem);
    }
    update();
  }

  /** Whether it was stored. */
  async function save(change: Change): Promise<boolean> {
    saving++;
    failure = null;
    errors = [];
    status = text.saving;
    const stored = saver?.save(change);
    update();
    try {
      await stored;
      if (!failure) status = text.saved;
      return true;
    } catch (problem) {
      status = "";
      failure = wordsOf(problem);
      errors = (problem as Partial<RefusedError>).errors ?? [];
      return false;
    } finally {
      if (--saving > 0 && !failure) status = text.saving;
      update();
    }
  }

  function chooseQuiet(mode: "organisation" | "own" | "none"): void {
    const view = saver!.shown();
    const org = view.organisation.quietHours;
    const bounds = boundsOf(org);
    const own = view.quietHours ?? offerOf(org, bounds ?? { ...org, days: [], mayRefuseUrgent: false });
    draft = mode === "own" ? { ...own, enabled: true } : null;
    errors = [];
    failure = null;
    update();
    if (mode !== "own") void save(() => ({ quietHours: mode === "none" ? { ...own, enabled: false } : null }));
  }

  async function focus(selector: string): Promise<void> {
    await null; // until it is drawn
    root.querySelector<HTMLElement>(selector)?.focus();
  }
}
