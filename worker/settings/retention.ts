import { initialRetention, type Retention } from "@carillon/shared/retention";
import { conflict } from "../errors.ts";
import type { Outside, Store } from "../ports.ts";
import { changeSettings } from "./change.ts";
import type { Org } from "./org.ts";
import { readSettings, settingsKey } from "./store.ts";
import type { Settings } from "@carillon/shared/settings";

const DAY_MS = 86_400_000;
const DAY_S = 86_400;

type SavePorts = Pick<Outside, "store" | "shards" | "queue" | "clock">;

/**
 * Saves for how long things are kept; the form names the version it was made from.
 * @throws 409 `settings.conflict` with `current`, and what `changeSettings` throws
 */
export async function saveRetention(ports: SavePorts, org: string, by: string, form: Retention): Promise<Retention> {
  const settings = await changeSettings(ports, org, by, "retention saved", (newest) => {
    const saved = newest.retention ?? initialRetention();
    if (saved.version !== form.version)
      throw conflict("settings.conflict", "Someone else has saved the retention in the meantime.", { current: saved });
    return { ...newest, retention: { ...form, version: saved.version + 1 } };
  });
  return settings.retention!;
}

/** Removes settings that have been out of force for longer than they are to be kept, once a day, whoever asks. */
export async function pruneHistory({ store, clock }: { store: Store; clock: Outside["clock"] }, { org, version }: Org): Promise<void> {
  const { retention } = await readSettings({ store }, org, version);
  if (!retention || retention.settingsHistory === null) return;
  const [isFirst] = await store.run(["SET", `settings-pruned:${org}`, "1", "NX", "EX", DAY_S]);
  if (isFirst === null) return;
  const [texts] = await store.run(["HVALS", settingsKey(org)]);
  const history = (Array.isArray(texts) ? texts : [])
    .map((text) => JSON.parse(String(text)) as Settings)
    .sort((a, b) => a.version - b.version);
  const before = clock.now() - retention.settingsHistory * DAY_MS;
  // A version was in force until the next was made. Those after the one that requests carry are a change under way.
  const past = history.filter(({ version: one }, index) => one < version && (history[index + 1]?.changed?.at ?? Infinity) < before);
  if (past.length > 0) await store.run(["HDEL", settingsKey(org), ...past.map(({ version: one }) => String(one))]);
}
