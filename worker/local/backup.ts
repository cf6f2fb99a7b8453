import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync, backup } from "node:sqlite";
import { hashOfFile, writeArchive, type Entry } from "./backup-archive.ts";
import type { Secrets } from "./secrets.ts";

type Environment = Record<string, string | undefined>;

/** What stands first in a backup. */
export type Manifest = {
  format: "carillon-backup";
  version: 1;
  /** The instant whose state this is, ISO 8601. */
  at: string;
  files: { name: string; bytes: number; sha256: string }[];
  /** Files besides the databases. */
  beside: string[];
  /** What the saved secrets are sealed with: the keys' names, and by what each is known again. The keys themselves are not here. */
  settingsKeys: Record<string, string>;
  /** Whether the start's own secrets, with its settings key, are in it. */
  hasSecrets: boolean;
};
export const MANIFEST = "manifest.json";
/** What a start keeps for itself: its own secrets, and the sandbox's account, which the settings name while they are a trial's. */
export const SECRETS = ["secrets.json", "sandbox/account.json"];
/** What a start has noted besides, if it has. */
const NOTES = ["seeded.json"];
/** The databases beside the shards: settings and keys, the queue, and what a face of QStash keeps. */
const BESIDE = ["store.db", "queue.db", "qstash.db"];

/** How long a database may be busy before a backup gives up. */
const PATIENCE_MS = 10_000;
/** Pages copied in one step, 4 KiB each. */
const STEP_PAGES = 2_000;

/**
 * Writes the databases of a data folder into one archive, all as of one instant, while Carillon runs: for some milliseconds all of
 * them are locked, so that what one shard has handed to another is in exactly one of the two. `lockedMs` says for how long.
 */
export async function takeBackup({
  data,
  file,
  withSecrets,
  env,
}: {
  data: string;
  file: string;
  withSecrets: boolean;
  env: Environment;
}): Promise<{ manifest: Manifest; lockedMs: number }> {
  const names = databasesIn(data);
  if (names.length === 0) throw new Error(`There is no database of Carillon in ${data}; CARILLON_DATA names the folder.`);
  if (withSecrets && !existsSync(join(data, SECRETS[0]!)))
    throw new Error(`There is no ${SECRETS[0]} in ${data}: the settings keys are in the environment, and stay there.`);
  const parts = `${file}.parts`;
  mkdirSync(join(parts, "shards"), { recursive: true, mode: 0o700 });
  try {
    const { snapshots, at, lockedMs } = snapshotAll(names.map((name) => join(data, name)));
    for (const [index, snapshot] of snapshots.entries()) {
      await backup(snapshot, join(parts, names[index]!), { rate: STEP_PAGES });
      snapshot.close();
    }
    const beside = [...NOTES, ...(withSecrets ? SECRETS : [])].filter((name) => existsSync(join(data, name)));
    const known: Omit<Manifest, "files"> = {
      format: "carillon-backup",
      version: 1,
      at: new Date(at).toISOString(),
      beside,
      settingsKeys: fingerprints(keysOf(data, env)),
      hasSecrets: withSecrets,
    };
    mkdirSync(dirname(file), { recursive: true });
    const manifest = await packBackup(`${file}.new`, known, names, parts, data);
    renameSync(`${file}.new`, file);
    return { manifest, lockedMs };
  } finally {
    rmSync(parts, { recursive: true, force: true });
    rmSync(`${file}.new`, { force: true });
  }
}

/** Writes databases that lie in `folder`, and what lies `beside` in `data`, into an archive; answers its whole manifest. */
export async function packBackup(
  file: string,
  known: Omit<Manifest, "files">,
  names: string[],
  folder: string,
  data: string,
): Promise<Manifest> {
  const manifest: Manifest = { ...known, files: await Promise.all(names.map((name) => describe(folder, name))) };
  const entries: Entry[] = [
    { name: MANIFEST, content: `${JSON.stringify(manifest, null, 2)}\n` },
    ...names.map((name) => ({ name, from: join(folder, name) })),
    ...known.beside.map((name) => ({ name, from: join(data, name) })),
  ];
  await writeArchive(file, entries);
  return manifest;
}

/** The databases below a data folder, by their path in it. */
export function databasesIn(data: string): string[] {
  const shards = existsSync(join(data, "shards")) ? readdirSync(join(data, "shards")) : [];
  return [
    ...BESIDE.filter((name) => existsSync(join(data, name))),
    ...shards
      .filter((name) => name.endsWith(".db"))
      .sort()
      .map((name) => `shards/${name}`),
  ];
}

/** Connections that all see their database as it was at one instant, when nobody wrote to any of them. */
function snapshotAll(paths: string[]): { snapshots: DatabaseSync[]; at: number; lockedMs: number } {
  const locks = paths.map(open);
  const snapshots = paths.map(open);
  const began = performance.now();
  try {
    for (const lock of locks) lock.exec("BEGIN IMMEDIATE");
    // A transaction that only reads begins with its first look.
    for (const snapshot of snapshots) snapshot.exec("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1");
    return { snapshots, at: Date.now(), lockedMs: performance.now() - began };
  } finally {
    for (const lock of locks) lock.close();
  }
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}; SELECT 1 FROM sqlite_schema LIMIT 1`);
  return database;
}

async function describe(folder: string, name: string): Promise<Manifest["files"][number]> {
  const path = join(folder, name);
  return { name, bytes: statSync(path).size, sha256: await hashOfFile(path) };
}

/** The settings keys that a start in this folder has: those of the environment, else the start's own. */
export function keysOf(data: string, { CARILLON_SETTINGS_KEYS: fromEnvironment }: Environment): Record<string, string> {
  if (fromEnvironment) return JSON.parse(fromEnvironment) as Record<string, string>;
  const own = join(data, SECRETS[0]!);
  return existsSync(own) ? { k1: (JSON.parse(readFileSync(own, "utf8")) as Secrets).settingsKey } : {};
}

/** 256 random bits can't be guessed from their hash; a few letters of it tell two keys apart. */
export const fingerprints = (keys: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(keys).map(([name, key]) => [name, createHash("sha256").update(`carillon backup ${key}`).digest("hex").slice(0, 16)]),
  );
