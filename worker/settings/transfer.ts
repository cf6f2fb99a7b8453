import * as z from "zod";
import { conflict, invalid } from "../errors.ts";
import type { Outside, Store } from "../ports.ts";
import { readOrgs } from "./org.ts";
import { orgKey, settingsKey } from "./store.ts";

/**
 * An organisation's settings as lines: its versions, each by itself, and last its record (name, shards, API keys as hashes, and which
 * version is in force). Secrets stay sealed in them. A version is text, as it was written once and for all.
 */
export const settingsLineSchema = z.union([
  z.strictObject({ org: z.string().regex(/^[a-z0-9-]{1,40}$/), version: z.int().min(1), settings: z.string() }),
  z.strictObject({ org: z.string().regex(/^[a-z0-9-]{1,40}$/), record: z.record(z.string().max(200), z.string().max(20_000)) }),
]);
export type SettingsLine = z.infer<typeof settingsLineSchema>;

/** Everything that is set, of all organisations. Read-only, and for an operator alone: it asks for all there is. */
export async function* exportSettings({ store }: { store: Store }): AsyncGenerator<SettingsLine> {
  for (const { org } of await readOrgs({ store })) {
    const [versions, record] = await store.run(["HGETALL", settingsKey(org)], ["HGETALL", orgKey(org)]);
    for (const [version, text] of pairsOf(versions)) yield { org, version: Number(version), settings: text };
    yield { org, record: Object.fromEntries(pairsOf(record)) };
  }
}

/** HGETALL's reply: name, value, name, value. */
function pairsOf(reply: unknown): [string, string][] {
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]!] as [string, string]] : []));
}

/**
 * Takes one line on. The organisation is there once its record is.
 * @throws 409 `restore.exists` if it is there already; 422 for a record whose version in force has not come before it
 */
export async function importSettings({ store }: Pick<Outside, "store">, line: SettingsLine): Promise<void> {
  const { org } = line;
  const [known] = await store.run(["HGET", orgKey(org), "version"]);
  if (known !== null) throw conflict("restore.exists", `The organisation ${org} exists already; nothing of it was changed.`);
  if ("settings" in line) {
    if (versionIn(line.settings) !== line.version)
      throw invalid("restore.damaged", `Version ${line.version} of ${org} is not what it says.`);
    return void (await store.run(["HSET", settingsKey(org), String(line.version), line.settings]));
  }
  const inForce = line.record["version"] ?? "";
  const [there] = await store.run(["HEXISTS", settingsKey(org), inForce]);
  if (there !== 1 || !/^\d+$/.test(line.record["shards"] ?? ""))
    throw invalid("restore.incomplete", `The settings of ${org} in version ${inForce} must come before its record.`);
  await store.atomic(["HSET", orgKey(org), ...Object.entries(line.record).flat()], ["SADD", "orgs", org]);
}

function versionIn(settings: string): unknown {
  try {
    return (JSON.parse(settings) as { version?: unknown } | null)?.version;
  } catch {
    return undefined; // No JSON has no version.
  }
}
