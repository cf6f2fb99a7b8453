import { existsSync } from "node:fs";
import { join } from "node:path";
import { EXTERNAL_CHANNELS } from "@carillon/shared/channels";
import type { Settings } from "@carillon/shared/settings";
import { openSql } from "../adapters/node-sqlite.ts";
import { embeddedStore } from "../embedded/store.ts";
import type { Store } from "../ports.ts";
import { readOrgs } from "../settings/org.ts";
import { orgKey, readLatestSettings, settingsKey } from "../settings/store.ts";
import type { SettingsChange } from "../shard/calls.ts";

const BY = "restore";

/**
 * Switches every external channel of every organisation off in an unpacked backup, so that all that waited then is parked, and an admin
 * chooses what becomes of it. It is written down twice, as a change that has come half the way: in the settings, so that no job sends
 * anything; and with shard 0 as one to be finished, so that all shards park before another change is taken.
 */
export async function parkChannels(folder: string, now: number): Promise<void> {
  const path = join(folder, "store.db");
  if (!existsSync(path))
    throw new Error("The settings are in Redis and not in this backup: switch the channels off there before the start.");
  const sql = openSql(path);
  const store = embeddedStore(sql, { now: () => now });
  for (const { org } of await readOrgs({ store })) await parkOrg(store, org, join(folder, `shards/${org}.0.db`), now);
  sql.close();
}

async function parkOrg(store: Store, org: string, shard0: string, now: number): Promise<void> {
  if (!existsSync(shard0)) return; // Nobody has ever been told anything.
  const sql = openSql(shard0);
  const pending = sql
    .exec<{ change: string }>(`SELECT change FROM intent ORDER BY version`)
    .toArray()
    .map(({ change }) => (JSON.parse(change) as SettingsChange).settings);
  const known = [(await readLatestSettings({ store }, org))!, ...pending];
  const newest = known.reduce((one, other) => (other.version > one.version ? other : one));
  const settings = withoutChannels(newest, now);
  await store.atomic(
    ["HSET", settingsKey(org), String(settings.version), JSON.stringify(settings)],
    ["HSET", orgKey(org), "version", String(settings.version)],
  );
  const change: SettingsChange = { version: settings.version, settings, releases: {} };
  sql.transaction(() => {
    sql.exec(`DELETE FROM intent`);
    sql.exec(`INSERT INTO intent VALUES (?, ?)`, change.version, JSON.stringify(change));
  });
  sql.close();
}

function withoutChannels(settings: Settings, now: number): Settings {
  const channels = { ...settings.channels };
  for (const channel of EXTERNAL_CHANNELS)
    if (channels[channel].enabled) channels[channel] = { ...channels[channel], enabled: false, switched: { at: now, by: BY } };
  return { ...settings, channels, version: settings.version + 1, changed: { at: now, by: BY, what: "channels parked after a restore" } };
}
