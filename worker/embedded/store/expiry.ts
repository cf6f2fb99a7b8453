import type { Bytes } from "./bytes.ts";
import { CommandError, fitsInt64, parseInteger, syntaxError } from "./command.ts";

/** Milliseconds in one unit of the option, and whether it counts from now. */
const EXPIRIES: Record<string, { unit: bigint; isRelative: boolean }> = {
  EX: { unit: 1000n, isRelative: true },
  PX: { unit: 1n, isRelative: true },
  EXAT: { unit: 1000n, isRelative: false },
  PXAT: { unit: 1n, isRelative: false },
};

type Expiry = { name: string; amount: Bytes };
export type Options = { expiry: Expiry | null; flags: Set<string> };

/** The options of SET and GETEX: at most one expiry, and flags, of which those in one group exclude each other and the expiry. */
export function readOptions(args: Bytes[], { allowed, insteadOfExpiry }: { allowed: string[]; insteadOfExpiry: string }): Options {
  const options: Options = { expiry: null, flags: new Set() };
  const { flags } = options;
  for (let at = 0; at < args.length; at++) {
    const name = (args[at] ?? "").toUpperCase();
    const isExpiry = Object.hasOwn(EXPIRIES, name) && !options.expiry && !flags.has(insteadOfExpiry) && at + 1 < args.length;
    if (isExpiry) options.expiry = { name, amount: args[++at] ?? "" };
    else if (!allowed.includes(name) || (name === insteadOfExpiry && options.expiry)) throw syntaxError();
    else flags.add(name);
  }
  if (flags.has("NX") && flags.has("XX")) throw syntaxError();
  return options;
}

/** The instant, ms since 1970. `command` stands in the error's words. */
export function instantOf({ name, amount }: Expiry, now: number, command: string): number {
  const { unit, isRelative } = EXPIRIES[name] ?? { unit: 1n, isRelative: true };
  const count = parseInteger(amount);
  const instant = count * unit + (isRelative ? BigInt(now) : 0n);
  if (count <= 0n || !fitsInt64(instant)) throw invalidExpiry(command);
  return toInstant(instant);
}

/** As a number that SQLite gives back: what lies further ahead than 285,000 years ends then. */
export const toInstant = (instant: bigint): number => Math.min(Number(instant), Number.MAX_SAFE_INTEGER);

export const invalidExpiry = (command: string) => new CommandError(`ERR invalid expire time in '${command}' command`);
