import type { Reply } from "../../ports.ts";
import type { Keyspace } from "./keyspace.ts";

/** `arity` as Redis counts it: with the command's name; negative means "at least". `args` are without the name. */
export type CommandSpec = { arity: number; run(keyspace: Keyspace, args: string[]): Reply };
export type Commands = Record<string, CommandSpec>;

/** What Redis answers with a minus sign; the message begins with its code, in Redis's own words. */
export class CommandError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CommandError";
  }
}

export const syntaxError = () => new CommandError("ERR syntax error");
export const wrongType = () => new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");
export const wrongArity = (name: string) => new CommandError(`ERR wrong number of arguments for '${name}' command`);
export const notAnInteger = () => new CommandError("ERR value is not an integer or out of range");
export const notAFloat = () => new CommandError("ERR value is not a valid float");

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** A signed 64-bit integer as Redis reads one: no sign but minus, no spaces, no leading zeros. */
export function parseInteger(text: string, problem = notAnInteger): bigint {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) throw problem();
  const value = BigInt(text);
  if (!fitsInt64(value)) throw problem();
  return value;
}

export const fitsInt64 = (value: bigint): boolean => value >= INT64.min && value <= INT64.max;

/** A double as Redis reads one, infinities included. */
export function parseFloat64(text: string, problem = notAFloat): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw problem();
  return Number(text);
}

/** Takes the arguments two by two: fields and values, scores and members. */
export function* pairs(args: string[], from: number): Generator<[string, string]> {
  for (let at = from; at + 1 < args.length; at += 2) yield [args[at] ?? "", args[at + 1] ?? ""];
}

/** Sums a count over arguments: how many were removed, added, found. */
export function countOf(args: Iterable<string>, isCounted: (arg: string) => boolean): number {
  let count = 0;
  for (const arg of args) if (isCounted(arg)) count++;
  return count;
}
