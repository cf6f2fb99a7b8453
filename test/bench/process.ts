import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { cpus } from "node:os";

/** A server under measurement: the processes that do its work, and how to see that all of it is done. */
export type Measured = { url: string; pids: number[]; stop(): void; isIdle?: () => Promise<boolean> };

const owned = new Set<ChildProcess>();
process.on("exit", () => owned.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

/** A process that ends with ours, however ours ends. */
export function spawnOwned(command: string, args: string[], stdio: StdioOptions): ChildProcess {
  const child = spawn(command, args, { stdio });
  owned.add(child);
  child.once("exit", () => owned.delete(child));
  return child;
}

/** Spawns a server that says `ready <port>` and nothing before. */
export function spawnReady(command: string, args: string[]): Promise<Measured> {
  const child = spawnOwned(command, args, ["ignore", "pipe", "inherit"]);
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${args[0]} ended with ${code}`)));
    child.stdout!.on("data", (text: Buffer) => {
      const port = /ready (\d+)/.exec(text.toString())?.[1];
      if (port) resolve({ url: `http://127.0.0.1:${port}`, pids: [child.pid!], stop: () => child.kill("SIGKILL") });
    });
  });
}

/** CPU seconds that processes have used so far, in user and kernel mode, by the scheduler's own account of their threads. */
export const cpuSeconds = (pids: number[]): number => pids.reduce((sum, pid) => sum + cpuOf(pid), 0);

/** The ticks of /proc/<pid>/stat are 10 ms long: too coarse for a burst that takes 60. */
function cpuOf(pid: number): number {
  const nanoseconds = readdirSync(`/proc/${pid}/task`).map((thread) => Number(readSchedule(pid, thread).split(" ")[0]));
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e9;
}

function readSchedule(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8");
  } catch {
    return "0"; // It ended while we looked.
  }
}

/** Resident memory of a process, MiB. */
export const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

const COLLECTED_MS = 1_500;

/** Has a script of the bench collect its garbage, which it does at SIGUSR2, and waits until that is done. */
export async function tidy(pid: number): Promise<void> {
  process.kill(pid, "SIGUSR2");
  await new Promise((done) => setTimeout(done, COLLECTED_MS));
}

/** The processes that a process has started, their own included. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const parent = Number(
        readFileSync(`/proc/${name}/stat`, "utf8")
          .replace(/^.*\) /, "")
          .split(" ")[1],
      );
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
    } catch {
      continue; // It ended while we looked.
    }
  }
  const found: number[] = [];
  for (let next = [pid]; next.length > 0;) {
    next = next.flatMap((one) => parents.get(one) ?? []);
    found.push(...next);
  }
  return found;
}

export const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");

const LOOK_EVERY_MS = 50;
const PATIENCE_MS = 120_000;

/** Waits until something is so, and looks so seldom that the looking costs whoever is asked next to nothing. */
export async function seldomUntil(isSo: () => Promise<boolean>, words: string): Promise<void> {
  for (const started = performance.now(); !(await isSo());) {
    if (performance.now() - started > PATIENCE_MS) throw new Error(`Not in two minutes: ${words}`);
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
}

export const machine = (): string => `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}, Linux`;

export const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
