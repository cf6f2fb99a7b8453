import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readArchive } from "./backup-archive.ts";
import { SCHEMA_VERSION } from "../shard/schema.ts";
import { parkChannels } from "./park.ts";
import { MANIFEST, databasesIn, fingerprints, keysOf, type Manifest } from "./backup.ts";

type Restored = {
  manifest: Manifest;
  /** Settings keys that a start in this folder does not have, or has with other bytes: what they sealed does not open. */
  missingKeys: string[];
};

/**
 * Unpacks a backup into a data folder that holds no database yet. Every file is checked, its hash and its structure, before the first
 * is put in its place. `park`: see park.ts.
 */
export async function restoreBackup({
  data,
  file,
  env,
  park = false,
}: {
  data: string;
  file: string;
  env: Record<string, string | undefined>;
  park?: boolean;
}): Promise<Restored> {
  if (databasesIn(data).length > 0) throw new Error(`${data} holds databases already; restore into another folder (CARILLON_DATA).`);
  const parts = join(data, "restoring");
  try {
    const manifest = await unpackBackup(file, parts);
    const taken = manifest.beside.filter((name) => existsSync(join(data, name)));
    if (taken.length > 0)
      throw new Error(`${data} has a ${taken.join(" and a ")} of its own; restore into an empty folder (CARILLON_DATA).`);
    if (park) await parkChannels(parts, Date.now());
    for (const name of [...manifest.files.map((one) => one.name), ...manifest.beside]) {
      mkdirSync(dirname(join(data, name)), { recursive: true, mode: 0o700 });
      renameSync(join(parts, name), join(data, name));
    }
    const here = fingerprints(keysOf(data, env));
    return { manifest, missingKeys: Object.keys(manifest.settingsKeys).filter((name) => here[name] !== manifest.settingsKeys[name]) };
  } finally {
    rmSync(parts, { recursive: true, force: true });
  }
}

/** Unpacks a backup into a folder, which is made anew, and checks every file of it. @throws for anything that is no whole backup */
export async function unpackBackup(file: string, folder: string): Promise<Manifest> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const hashes = await readArchive(file, folder);
  const manifest = readManifest(join(folder, MANIFEST));
  check(manifest, hashes, folder);
  return manifest;
}

function readManifest(path: string): Manifest {
  const manifest = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : null;
  if (manifest?.format !== "carillon-backup" || !Number.isInteger(manifest.version)) throw new Error("This is no backup of Carillon");
  if (manifest.version !== 1) throw new Error(`This backup was made by a newer Carillon (version ${manifest.version} of the archive)`);
  return manifest;
}

function check(manifest: Manifest, hashes: Map<string, string>, parts: string): void {
  for (const { name, sha256 } of manifest.files) {
    if (hashes.get(name) !== sha256) throw new Error(`${name} is not as it was when the backup was made`);
    const database = new DatabaseSync(join(parts, name));
    const said = database.prepare("PRAGMA quick_check").get() as { quick_check: string };
    const schema = name.startsWith("shards/") ? schemaOf(database) : 0;
    database.close();
    if (said.quick_check !== "ok") throw new Error(`${name} is damaged: ${said.quick_check}`);
    if (schema > SCHEMA_VERSION) throw new Error(`${name} was made by a newer Carillon (version ${schema}, known up to ${SCHEMA_VERSION})`);
  }
  // What the check has left beside a database is not to be moved, and not needed.
  for (const folder of [parts, join(parts, "shards")])
    for (const name of existsSync(folder) ? readdirSync(folder) : []) if (/-(wal|shm)$/.test(name)) rmSync(join(folder, name));
}

const schemaOf = (database: DatabaseSync): number =>
  (database.prepare("SELECT version FROM schema_version").get() as { version: number } | undefined)?.version ?? 0;
