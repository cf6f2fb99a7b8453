import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readArchive } from "./backup-archive.ts";
import { MANIFEST, databasesIn, fingerprints, keysOf, type Manifest } from "./backup.ts";

type Restored = {
  manifest: Manifest;
  /** Settings keys that a start in this folder does not have, or has with other bytes: what they sealed does not open. */
  missingKeys: string[];
};

/**
 * Unpacks a backup into a data folder that holds no database yet. Every file is checked, its hash and its structure, before the first
 * is put in its place.
 */
export async function restoreBackup({
  data,
  file,
  env,
}: {
  data: string;
  file: string;
  env: Record<string, string | undefined>;
}): Promise<Restored> {
  if (databasesIn(data).length > 0) throw new Error(`${data} holds databases already; restore into another folder (CARILLON_DATA).`);
  const parts = join(data, "restoring");
  rmSync(parts, { recursive: true, force: true });
  mkdirSync(parts, { recursive: true, mode: 0o700 });
  try {
    const hashes = await readArchive(file, parts);
    const manifest = readManifest(join(parts, MANIFEST));
    check(manifest, hashes, parts);
    const taken = manifest.beside.filter((name) => existsSync(join(data, name)));
    if (taken.length > 0)
      throw new Error(`${data} has a ${taken.join(" and a ")} of its own; restore into an empty folder (CARILLON_DATA).`);
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

function readManifest(path: string): Manifest {
  const manifest = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : null;
  if (manifest?.format !== "carillon-backup" || manifest.version !== 1) throw new Error("This is no backup of Carillon");
  return manifest;
}

function check(manifest: Manifest, hashes: Map<string, string>, parts: string): void {
  for (const { name, sha256 } of manifest.files) {
    if (hashes.get(name) !== sha256) throw new Error(`${name} is not as it was when the backup was made`);
    const database = new DatabaseSync(join(parts, name));
    const said = database.prepare("PRAGMA quick_check").get() as { quick_check: string };
    database.close();
    if (said.quick_check !== "ok") throw new Error(`${name} is damaged: ${said.quick_check}`);
  }
  // What the check has left beside a database is not to be moved, and not needed.
  for (const folder of [parts, join(parts, "shards")])
    for (const name of existsSync(folder) ? readdirSync(folder) : []) if (/-(wal|shm)$/.test(name)) rmSync(join(folder, name));
}
