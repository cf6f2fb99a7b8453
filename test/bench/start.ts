import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FREE_PORTS, Instance, until, type Credentials, type Runtime } from "../harness/instance.ts";
import { median } from "./process.ts";
import { judged, type Effort, type Row } from "./report.ts";
import { ROOT } from "./servers.ts";

const PATIENCE_MS = 60_000;

/** How soon `npm start` and `npm run start:workers` answer when everything was installed, built and seeded before. */
export async function start({ isShort }: Effort): Promise<Row[]> {
  const times = isShort ? 1 : 3;
  return [
    judged("npm start, ready again", await secondStart("deno", "start", times), "≤", 5, "s", 1),
    judged("npm run start:workers, ready again", await secondStart("workers", "start:workers", times), "≤", 15, "s", 1),
  ];
}

async function secondStart(runtime: Runtime, script: string, times: number): Promise<number> {
  const instance = await new Instance(runtime).start();
  await instance.stop();
  const seconds: number[] = [];
  for (let time = 0; time < times; time++) seconds.push(await timeStart(script, instance.data));
  await instance.dispose();
  return median(seconds);
}

/** From the command to a 2xx of the API, in seconds. */
async function timeStart(script: string, data: string): Promise<number> {
  const file = join(data, "credentials.json");
  rmSync(file);
  const started = performance.now();
  const child = spawn("npm", ["run", script], {
    cwd: ROOT,
    detached: true,
    stdio: "ignore",
    env: { ...process.env, ...FREE_PORTS, CARILLON_DATA: data },
  });
  const ended = new Promise((done) => child.once("exit", done));
  try {
    await until(() => existsSync(file), "credentials.json is there", PATIENCE_MS);
    const { url, apiKey } = JSON.parse(readFileSync(file, "utf8")) as Credentials;
    const answer = () => fetch(`${url}/v1/ledger`, { headers: { authorization: `Bearer ${apiKey}` } });
    await until(async () => (await answer().catch(() => null))?.ok, "the API answers", PATIENCE_MS);
    return (performance.now() - started) / 1_000;
  } finally {
    process.kill(-child.pid!, "SIGINT");
    await ended;
  }
}
