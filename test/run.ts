import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { buildPages } from "../worker/local/build-pages.ts";
import { bundle } from "../worker/local/workers-command.ts";

const ROOT = resolve(import.meta.dirname, "..");
const NODE = process.execPath;
const isQuick = process.argv.includes("--quick");
const isShards = process.argv.includes("--shards");
/** Where no test makes an organisation that could have more shards or fewer. */
const WITHOUT_SHARDS = ["bench", "footprint", "harness", "node_modules", "properties", "size", "structure", "zones"];

let passed = 0;
let failed = 0;

/**
 * `npm test`: everything. `npm run check` (`--quick`): format, lint, types and unit tests. `npm run test:shards` (`--shards`): every test
 * that makes an organisation, with four shards. Ends with a line of sums.
 */
function run(): void {
  if (!isShards) checkText();
  if (isQuick) vitest(["shared", "worker", "admin-ui", "test/structure"]);
  else {
    needBrowsers();
    buildPages();
    bundle();
    vitest(isShards ? placesWithShards() : []);
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

const placesWithShards = (): string[] =>
  readdirSync(`${ROOT}/test`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !WITHOUT_SHARDS.includes(entry.name))
    .map(({ name }) => `test/${name}/`);

function checkText(): void {
  step("format", NODE, ["node_modules/oxfmt/bin/oxfmt", "--check", "."]);
  step("lint", NODE, ["node_modules/oxlint/bin/oxlint"]);
  step("types of worker and shared", NODE, ["node_modules/typescript/bin/tsc", "-p", "worker"]);
  step("types on Workers", NODE, ["node_modules/typescript/bin/tsc", "-p", "worker/tsconfig.cloudflare.json"]);
  step("types of the tests", NODE, ["node_modules/typescript/bin/tsc", "-p", "test"]);
  step("types on Deno", "node_modules/deno/deno", ["check", "--no-lock", "worker/local/deno-main.ts"]);
  step("types of the page", NODE, ["admin-ui/node_modules/vue-tsc/bin/vue-tsc.js", "--noEmit", "-p", "admin-ui"]);
}

function step(name: string, command: string, args: string[]): void {
  const started = Date.now();
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  const seconds = ((Date.now() - started) / 1_000).toFixed(1);
  if (status === 0) {
    passed++;
    console.log(`ok      ${name} (${seconds} s)`);
    return;
  }
  failed++;
  console.log(`FAILED  ${name} (${seconds} s)\n${stdout}${stderr}`);
}

/** Runs the test files below these places and adds their counts. A run without a single test counts as failed. */
function vitest(places: string[]): void {
  mkdirSync(`${ROOT}/test-results`, { recursive: true });
  const report = `${ROOT}/test-results/vitest.json`;
  const { status } = spawnSync(
    NODE,
    ["node_modules/vitest/vitest.mjs", "run", ...places, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    {
      cwd: ROOT,
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const counts = existsSync(report)
    ? (JSON.parse(readFileSync(report, "utf8")) as {
        numPassedTests: number;
        numFailedTests: number;
        numPendingTests: number;
        numTodoTests: number;
      })
    : { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  passed += counts.numPassedTests;
  // A test that does not run says nothing, so it does not pass.
  failed += counts.numFailedTests + counts.numPendingTests + counts.numTodoTests;
  if (counts.numPassedTests === 0 || (status !== 0 && counts.numFailedTests === 0)) failed++;
}

/**
 * Real browsers, a real Redis to hold the embedded store against, a real mail server: installed where that may be done, asked for
 * loudly where not. Nothing is taken away for it: a machine that has another mail server keeps that.
 */
function needBrowsers(): void {
  const needed = [
    { file: "/usr/bin/chromium", debian: "chromium" },
    { file: "/usr/bin/firefox-esr", debian: "firefox-esr" },
    { file: "/usr/bin/redis-server", debian: "redis-server" },
    { file: "/usr/sbin/exim4", debian: "exim4-daemon-light" },
  ].filter(({ file }) => !existsSync(file));
  if (needed.length === 0) return;
  const names = needed.map(({ debian }) => debian);
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log(`Installing ${names.join(", ")} …`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit", env });
    for (const name of names)
      spawnSync("apt-get", ["install", "-y", "-qq", "--no-remove", name], { stdio: ["ignore", "ignore", "inherit"], env });
  }
  const missing = needed.filter(({ file }) => !existsSync(file));
  if (missing.length === 0) return;
  failed++;
  console.error(
    `MISSING  ${missing.map(({ debian }) => debian).join(", ")}: the tests that need them will fail. Debian: apt-get install ${names.join(" ")}`,
  );
}

run();
