import { build } from "esbuild";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePort } from "@carillon/worker/local/free-port";
import type { ShardCalls } from "@carillon/worker/shard/calls";
import { until } from "../harness/instance.ts";
import type { Done, Step } from "./cost.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Real workerd with a shard in a Durable Object on disk, one object a name. */
export async function startCounted() {
  const folder = mkdtempSync(join(tmpdir(), "carillon-counted-"));
  mkdirSync(join(folder, "objects"));
  await build({
    entryPoints: [join(import.meta.dirname, "workerd-shard.ts")],
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
  const port = await freePort();
  writeFileSync(
    join(folder, "workerd.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "objects", disk = (path = "${folder}/objects", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-17",
  durableObjectNamespaces = [(className = "CountedShard", uniqueKey = "counted", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [(name = "SHARD", durableObjectNamespace = "CountedShard")],
);
`,
  );
  const binary = spawnSync(process.execPath, ["-p", "require('workerd').default"], { cwd: ROOT, encoding: "utf8" }).stdout.trim();
  const child = spawn(binary, ["serve", "--experimental", join(folder, "workerd.capnp")], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (text: Buffer) => (words += text.toString()));
  const url = `http://127.0.0.1:${port}`;
  const isReady = () => {
    if (child.exitCode !== null) throw new Error(`workerd ended: ${words}`);
    return fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await until(isReady, "workerd is ready");

  return {
    /** The shard of this name. */
    shard: (name: string) => ({
      /** Does the steps one after the other, each in a transaction of its own. */
      async run(steps: Step[], now?: number): Promise<Done[]> {
        const answer = await fetch(`${url}/${name}`, { method: "POST", body: JSON.stringify({ steps, now }) });
        if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()} ${words}`);
        return (await answer.json()) as Done[];
      },
      async ask<Name extends keyof ShardCalls>(call: Name, ...args: Parameters<ShardCalls[Name]>) {
        const [done] = await this.run([{ call, args }]);
        return { answer: done!.answer as Awaited<ReturnType<ShardCalls[Name]>>, cost: done!.cost };
      },
    }),
    async stop() {
      const ended = new Promise((done) => child.once("exit", done));
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type Counted = Awaited<ReturnType<typeof startCounted>>;
export type CountedShard = ReturnType<Counted["shard"]>;
