import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { buildPages } from "./build-pages.ts";
import { announce } from "./announce.ts";
import { denoCommand } from "./deno-command.ts";
import { readSecrets } from "./secrets.ts";
import { startSandbox } from "./sandbox/sandbox.ts";
import { seed } from "./seed.ts";

/** Everything a stop may take. */
const STOP_MS = 4_000;

/**
 * `npm start`: the sandbox in this process, Carillon in a child beside it, an organisation with five people in it. All state lies in
 * one folder. With `--workers` the child is workerd on the real bundle, and this process also serves the Upstash faces.
 */
async function start(): Promise<void> {
  const isWorkers = process.argv.includes("--workers");
  const data = resolve(process.env.CARILLON_DATA || ".local");
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const secrets = readSecrets(data);
  const stopping: (() => Promise<void> | void)[] = [];
  let child: ChildProcess | null = null;
  let isStopping = false;

  const stop = async (code: number) => {
    if (isStopping) return;
    isStopping = true;
    const force = setTimeout(() => process.exit(code), STOP_MS);
    force.unref();
    if (child?.exitCode === null) {
      child.kill("SIGTERM");
      await Promise.race([new Promise((done) => child!.once("exit", done)), new Promise((done) => setTimeout(done, STOP_MS - 1_000))]);
      if (child.exitCode === null) child.kill("SIGKILL");
    }
    for (const end of stopping) await end();
    process.exit(code);
  };
  process.on("SIGINT", () => void stop(0));
  process.on("SIGTERM", () => void stop(0));
  stopWithParent(() => void stop(0));

  buildPages();
  const sandbox = await startSandbox({
    dataDir: `${data}/sandbox`,
    httpPort: port("CARILLON_SANDBOX_PORT", 8025),
    smtpPort: port("CARILLON_SMTP_PORT", 1025),
    smtpsPort: port("CARILLON_SMTPS_PORT", 1465),
  });
  stopping.push(() => sandbox.stop());

  // The two shapes keep their people in different databases, so each has a folder of its own.
  const state = isWorkers ? `${data}/workers` : data;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const options = { state, secrets, sandbox, port: port("CARILLON_PORT", 8787), stopping };
  const prepared = isWorkers ? await (await import("./workers-command.ts")).prepareWorkers(options) : await denoCommand(options);
  child = spawn(prepared.command, prepared.args, { env: prepared.env, stdio: ["pipe", "inherit", "inherit"] });
  child.once("exit", (code) => {
    if (isStopping) return;
    console.error(`Carillon ended by itself (${code ?? "killed"}).`);
    void stop(1);
  });

  const seeded = await seed({ url: prepared.url, state, secrets, sandbox });
  announce({ data, secrets, sandbox, url: prepared.url, adminUrl: seeded.adminUrl, faces: prepared.faces });
}

/** A kill of whoever started us must not leave a server behind. */
function stopWithParent(stop: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 500).unref();
}

function port(name: string, standard: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return standard;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new Error(`${name} must be a port from 0 to 65535, not ${text}`);
  return number;
}

start().catch((error: unknown) => {
  console.error(`Carillon could not start: ${wordsOf(error)}`);
  process.exit(1);
});

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ("code" in error && error.code === "EADDRINUSE" && "port" in error) {
    return `port ${String(error.port)} is taken. CARILLON_SANDBOX_PORT, CARILLON_SMTP_PORT, CARILLON_SMTPS_PORT, CARILLON_REDIS_PORT and CARILLON_QSTASH_PORT move what listens beside it; 0 is any free port.`;
  }
  return error.message;
}
