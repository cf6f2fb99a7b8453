import { resolve } from "node:path";
import { takeBackup } from "./backup.ts";
import { fetchSettings, sendSettings } from "./backup-settings.ts";
import { restoreBackup } from "./restore.ts";

const WORDS = {
  backup: "npm run backup -- <file> [--with-secrets], or npm run backup -- <file> --settings-of <address>",
  restore: "npm run restore -- <file>, or npm run restore -- <file> --settings-of <address>",
};

/** `npm run backup` and `npm run restore`: of the data folder that `npm start` uses, or of the settings of a deployment elsewhere. */
async function run(): Promise<void> {
  const [act, ...rest] = process.argv.slice(2);
  const at = rest.indexOf("--settings-of");
  const address = at < 0 ? null : (rest.splice(at, 2)[1] ?? "");
  const withSecrets = rest.includes("--with-secrets");
  const [named, ...more] = rest.filter((word) => !word.startsWith("--"));
  if ((act !== "backup" && act !== "restore") || named === undefined || more.length > 0 || address === "")
    throw new Error(`Please say ${WORDS[act === "restore" ? act : "backup"]}`);
  const file = resolve(named);
  if (address !== null) return settings(act, address, file);
  const places = { data: resolve(process.env.CARILLON_DATA || ".local"), file, env: process.env };
  if (act === "backup") await back({ ...places, withSecrets });
  else await restore(places);
}

async function settings(act: "backup" | "restore", address: string, file: string): Promise<void> {
  const token = process.env.CARILLON_BOOTSTRAP_TOKEN;
  if (!token) throw new Error("CARILLON_BOOTSTRAP_TOKEN must be the deployment's.");
  const orgs = await (act === "backup" ? fetchSettings : sendSettings)({ address, token, file });
  console.log(
    `${file}: settings of ${orgs.join(", ") || "nobody"}. Their secrets are sealed with the deployment's settings keys, which are not in it.`,
  );
}

async function back(options: Parameters<typeof takeBackup>[0]): Promise<void> {
  const { manifest, lockedMs } = await takeBackup(options);
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  const keys = Object.keys(manifest.settingsKeys).join(", ") || "no key";
  console.log(
    `${options.file}: ${manifest.files.length} databases, ${(bytes / 1_048_576).toFixed(1)} MiB, as of ${manifest.at} (held up for ${lockedMs.toFixed(0)} ms).`,
  );
  console.log(
    manifest.hasSecrets
      ? `The settings key ${keys} and the start's other secrets are in it: whoever has the file can open every saved password.`
      : `Saved passwords are sealed with the settings key ${keys}, which is not in it: keep ${options.data}/secrets.json apart, or add --with-secrets.`,
  );
}

async function restore(options: Parameters<typeof restoreBackup>[0]): Promise<void> {
  const { manifest, missingKeys } = await restoreBackup(options);
  console.log(
    `${options.data}: ${manifest.files.length} databases as of ${manifest.at}. What was sent after that instant may be sent again.`,
  );
  if (missingKeys.length > 0)
    console.log(
      `Saved passwords are sealed with the settings key ${missingKeys.join(", ")}, which is not here: put the secrets.json of that folder into this one before the start, or set CARILLON_SETTINGS_KEYS.`,
    );
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
