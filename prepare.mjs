// Brings a fresh checkout to life: installs exactly what the lockfile says, once per lockfile. Runs on any Node from 20 on;
// everything after it runs on the Node 24 that the install brings along.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const PNPM = "pnpm@12.20.0";
const stamp = "node_modules/.prepared";

const wanted = createHash("sha256").update(readFileSync("pnpm-lock.yaml")).digest("hex");
const isPrepared = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync("node_modules/node/bin/node");
if (!isPrepared) {
  console.log("Installing what the lockfile names (once) …");
  const { status } = spawnSync("npx", ["--yes", PNPM, "install", "--frozen-lockfile"], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CI: "1", npm_config_update_notifier: "false" },
    shell: process.platform === "win32",
  });
  if (status !== 0) {
    console.error("The install failed; see above. Is the npm registry within reach?");
    process.exit(status ?? 1);
  }
  writeFileSync(stamp, wanted);
}
