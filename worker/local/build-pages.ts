import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");
const STAMP = `${ROOT}/admin-ui/dist/.built`;

/** Builds the admin page, the bell and the demo page if anything they are made of has changed since. */
export function buildPages(): void {
  const wanted = fingerprint(["admin-ui", "shared", "pnpm-lock.yaml"]);
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted) return;
  console.log("Building the pages …");
  for (const config of ["vite.config.ts", "vite.embed.config.ts"]) {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["node_modules/vite/bin/vite.js", "build", "-c", config, "--logLevel", "warn"],
      {
        cwd: `${ROOT}/admin-ui`,
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(`The pages could not be built (${config}):\n${stdout}${stderr}`);
  }
  writeFileSync(STAMP, wanted);
}

/** Changes whenever anything below these places does. */
export function fingerprint(places: string[]): string {
  const hash = createHash("sha256");
  const visit = (path: string): void => {
    const stat = statSync(path);
    if (stat.isFile()) return void hash.update(`${path}\0${stat.size}\0`).update(readFileSync(path));
    for (const name of readdirSync(path).sort()) if (!["node_modules", "dist"].includes(name)) visit(join(path, name));
  };
  for (const place of places) visit(join(ROOT, place));
  return hash.digest("hex");
}
