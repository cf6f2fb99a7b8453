import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** What a local start makes for itself, once per data folder. */
export type Secrets = {
  settingsKey: string;
  apiKey: string;
  bootstrapToken: string;
  localToken: string;
  redisToken: string;
  qstashToken: string;
  qstashCurrentKey: string;
  qstashNextKey: string;
};

export const ORG = "demo";

export function readSecrets(data: string): Secrets {
  const file = `${data}/secrets.json`;
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as Secrets;
  const secrets: Secrets = {
    settingsKey: randomBytes(32).toString("base64"),
    apiKey: `ck_${ORG}.k1_${randomBytes(32).toString("base64url")}`,
    bootstrapToken: random(),
    localToken: random(),
    redisToken: random(),
    qstashToken: random(),
    qstashCurrentKey: `sig_${random()}`,
    qstashNextKey: `sig_${random()}`,
  };
  writePrivate(file, secrets);
  return secrets;
}

/** Whole or not at all, and for nobody else's eyes. */
export function writePrivate(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const random = () => randomBytes(24).toString("base64url");
