import type { Reply } from "../../ports.ts";
import type { Bytes } from "./bytes.ts";
import type { Keyspace } from "./keyspace.ts";

/** `arity` as Redis counts it: with the command's name; negative means "at least". `args` are without the name. */
export type CommandSpec = { arity: number; run(keyspace: Keyspace, args: Bytes[]): Reply };
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
export const notPositive = () => new CommandError("ERR value is out of range, must be positive");
export const notAFloat = () => new CommandError("ERR value is not a valid float");
export const noSuchKey = () => new CommandError("ERR no such key");

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** A signed 64-bit integer as Redis reads one: no sign but minus, no spaces, no leading zeros. */
export function parseInteger(text: string, problem = notAnInteger): bigint {
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) throw problem();
  const value = BigInt(text);
  if (!fitsInt64(value)) throw problem();
  return value;
}

/** An index or a count; beyond 2^53 its last digits don't matter. */
export const parseIndex = (text: string, problem = notAnInteger): number => Number(parseInteger(text, problem));

/** An integer that may not be negative. */
export function parseCount(text: string, problem = notPositive): number {
  const count = parseIndex(text, problem);
  if (count < 0) throw problem();
  return count;
}

export const fitsInt64 = (value: bigint): boolean => value >= INT64.min && value <= INT64.max;

/** A double as Redis reads one, infinities included. */
export function parseFloat64(text: string, problem = notAFloat): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw problem();
  return Number(text);
}

/** Takes the arguments two by two: fields and values, scores and members. */
export function* pairs(args: Bytes[], from: number): Generator<[Bytes, Bytes]> {
  for (let at = from; at + 1 < args.length; at += 2) yield [args[at] ?? "", args[at + 1] ?? ""];
}

/** Sums a count over arguments: how many were removed, added, found. */
export function countOf(args: Iterable<Bytes>, isCounted: (arg: Bytes) => boolean): number {
  let count = 0;
  for (const arg of args) if (isCounted(arg)) count++;
  return count;
}

/** The part of a list that two indexes mean, both included; negative ones count from the end. */
export function slice<T>(items: readonly T[], first: number, last: number): T[] {
  const { from, to } = span(items.length, first, last);
  return items.slice(from, to);
}

/** The same as bounds for `slice`: `from` included, `to` not. */
export function span(length: number, first: number, last: number): { from: number; to: number } {
  const from = Math.max(first < 0 ? first + length : first, 0);
  const end = last < 0 ? last + length : last;
  return { from, to: Math.max(Math.min(end, length - 1) + 1, 0) };
}

type KeysProblems = { tooFew: () => CommandError; notANumber?: () => CommandError; tooMany?: () => CommandError };

/** `numkeys key [key …]` and whatever follows. */
export function readKeys(
  [count = "", ...rest]: Bytes[],
  { tooFew, notANumber = notAnInteger, tooMany = syntaxError }: KeysProblems,
): { keys: Bytes[]; options: Bytes[] } {
  const keys = parseIndex(count, notANumber);
  if (keys < 1) throw tooFew();
  if (keys > rest.length) throw tooMany();
  return { keys: rest.slice(0, keys), options: rest.slice(keys) };
}

/** The same for LMPOP and ZMPOP. */
export function readPopKeys(args: Bytes[]): { keys: Bytes[]; options: Bytes[] } {
  const tooFew = () => new CommandError("ERR numkeys should be greater than 0");
  return readKeys(args, { tooFew, notANumber: tooFew });
}

/** `[COUNT n]` of LMPOP and ZMPOP. */
export function readPopCount([name, given, ...rest]: Bytes[]): number {
  if (name === undefined) return 1;
  if (name.toUpperCase() !== "COUNT" || given === undefined) throw syntaxError();
  const tooFew = () => new CommandError("ERR count should be greater than 0");
  const count = parseCount(given, tooFew);
  if (count === 0) throw tooFew();
  if (rest.length > 0) throw syntaxError();
  return count;
}

/** `count` random items: each at most once for a positive number, with repetitions for a negative one. */
export function randomOf<T>(items: readonly T[], count: number): T[] {
  if (items.length === 0) return [];
  if (count < 0) return Array.from({ length: -count }, () => items[Math.floor(Math.random() * items.length)] as T);
  const pool = [...items];
  for (let at = 0; at < Math.min(count, pool.length); at++) {
    const other = at + Math.floor(Math.random() * (pool.length - at));
    [pool[at], pool[other]] = [pool[other] as T, pool[at] as T];
  }
  return pool.slice(0, count);
}
