import type { Clock } from "./ports.ts";

/** What is written: everything from this level on. `info` has a line for every request and for every try at a provider. */
export const LOG_LEVELS = ["info", "warn"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type Level = LogLevel | "error";

/** The only fields that a line may have. No name stands for a body, an address or a secret, and what has no name here is not written. */
export type LogFields = {
  requestId?: string;
  method?: string;
  /** The declared pattern, never the path: that may hold a person's id or a signed link. */
  route?: string;
  status?: number;
  ms?: number;
  org?: string;
  shard?: number;
  /** The shard at the other end. */
  to?: number;
  channel?: string;
  delivery?: string;
  attempt?: number;
  outcome?: string;
  code?: string;
  part?: string;
  count?: number;
  error?: string;
  stack?: string;
};
const FIELDS = {
  requestId: true,
  method: true,
  route: true,
  status: true,
  ms: true,
  org: true,
  shard: true,
  to: true,
  channel: true,
  delivery: true,
  attempt: true,
  outcome: true,
  code: true,
  part: true,
  count: true,
  error: true,
  stack: true,
} as const satisfies Record<keyof LogFields, true>;
const NAMES = Object.keys(FIELDS) as (keyof LogFields)[];

let least: LogLevel = "warn";
let clock: Clock | null = null;

/** Once per process, by its host: how much is written, and what time it is. */
export function configureLog(level: LogLevel, time: Clock): void {
  least = level;
  clock = time;
}

/** Whether there is a line for everything that goes well. */
export const isVerbose = (): boolean => least === "info";

/** One line of JSON on the process's output: `{at, level, message, …}`. */
export function log(level: Level, message: string, fields: LogFields = {}): void {
  if (level === "info" && !isVerbose()) return;
  const line: Record<string, unknown> = { ...(clock ? { at: new Date(clock.now()).toISOString() } : {}), level, message };
  for (const name of NAMES) if (fields[name] !== undefined) line[name] = fields[name];
  const write = { info: console.log, warn: console.warn, error: console.error }[level];
  write(JSON.stringify(line));
}

/** An error as fields of a line. */
export const wordsOf = (error: unknown): Pick<LogFields, "error" | "stack"> => ({
  error: String(error),
  ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
});
