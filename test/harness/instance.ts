import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SHARD_COUNTS } from "./shards.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** What a parsed answer is before a test has looked at it. */
type Json = ReturnType<typeof JSON.parse>;
export type Runtime = "deno" | "workers";
export const RUNTIMES: Runtime[] = ["deno", "workers"];
/** Where a thing is shown that has to hold on both runtimes however many shards an organisation has. */
export const SHAPES: { runtime: Runtime; shards: number }[] = RUNTIMES.flatMap((runtime) =>
  SHARD_COUNTS.map((shards) => ({ runtime, shards })),
);

export type Credentials = {
  url: string;
  adminUrl: string;
  apiKey: string;
  org: string;
  sandboxUrl: string;
  redisUrl?: string;
  redisToken?: string;
  qstashUrl?: string;
  qstashToken?: string;
  qstashCurrentKey?: string;
  qstashNextKey?: string;
  smtp: { host: string; port: number; tlsPort: number; username: string; password: string; caFile: string };
};
export type SandboxMessage = {
  id: number;
  channel: string;
  to: string;
  at: string;
  subject?: string;
  text: string;
  html?: string;
  raw: string;
};

/** The environment that makes an organisation with so many shards. */
export const withShards = (shards: number): Record<string, string> => ({ CARILLON_SHARDS: String(shards) });

/** A whole Carillon of its own, as `npm start` starts it: free ports, a folder of its own, real processes. */
export class Instance {
  readonly runtime: Runtime;
  readonly data: string;
  credentials!: Credentials;
  output = "";
  readonly #env: Record<string, string>;
  #child: ChildProcess | null = null;

  constructor(runtime: Runtime, env: Record<string, string> = {}) {
    this.runtime = runtime;
    this.data = mkdtempSync(join(tmpdir(), "carillon-"));
    this.#env = env;
  }

  /** Resolves once it is ready. The ports of the first start are kept, so that a restart is found at the same place. */
  async start(): Promise<this> {
    const ports = this.credentials ? this.#portsAsBefore() : {};
    const file = join(this.data, "credentials.json");
    rmSync(file, { force: true });
    const args = [join(ROOT, "worker/local/start.ts"), ...(this.runtime === "workers" ? ["--workers"] : [])];
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...FREE_PORTS, ...ports, ...this.#env, CARILLON_DATA: this.data },
    });
    this.#child = child;
    child.stdout.on("data", (text: Buffer) => (this.output += text.toString()));
    child.stderr.on("data", (text: Buffer) => (this.output += text.toString()));
    for (const started = Date.now(); !existsSync(file);) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It ended before it was ready:\n${this.output}`);
      if (Date.now() - started > 60_000) throw new Error(`It was not ready after a minute:\n${this.output}`);
      await sleep(20);
    }
    this.credentials = JSON.parse(readFileSync(file, "utf8")) as Credentials;
    return this;
  }

  /** Kills every process of it, as a power cut would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Freezes every process of it where it stands, so that it hears of nothing more before it is killed. */
  freeze(): void {
    if (this.#child?.pid) process.kill(-this.#child.pid, "SIGSTOP");
  }

  /** Asks it to stop, as Ctrl-C does; answers how long that took, ms. */
  async stop(): Promise<number> {
    const started = Date.now();
    await this.#end("SIGINT");
    return Date.now() - started;
  }

  /** Stops it, if it runs, and removes its folder. */
  async dispose(): Promise<void> {
    if (this.#child?.exitCode === null && this.#child.signalCode === null) await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** A call as the CRM makes it. */
  async api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ status: number; body: Json }> {
    return answerOf(await this.fetch(method, path, body, headers));
  }

  fetch(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.credentials.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.credentials.apiKey}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
  }

  /** Signs the owner in by a ticket that the CRM's key mints; answers calls as the page makes them. */
  async admin(role = "owner"): Promise<(method: string, path: string, body?: unknown) => Promise<{ status: number; body: Json }>> {
    const { body } = await this.api("POST", "/v1/admin-tickets", {
      admin: { id: "owner", name: "Robin Owner", email: "robin@example.com" },
      role,
    });
    const session = await fetch(`${this.credentials.url}/admin/api/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ticket: body.ticket }),
    });
    const cookie = session.headers.get("set-cookie")?.split(";")[0] ?? "";
    return async (method, path, body) =>
      answerOf(
        await fetch(`${this.credentials.url}/admin/api${path}`, {
          method,
          headers: { cookie, ...(body === undefined ? {} : { "content-type": "application/json" }) },
          body: body === undefined ? undefined : JSON.stringify(body),
        }),
      );
  }

  /** A call as a person's bell makes it. */
  async me(user: string): Promise<(method: string, path: string, body?: unknown) => Promise<{ status: number; body: Json }>> {
    const { body } = await this.api("POST", "/v1/tokens", { user });
    return (method, path, content) => this.api(method, `/v1/me${path}`, content, { authorization: `Bearer ${body.token}` });
  }

  async messages(query = "", channel = "email"): Promise<SandboxMessage[]> {
    const answer = await fetch(`${this.credentials.sandboxUrl}/messages?channel=${channel}${query}`);
    return ((await answer.json()) as { data: SandboxMessage[] }).data;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child?.pid || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    process.kill(-child.pid, signal);
    await ended;
    if (signal === "SIGKILL") await until(() => !groupLives(child.pid!), "the whole group is gone", 5_000);
  }

  #portsAsBefore(): Record<string, string> {
    const portOf = (url: string | undefined) => (url ? new URL(url).port : "0");
    const { url, sandboxUrl, redisUrl, qstashUrl, smtp } = this.credentials;
    return {
      CARILLON_PORT: portOf(url),
      CARILLON_SANDBOX_PORT: portOf(sandboxUrl),
      CARILLON_REDIS_PORT: portOf(redisUrl),
      CARILLON_QSTASH_PORT: portOf(qstashUrl),
      CARILLON_SMTP_PORT: String(smtp.port),
      CARILLON_SMTPS_PORT: String(smtp.tlsPort),
    };
  }
}

/** Every port of a start, left to the system. */
export const FREE_PORTS = Object.fromEntries(
  ["", "REDIS_", "QSTASH_", "SANDBOX_", "SMTP_", "SMTPS_"].map((name) => [`CARILLON_${name}PORT`, "0"]),
);

export const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Waits until something is so; fails with these words if it is not in time. */
export async function until(isSo: () => unknown, words: string, patienceMs = 15_000): Promise<void> {
  for (const started = Date.now(); !(await isSo());) {
    if (Date.now() - started > patienceMs) throw new Error(`Not in ${patienceMs} ms: ${words}`);
    await sleep(20);
  }
}

async function answerOf(response: Response): Promise<{ status: number; body: Json }> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "") && !/ndjson/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, body: isJson && text !== "" ? JSON.parse(text) : text };
}

/** One that has ended and only waits to be fetched by init, which may take a second, holds no port and no file any more. */
function groupLives(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false; // ESRCH: nobody is left in it.
  }
  if (!existsSync("/proc/self/stat")) return true;
  return readdirSync("/proc").some((pid) => /^\d+$/.test(pid) && isAtWork(pid, group));
}

function isAtWork(pid: string, group: number): boolean {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return false; // Gone since the folder was read.
  }
  const [state, , itsGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(itsGroup) === group && state !== "Z" && state !== "X";
}
