import { spawn, spawnSync } from "node:child_process";
import { type Connection, connectRedis } from "@carillon/worker/local/faces/redis/connection";
import { type Cleanup, folder } from "./harness.ts";

export const hasRedis = (): boolean => spawnSync("redis-server", ["--version"]).status === 0;

/** A Redis of its own on a socket file, that keeps nothing; its address, for REDIS_URL. */
export async function realRedis(clean: Cleanup): Promise<string> {
  const path = `${folder(clean)}/redis.sock`;
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"], { stdio: "ignore" });
  clean.after(() => void server.kill("SIGKILL"));
  (await connected(`unix://${path}`)).close();
  return `unix://${path}`;
}

/** A server that was just started needs a moment. */
export async function connected(url: string): Promise<Connection> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await connectRedis(url);
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
