import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { takeBackup } from "./backup.ts";
import { fetchSettings, sendSettings } from "./backup-settings.ts";
import { takeRemoteBackup } from "./remote-backup.ts";
import { sendRemoteBackup } from "./remote-restore.ts";
import { restoreBackup } from "./restore.ts";

const WORDS = {
  backup: "npm run backup -- <file> [--with-secrets], or with --url <address>, or with --settings-of <address>",
  restore: "npm run restore -- <file> [--park], or with --url <address> [--org <org>], or with --settings-of <address>",
};
const OPTIONS = {
  backup: { "with-secrets": { type: "boolean" }, url: { type: "string" }, "settings-of": { type: "string" } },
  restore: { park: { type: "boolean" }, url: { type: "string" }, org: { type: "string" }, "settings-of": { type: "string" } },
} as const;
type Words = { "with-secrets"?: boolean; park?: boolean; url?: string; org?: string; "settings-of"?: string };

const SEALED = "Saved passwords are sealed with the deployment's settings keys, which are not in it.";

/** `npm run backup` and `npm run restore`: of the data folder that `npm start` uses, or of a deployment elsewhere, or of its settings alone. */
async function run(): Promise<void> {
  const [act, ...rest] = process.argv.slice(2);
  const { file, words } = read(act === "restore" ? act : "backup", rest);
  const address = words.url ?? words["settings-of"];
  const remote = { address: address ?? "", token: process.env.CARILLON_BOOTSTRAP_TOKEN ?? "", file };
  if (address !== undefined && remote.token === "") throw new Error("CARILLON_BOOTSTRAP_TOKEN must be the deployment's.");
  if (words["settings-of"] !== undefined) return settings(act === "restore", remote);
  if (words.url !== undefined)
    return act === "backup" ? backRemote(remote) : restoreRemote({ ...remote, only: words.org ?? null, park: words.park === true });
  const places = { data: resolve(process.env.CARILLON_DATA || ".local"), file, env: process.env };
  if (act === "backup") await back({ ...places, withSecrets: words["with-secrets"] === true });
  else await restore({ ...places, park: words.park === true });
}

function read(act: "backup" | "restore", args: string[]): { file: string; words: Words } {
  try {
    const { values, positionals } = parseArgs({ args, options: OPTIONS[act], allowPositionals: true });
    const words = values as Words;
    const isClear = !Object.values(words).includes("") && !(words.url && words["settings-of"]) && (!words.org || words.url);
    if (positionals.length === 1 && isClear) return { file: resolve(positionals[0]!), words };
  } catch {
    // What is not known is said below.
  }
  throw new Error(`Please say ${WORDS[act]}`);
}

async function settings(isRestore: boolean, remote: Parameters<typeof fetchSettings>[0]): Promise<void> {
  const orgs = await (isRestore ? sendSettings : fetchSettings)(remote);
  console.log(
    `${remote.file}: settings of ${orgs.join(", ") || "nobody"}. Their secrets are sealed with the deployment's settings keys, which are not in it.`,
  );
}

async function backRemote(remote: Parameters<typeof takeRemoteBackup>[0]): Promise<void> {
  const { manifest, orgs } = await takeRemoteBackup(remote);
  console.log(
    `${remote.file}: ${orgs.map(({ org, shards }) => `${org} (${shards} ${shards === 1 ? "shard" : "shards"})`).join(", ")}, ${sizeOf(manifest.files)}, as of ${manifest.at}.`,
  );
  console.log(SEALED);
}

async function restoreRemote(remote: Parameters<typeof sendRemoteBackup>[0]): Promise<void> {
  const { manifest, orgs, rows } = await sendRemoteBackup(remote);
  console.log(`${remote.address}: ${orgs.join(", ")} as of ${manifest.at}, ${rows} rows, each compared. ${again(remote.park)}`);
  console.log("Saved passwords open with the settings keys they were sealed with: /readyz says under keys whether those are there.");
}

async function back(options: Parameters<typeof takeBackup>[0]): Promise<void> {
  const { manifest, lockedMs } = await takeBackup(options);
  const keys = Object.keys(manifest.settingsKeys).join(", ") || "no key";
  console.log(
    `${options.file}: ${manifest.files.length} databases, ${sizeOf(manifest.files)}, as of ${manifest.at} (held up for ${lockedMs.toFixed(0)} ms).`,
  );
  console.log(
    manifest.hasSecrets
      ? `The settings key ${keys} and the start's other secrets are in it: whoever has the file can open every saved password.`
      : `Saved passwords are sealed with the settings key ${keys}, which is not in it: keep ${options.data}/secrets.json apart, or add --with-secrets.`,
  );
}

async function restore(options: Parameters<typeof restoreBackup>[0]): Promise<void> {
  const { manifest, missingKeys } = await restoreBackup(options);
  console.log(`${options.data}: ${manifest.files.length} databases as of ${manifest.at}. ${again(options.park)}`);
  const isElsewhere = Object.keys(manifest.settingsKeys).length === 0;
  if (isElsewhere || missingKeys.length > 0)
    console.log(
      `Saved passwords are sealed with the settings key ${isElsewhere ? "of the deployment that it is of" : missingKeys.join(", ")}, which is not here: put the secrets.json of that folder into this one before the start, or set CARILLON_SETTINGS_KEYS.`,
    );
}

const again = (isParked: boolean | undefined): string =>
  isParked
    ? "All external channels are off, and what waited is parked: whoever switches one on chooses what leaves."
    : "What was sent after that instant may be sent again.";

const sizeOf = (files: { bytes: number }[]): string => `${(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1_048_576).toFixed(1)} MiB`;

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
