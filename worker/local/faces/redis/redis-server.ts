import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { connectRedis } from "./connection.ts";

export type RedisServer = { name: string; pid: number; url: string; stop(): Promise<void> };

const NAMES = ["redis-server", "valkey-server"];
const START_MS = 10_000;

/** The shell is replaced by the server; what stays behind only waits for the end of our pipe, and then ends the server too. */
const SCRIPT = 'exec 3<&0; (cat <&3 >/dev/null; kill -9 $$ 2>/dev/null) & exec "$0" "$@" </dev/null 3<&-';

/**
 * Starts the machine's own Redis or Valkey on a socket file in this folder, with an append-only file that is written through before an
 * answer is given; `url` is for the bridge. Throws if the machine has none.
 */
export async function startRedisServer(folder: string): Promise<RedisServer> {
  const name = NAMES.find((candidate) => spawnSync(candidate, ["--version"]).status === 0);
  if (!name)
    throw new Error(`CARILLON_REDIS_SERVER asks for a server of this machine, and there is no ${NAMES.join(" and no ")} on its PATH`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = `${folder}/redis.sock`;
  const settings = { port: "0", unixsocket: path, unixsocketperm: "700", dir: folder, save: "", appendonly: "yes", appendfsync: "always" };
  const words = Object.entries(settings).flatMap(([setting, value]) => [`--${setting}`, value]);
  const child = spawn("sh", ["-c", SCRIPT, name, ...words], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));

  const url = `unix://${encodeURI(path)}`;
  for (const giveUpAt = Date.now() + START_MS; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    try {
      (await connectRedis(url)).close();
      break;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error(`${name} did not start in ${folder}`, { cause: error });
    }
  }
  return {
    name,
    pid: child.pid ?? 0,
    url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
