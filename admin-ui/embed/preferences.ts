/// <reference types="vite/client" />
import type { PersonQuietHours } from "@carillon/shared/quiet-bounds";
import { wordsOf, type RefusedError } from "./client.ts";
import { pageLocale } from "./locale.ts";
import { focusOn, sheetOf, type Opening, type Page } from "./page.ts";
import styles from "./preferences.css?inline";
import { preferencesTemplate } from "./preferences/page.ts";
import { createSaver, readPreferences, type Change, type Saver } from "./preferences/saver.ts";
import { PREFERENCES_STRINGS } from "./preferences/strings.ts";
import { boundsOf, offerOf } from "./preferences/week.ts";
import type { Strings } from "./strings.ts";

const adopt = sheetOf(styles);

/** A person's preferences, in the bell's panel. Answers what draws them. */
export function openPage({ html, bell, call, update, show }: Opening): Page {
  const root = bell.shadowRoot!;
  const locale = pageLocale();
  const text = { ...PREFERENCES_STRINGS, ...(bell.strings as Strings) };
  let saver: Saver | null = null;
  /** Own quiet hours as they are typed; they are saved by a button, because half of a time is none. */
  let draft: PersonQuietHours | null = null;
  let status = "";
  let failure: string | null = null;
  let errors: NonNullable<RefusedError["errors"]> = [];
  let saving = 0;

  adopt(root);
  void load();

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
        await focusOn(root, "[aria-invalid=true]");
      },
      close() {
        show(null);
        void focusOn(root, "#gear");
      },
    });

  async function load(): Promise<void> {
    failure = null;
    update();
    void focusOn(root, "#preferences .icon"); // also where the button that asked again has gone
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
}
