import { readFileSync, readdirSync } from "node:fs";

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/** The processes of a group that are still there. */
export function processesOf(group: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = statOf(pid);
      return stat !== null && stat.group === group && stat.state !== "Z";
    });
}

export function commandOf(pid: number): string {
  return readOrNull(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ").trim() ?? "";
}

/** Time that all of them have worked, ms. */
export function workOf(pids: number[]): number {
  return pids.reduce((sum, pid) => sum + (statOf(pid)?.ticks ?? 0) * TICK_MS, 0);
}

/** What they hold in memory, bytes: what several share counts once. */
export function memoryOf(pids: number[]): number {
  return pids.reduce((sum, pid) => {
    const text = readOrNull(`/proc/${pid}/smaps_rollup`) ?? readOrNull(`/proc/${pid}/smaps`) ?? "";
    return sum + [...text.matchAll(/^Pss: +(\d+) kB$/gm)].reduce((all, [, kilobytes]) => all + Number(kilobytes) * 1_024, 0);
  }, 0);
}

/** proc(5): the command stands in brackets and may hold anything; then state, parent, group, …, user and system time. */
function statOf(pid: number): { state: string; group: number; ticks: number } | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0]!, group: Number(fields[2]), ticks: Number(fields[11]) + Number(fields[12]) };
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null; // It has ended in the meantime.
  }
}
