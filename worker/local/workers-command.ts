import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { facesOf, upstashEnvironment } from "./faces.ts";
import { fingerprint } from "./build-pages.ts";
import { freePort } from "./free-port.ts";
import { environmentOf, type Prepared, type Start } from "./prepared.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BUNDLE = `${ROOT}/worker/dist/bundle`;
const MINUTE_MS = 60_000;

/**
 * Carillon as it runs on Cloudflare, on one's own machine: the real bundle in workerd, Durable Objects on disk, and the unmodified
 * Upstash clients against the faces of the embedded store and queue, or against the real services where the environment names them.
 */
export async function prepareWorkers(start: Start): Promise<Prepared> {
  const port = start.port === 0 ? await freePort() : start.port;
  const url = `http://localhost:${port}`;
  bundle();
  const faces = await facesOf(start);

  const env = { ...environmentOf(start, url), ...upstashEnvironment(start, faces) };
  const objects = `${start.state}/objects`;
  mkdirSync(objects, { recursive: true });
  const config = `${start.state}/workerd.capnp`;
  writeFileSync(
    config,
    workerdConfig(port, relative(start.state, `${BUNDLE}/cloudflare.js`), objects, env, readFileSync(start.sandbox.smtp.caFile, "utf8")),
    { mode: 0o600 },
  );

  // Bare workerd has no cron.
  const cron = setInterval(() => {
    fetch(`${url}/internal/cron`, { method: "POST", headers: { authorization: `Bearer ${start.secrets.localToken}` } }).catch(
      (error: unknown) => console.warn(`The minute's cron did not reach Carillon: ${String(error)}`),
    );
  }, MINUTE_MS);
  start.stopping.push(() => clearInterval(cron));

  // The shell is replaced by workerd; what stays behind only waits for the end of our pipe, and then ends workerd too.
  const script = 'exec 3<&0; (cat <&3 >/dev/null; kill -9 $$ 2>/dev/null) & exec "$0" serve --experimental "$1" </dev/null 3<&-';
  return {
    command: "sh",
    args: ["-c", script, workerdBinary(), config],
    env: { PATH: process.env.PATH ?? "" },
    url,
    faces,
  };
}

/** The very bundle that a deploy would upload, made once per state of the sources. */
export function bundle(): string {
  const stamp = `${BUNDLE}/.bundled`;
  const wanted = fingerprint(["worker", "shared", "wrangler.toml", "pnpm-lock.yaml"]);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return BUNDLE;
  console.log("Bundling the worker …");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`${ROOT}/node_modules/wrangler/bin/wrangler.js`, "deploy", "--dry-run", "--outdir", BUNDLE],
    {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
    },
  );
  if (status !== 0) throw new Error(`The worker could not be bundled:\n${stdout}${stderr}`);
  writeFileSync(stamp, wanted);
  return BUNDLE;
}

function workerdBinary(): string {
  const { stdout } = spawnSync(process.execPath, ["-p", "require('workerd').default"], { cwd: ROOT, encoding: "utf8" });
  return stdout.trim();
}

/** workerd reads an embedded file relative to the configuration that names it. */
function workerdConfig(port: number, bundleFile: string, objects: string, env: Record<string, string>, authority: string): string {
  const text = (value: string) => JSON.stringify(value);
  const variables = Object.entries(env)
    .filter(([name]) => !["PATH", "HOME"].includes(name))
    .map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "objects", disk = (path = ${text(objects)}, writable = true)),
    (name = "pages", disk = (path = ${text(`${ROOT}/admin-ui/dist`)})),
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true, trustedCertificates = [${text(authority)}])))
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "cloudflare.js", esModule = embed ${text(bundleFile)})],
  compatibilityDate = "2026-11-17",
  durableObjectNamespaces = [(className = "ShardObject", uniqueKey = "carillon-shard", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "SHARD", durableObjectNamespace = "ShardObject"),
    (name = "ASSETS", service = "pages"),
    ${variables.join(",\n    ")}
  ]
);
`;
}
