import type { Settings } from "@carillon/shared/settings";
import { Unavailable } from "../errors.ts";
import type { Store } from "../ports.ts";

/** Every version of an organisation's settings stands in one hash, by its number, from the first day. */
export const settingsKey = (org: string): string => `settings:${org}`;
/** The organisation's record: settings version, shards, name and API keys, so that one command reads what a request needs. */
export const orgKey = (org: string): string => `org:${org}`;

/** Versions never change once written, so what was read once is true for good. Kept per store, for the newest only. */
const cache = new WeakMap<Store, Map<string, Settings>>();
const MOST_ORGS = 1_000;

/** The settings as of `version`; one command when this process has not seen them yet. Not to be changed by the caller. */
export async function readSettings({ store }: { store: Store }, org: string, version: number): Promise<Settings> {
  const cached = cacheOf(store).get(org);
  if (cached?.version === version) return cached;
  const [text] = await store.run(["HGET", settingsKey(org), String(version)]);
  // The pointer may have reached a replica before the document it points to.
  if (typeof text !== "string") throw new Unavailable("store", new Error(`Version ${version} of the settings of ${org} is not there`));
  return keep(store, org, parse(text));
}

/**
 * The newest settings by their history, for whoever is about to change them: should the pointer ever lag, the next change mends it.
 * Null if there is no such organisation.
 */
export async function readLatestSettings({ store }: { store: Store }, org: string): Promise<Settings | null> {
  const [versions] = await store.run(["HKEYS", settingsKey(org)]);
  if (!Array.isArray(versions) || versions.length === 0) return null;
  return readSettings({ store }, org, Math.max(...versions.map(Number)));
}

/** Writes a new version down. What stands there already stays: a version is written once. */
export async function writeVersion({ store }: { store: Store }, org: string, settings: Settings): Promise<void> {
  await store.run(["HSETNX", settingsKey(org), String(settings.version), JSON.stringify(settings)]);
}

/** From here on every request carries this version. Whoever comes late does not point back. */
export async function pointTo({ store }: { store: Store }, org: string, settings: Settings): Promise<void> {
  const [version] = await store.run(["HGET", orgKey(org), "version"]);
  if (Number(version) >= settings.version) return;
  await store.run(["HSET", orgKey(org), "version", String(settings.version)]);
  keep(store, org, settings);
}

/** Who changed what and when, newest first, without the settings themselves. */
export async function readHistory(
  { store }: { store: Store },
  org: string,
): Promise<{ version: number; at: number | null; by: string | null; what: string | null }[]> {
  const [texts] = await store.run(["HVALS", settingsKey(org)]);
  const all = Array.isArray(texts) ? texts.map((text) => parse(String(text))) : [];
  return all
    .sort((a, b) => b.version - a.version)
    .map(({ version, changed }) => ({ version, at: changed?.at ?? null, by: changed?.by ?? null, what: changed?.what ?? null }));
}

/** Only this file and the start write these texts. */
const parse = (text: string): Settings => JSON.parse(text) as Settings;

function cacheOf(store: Store): Map<string, Settings> {
  let settings = cache.get(store);
  if (!settings) cache.set(store, (settings = new Map()));
  return settings;
}

function keep(store: Store, org: string, settings: Settings): Settings {
  const known = cacheOf(store);
  // A slow reader of an old version must not push out the newest.
  if ((known.get(org)?.version ?? 0) > settings.version) return settings;
  if (known.size >= MOST_ORGS) known.clear();
  known.set(org, settings);
  return settings;
}
