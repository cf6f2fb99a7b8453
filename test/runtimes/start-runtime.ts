import { build } from "esbuild";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join, resolve } from "node:path";

export const RUNTIMES = ["workerd", "deno"] as const;
export type RuntimeName = (typeof RUNTIMES)[number];
export type Runtime = { url: string; stop(): Promise<void> };

const ROOT = resolve(import.meta.dirname, "../..");
const COMPATIBILITY_DATE = "2026-11-17";
const START_PATIENCE = 20_000;

/**
 * Runs `entry` (a module with `export default { fetch }`) in the real runtime, which trusts `caFile` beside the usual authorities.
 * On workerd a class named `durableObject` that the entry exports is bound as OBJECT, with SQLite in the folder.
 */
export async function startRuntime(
  name: RuntimeName,
  entry: string,
  folder: string,
  caFile: string,
  durableObject: string | null = null,
): Promise<Runtime> {
  const port = await freePort();
  const child = name === "deno" ? startDeno(entry, port, caFile) : await startWorkerd(entry, port, folder, caFile, durableObject);
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child, () => words);
  return {
    url,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function startDeno(entry: string, port: number, caFile: string): ChildProcess {
  const flags = ["serve", "--allow-all", "--node-modules-dir=manual", "--no-lock", "--host", "127.0.0.1", "--port", String(port), entry];
  return spawn(join(ROOT, "node_modules/deno/deno"), flags, {
    cwd: ROOT,
    env: { ...process.env, DENO_CERT: caFile },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function startWorkerd(
  entry: string,
  port: number,
  folder: string,
  caFile: string,
  durableObject: string | null,
): Promise<ChildProcess> {
  await build({
    entryPoints: [entry],
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "import"],
    external: ["node:*", "cloudflare:*"],
    logLevel: "error",
  });
  mkdirSync(join(folder, "objects"), { recursive: true });
  const certificate = JSON.stringify(readFileSync(caFile, "utf8"));
  const objects =
    durableObject === null
      ? ""
      : `, durableObjectNamespaces = [(className = "${durableObject}", uniqueKey = "${durableObject}", enableSql = true)], durableObjectStorage = (localDisk = "objects"), bindings = [(name = "OBJECT", durableObjectNamespace = "${durableObject}")]`;
  writeFileSync(
    join(folder, "workerd.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "${COMPATIBILITY_DATE}"${objects})),
    (name = "objects", disk = (path = ${JSON.stringify(join(folder, "objects"))}, writable = true)),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true, trustedCertificates = [${certificate}]))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`,
  );
  return spawn(join(ROOT, "node_modules/.bin/workerd"), ["serve", "--experimental", join(folder, "workerd.capnp")], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function untilReady(url: string, child: ChildProcess, words: () => string): Promise<void> {
  const giveUpAt = performance.now() + START_PATIENCE;
  while (performance.now() < giveUpAt && child.exitCode === null) {
    const answer = await fetch(`${url}/ready`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  child.kill("SIGKILL");
  throw new Error(`the runtime did not start:\n${words()}`);
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
