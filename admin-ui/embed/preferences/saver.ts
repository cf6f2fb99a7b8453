import type { Preferences } from "@carillon/shared/preferences";
import type { Connection } from "../client.ts";
import type { PreferencesView } from "./view.ts";

/** What the person changes, said about whatever is stored at that moment. */
export type Change = (stored: PreferencesView) => Partial<Preferences>;

export type Saver = {
  /** As the person sees it: what is stored, with all that is on its way. */
  shown(): PreferencesView;
  /** Resolves when it is stored. Rejects with the server's refusal, and then it is shown no more. */
  save(change: Change): Promise<void>;
};

const PATH = "/v1/me/preferences";

export const readPreferences = (call: Connection["call"]): Promise<PreferencesView> => call("GET", PATH);

/** Shows changes at once and stores them one after another. */
export function createSaver(stored: PreferencesView, call: Connection["call"]): Saver {
  let waiting: Change[] = [];
  let last: Promise<void> = Promise.resolve();

  return {
    shown: () => waiting.reduce((view, change) => ({ ...view, ...change(view) }), stored),
    save(change) {
      waiting.push(change);
      const saving = last.then(() => store(change));
      last = saving.catch(() => {});
      return saving;
    },
  };

  async function store(change: Change): Promise<void> {
    try {
      // A write says everything, so that it must begin with what other tabs have stored and the organisation has locked since.
      stored = await readPreferences(call);
      stored = await call("PUT", PATH, { ...stored, ...change(stored) });
    } finally {
      waiting = waiting.filter((other) => other !== change);
    }
  }
}
