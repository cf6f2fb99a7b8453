import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openSql, type HostSql } from "../adapters/node-sqlite.ts";
import { embeddedStore } from "../embedded/store.ts";
import { exportSettings, type SettingsLine } from "../settings/transfer.ts";
import { SCHEMA_VERSION, migrate } from "../shard/schema.ts";
import { digestOf, readPage, tablesOf, type Key, type Table } from "../shard/transfer/tables.ts";
import type { Manifest } from "./backup.ts";
import { parkChannels } from "./park.ts";
import { askRemote, callRemote, fewAtATime, type Remote } from "./remote.ts";
import { unpackBackup } from "./restore.ts";

type Digest = { count: number; digest: string; next: Key | null };
type Record = Extract<SettingsLine, { record: unknown }>;

/**
 * Brings an archive to a deployment elsewhere that does not have these organisations. Nobody is served from a shard before all of it
 * has been compared; an organisation is there at once, with its record, which comes last. Cut off before that, it begins again from
 * nothing. `only`: of one organisation; `park`: see park.ts.
 */
export async function sendRemoteBackup({
  file,
  only,
  park,
  ...remote
}: Remote & { file: string; only: string | null; park: boolean }): Promise<{ manifest: Manifest; orgs: string[]; rows: number }> {
  const parts = `${file}.restoring`;
  try {
    const manifest = await unpackBackup(file, parts);
    if (!existsSync(join(parts, "store.db")))
      throw new Error("The settings are in Redis and not in this backup: make one with --url, which takes both.");
    const { orgs: there } = await askRemote<{ orgs: { org: string }[] }>(remote, "/internal/backup");
    if (park) await parkChannels(parts, Date.now());
    const lines = (await settingsIn(join(parts, "store.db"))).filter(({ org }) => only === null || org === only);
    const records = lines.filter((line): line is Record => "record" in line);
    if (records.length === 0)
      throw new Error(only === null ? "There is no organisation in this backup." : `There is no ${only} in this backup.`);
    const known = records.find(({ org }) => there.some((one) => one.org === org));
    if (known) throw new Error(`The organisation ${known.org} exists already at ${remote.address}; nothing was changed.`);

    let rows = 0;
    for (const { org, record } of records) {
      for (const line of lines.filter((one) => one.org === org && "settings" in one)) await callRemote(remote, "/internal/settings", line);
      const files = filesOf(parts, org, Number(record["shards"]));
      const counts = await fewAtATime([...files.entries()], ([shard, path]) => fillShard(remote, { org, shard }, path));
      rows += counts.reduce((sum, count) => sum + count, 0);
      for (const shard of files.keys()) await step(remote, { act: "ready", org, shard });
      await sendRecord(remote, { org, record });
    }
    return { manifest, orgs: records.map(({ org }) => org), rows };
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

const step = <Answer>(remote: Remote, body: object): Promise<Answer> => askRemote<Answer>(remote, "/internal/restore", body);

async function settingsIn(path: string): Promise<SettingsLine[]> {
  const sql = openSql(path);
  const lines: SettingsLine[] = [];
  for await (const line of exportSettings({ store: embeddedStore(sql, { now: () => Date.now() }) })) lines.push(line);
  sql.close();
  return lines;
}

/** A shard that nobody has asked yet has no file; one beyond their number is a mistake somewhere. */
function filesOf(folder: string, org: string, shards: number): string[] {
  const found = existsSync(join(folder, "shards")) ? readdirSync(join(folder, "shards")) : [];
  const own = found.filter((name) => name.startsWith(`${org}.`) && name.endsWith(".db")).length;
  if (own > shards) throw new Error(`${org} has ${shards} shards, and this backup ${own} of it.`);
  return Array.from({ length: shards }, (_, shard) => join(folder, `shards/${org}.${shard}.db`));
}

/** Fills one shard and compares it, page by page; answers how many rows it has. */
async function fillShard(remote: Remote, place: { org: string; shard: number }, path: string): Promise<number> {
  const sql = openSql(path);
  migrate(sql);
  await step(remote, { act: "clear", ...place, schema: SCHEMA_VERSION });
  const tables = tablesOf(sql);
  for (const table of tables) await sendTable(remote, place, sql, table);
  let rows = 0;
  for (const table of tables) rows += await compareTable(remote, place, sql, table);
  while ((await step<{ left: boolean }>(remote, { act: "index", ...place })).left);
  sql.close();
  return rows;
}

async function sendTable(remote: Remote, place: object, sql: HostSql, table: Table): Promise<void> {
  for (let after: Key | null = null; ;) {
    const { rows, next } = readPage(sql, table, after);
    if (rows.length > 0) await step(remote, { act: "rows", ...place, table: table.name, rows });
    if (next === null) return;
    after = next;
  }
}

async function compareTable(remote: Remote, place: { org: string; shard: number }, sql: HostSql, table: Table): Promise<number> {
  let count = 0;
  for (let after: Key | null = null; ;) {
    const { rows, next } = readPage(sql, table, after);
    const there = await step<Digest>(remote, { act: "digest", ...place, table: table.name, after });
    if (there.count !== rows.length || there.digest !== digestOf(rows))
      throw new Error(
        `The table ${table.name} of shard ${place.shard} of ${place.org} is not there as it is here; please repeat the restore.`,
      );
    count += rows.length;
    if (next === null) return count;
    after = next;
  }
}

/** By it the organisation is there. If the answer was lost, it may be there already when it is sent again. */
async function sendRecord(remote: Remote, line: Record): Promise<void> {
  await callRemote(remote, "/internal/settings", line).catch(async (error: unknown) => {
    const { orgs } = await askRemote<{ orgs: { org: string }[] }>(remote, "/internal/backup");
    if (!orgs.some(({ org }) => org === line.org)) throw error;
  });
}
