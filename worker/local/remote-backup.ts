import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { openSql, type HostSql } from "../adapters/node-sqlite.ts";
import { embeddedStore } from "../embedded/store.ts";
import { importSettings, type SettingsLine } from "../settings/transfer.ts";
import { Search } from "../shard/inbox/search.ts";
import { Events } from "../shard/ledger/events.ts";
import { SCHEMA_VERSION, migrate } from "../shard/schema.ts";
import { tablesOf, writeRows, type Key, type Row } from "../shard/transfer/tables.ts";
import type { Changed } from "../shard/transfer/changes.ts";
import { packBackup, type Manifest } from "./backup.ts";
import { askRemote, callRemote, fewAtATime, type Remote } from "./remote.ts";

type Spread = { org: string; shards: number };
type Changes = { changed: Changed[]; upTo: number; isAll: boolean };
/** The copy of a shard, and up to which note of changes it goes. */
type Copy = Spread & { shard: number; sql: HostSql; backup: string; upTo: number };

/** A deployment that changes faster than it is read. */
const MOST_ROUNDS = 30;

/**
 * Writes an archive of a deployment elsewhere, over HTTP, while it serves. Each organisation is in it as of one instant, of which
 * `at` of the manifest is the first; its settings, read afterwards, as of a later one. Of what is in Redis only they and the API keys'
 * hashes are in it: no sessions, and nothing of the queue, which the shards wake anew.
 */
export async function takeRemoteBackup({ file, ...remote }: Remote & { file: string }): Promise<{ manifest: Manifest; orgs: Spread[] }> {
  const parts = `${file}.parts`;
  rmSync(parts, { recursive: true, force: true });
  mkdirSync(join(parts, "shards"), { recursive: true, mode: 0o700 });
  try {
    const { orgs } = await askRemote<{ orgs: Spread[] }>(remote, "/internal/backup");
    if (!orgs.every(({ org }) => /^[a-z0-9-]{1,40}$/.test(org))) throw new Error(`${remote.address} is no Carillon`);
    const instants: number[] = [];
    const names: string[] = ["store.db"];
    for (const org of orgs) {
      const shards = Array.from({ length: org.shards }, (_, shard) => ({ ...org, shard, name: `shards/${org.org}.${shard}.db` }));
      names.push(...shards.map(({ name }) => name));
      const copies = await fewAtATime(shards, (one) => copyShard(remote, one, join(parts, one.name)));
      instants.push(await finish(remote, org.org, copies));
    }
    await copySettings(remote, orgs, join(parts, "store.db"));
    const manifest: Omit<Manifest, "files"> = {
      format: "carillon-backup",
      version: 1,
      at: new Date(Math.min(Date.now(), ...instants)).toISOString(),
      beside: [],
      settingsKeys: {},
      hasSecrets: false,
    };
    mkdirSync(dirname(file), { recursive: true });
    const packed = await packBackup(`${file}.new`, manifest, names, parts, parts);
    renameSync(`${file}.new`, file);
    return { manifest: packed, orgs };
  } finally {
    rmSync(parts, { recursive: true, force: true });
    rmSync(`${file}.new`, { force: true });
  }
}

/** All tables of a shard, while they change. */
async function copyShard(remote: Remote, { org, shards, shard }: Spread & { shard: number }, path: string): Promise<Copy> {
  const place = { org, shard, backup: randomUUID() };
  const { schema } = await askRemote<{ schema: number }>(remote, "/internal/backup", { act: "begin", ...place });
  if (schema > SCHEMA_VERSION) throw new Error(`${remote.address} runs a newer Carillon than this; please use that one's command.`);
  const sql = openSql(path);
  migrate(sql, schema);
  for (const table of tablesOf(sql)) {
    let after: Key | null = null;
    do {
      const asked: unknown = { act: "page", ...place, table: table.name, after };
      const page: { rows: Row[]; next: Key | null } = await askRemote(remote, "/internal/backup", asked);
      sql.transaction(() => writeRows(sql, table, page.rows));
      after = page.next;
    } while (after !== null);
  }
  return { org, shards, shard, sql, backup: place.backup, upTo: 0 };
}

/** Brings the copies of an organisation up to one instant, which is answered, and closes them. */
async function finish(remote: Remote, org: string, copies: Copy[]): Promise<number> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await fewAtATime(copies, (copy) => follow(remote, copy));
    const asked = { act: "last", org, shards: copies.map(({ backup, upTo: after }) => ({ backup, after })) };
    const last = await askRemote<{ at: number; isWhole: boolean; parts: (Changes | { refused: string })[] }>(
      remote,
      "/internal/backup",
      asked,
    );
    for (const [index, part] of last.parts.entries()) take(copies[index]!, part);
    if (!last.isWhole) continue;
    await fewAtATime(copies, ({ shard, backup }) => callRemote(remote, "/internal/backup", { act: "end", org, shard, backup }));
    for (const { sql } of copies) close(sql);
    return last.at;
  }
  throw new Error(`${org} changes faster than it can be read from here; please try again when less goes on.`);
}

/** What has changed since it was read. */
async function follow(remote: Remote, copy: Copy): Promise<void> {
  for (let isAll = false; !isAll;) {
    const { org, shard, backup, upTo: after } = copy;
    const changes = await askRemote<Changes>(remote, "/internal/backup", { act: "changes", org, shard, backup, after });
    take(copy, changes);
    isAll = changes.isAll;
  }
}

function take(copy: Copy, part: Changes | { refused: string }): void {
  if ("refused" in part) throw new Error(`Shard ${copy.shard} of ${copy.org} knows this backup no more; please begin again.`);
  const tables = new Map(tablesOf(copy.sql).map((table) => [table.name, table]));
  copy.sql.transaction(() => {
    for (const { table, rows, gone } of part.changed) writeRows(copy.sql, tables.get(table)!, rows, gone);
  });
  copy.upTo = part.upTo;
}

/** A start of it finds everything again at once. */
function close(sql: HostSql): void {
  const search = new Search(sql, new Events(sql));
  while (sql.transaction(() => search.indexNext()));
  sql.close();
}

async function copySettings(remote: Remote, orgs: Spread[], path: string): Promise<void> {
  const text = await (await callRemote(remote, "/internal/settings")).text();
  const lines = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as SettingsLine)
    .filter(({ org }) => orgs.some((one) => one.org === org)); // One that was made since has no shards here.
  const sql = openSql(path);
  const store = embeddedStore(sql, { now: () => Date.now() });
  for (const line of lines) await importSettings({ store }, line);
  sql.close();
  const missing = orgs.find(({ org }) => !lines.some((line) => line.org === org && "record" in line));
  if (missing) throw new Error(`The settings of ${missing.org} are not whole`);
}
