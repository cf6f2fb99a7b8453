import type { Keyspace } from "./keyspace.ts";
import { CommandError, type Commands, fitsInt64, pairs, parseInteger, syntaxError, wrongArity } from "./command.ts";

export const STRINGS: Commands = {
  get: { arity: 2, run: (keyspace, [key = ""]) => keyspace.string(key) },
  set: { arity: -3, run: set },
  getdel: {
    arity: 2,
    run(keyspace, [key = ""]) {
      const value = keyspace.string(key);
      keyspace.remove(key);
      return value;
    },
  },
  mget: { arity: -2, run: (keyspace, keys) => keys.map((key) => (keyspace.kindOf(key) === "string" ? keyspace.string(key) : null)) },
  mset: {
    arity: -3,
    run(keyspace, args) {
      if (args.length % 2 !== 0) throw wrongArity("mset");
      for (const [key, value] of pairs(args, 0)) keyspace.setString(key, value, null);
      return "OK";
    },
  },
  incr: { arity: 2, run: (keyspace, [key = ""]) => add(keyspace, key, 1n) },
  incrby: { arity: 3, run: (keyspace, [key = "", by = ""]) => add(keyspace, key, parseInteger(by)) },
};

function add(keyspace: Keyspace, key: string, by: bigint): number {
  const sum = parseInteger(keyspace.string(key) ?? "0") + by;
  if (!fitsInt64(sum)) throw new CommandError("ERR increment or decrement would overflow");
  keyspace.setString(key, String(sum), keyspace.expiresAt(key) ?? null);
  return Number(sum);
}

/** Milliseconds in one unit of the option, and whether it counts from now. */
const EXPIRIES: Record<string, { unit: bigint; isRelative: boolean }> = {
  EX: { unit: 1000n, isRelative: true },
  PX: { unit: 1n, isRelative: true },
  EXAT: { unit: 1000n, isRelative: false },
  PXAT: { unit: 1n, isRelative: false },
};

type SetOptions = { when: "NX" | "XX" | null; returnsOld: boolean; keepsExpiry: boolean; expiry: { name: string; amount: string } | null };

/** https://redis.io/docs/latest/commands/set/ */
function set(keyspace: Keyspace, [key = "", value = "", ...rest]: string[]): string | null {
  const options = readSetOptions(rest);
  const expiresAt = options.expiry ? expiryInstant(options.expiry, keyspace.now()) : null;
  const old = options.returnsOld ? keyspace.string(key) : null;
  const exists = keyspace.kindOf(key) !== null;
  if ((options.when === "NX" && exists) || (options.when === "XX" && !exists)) return old;
  keyspace.setString(key, value, options.keepsExpiry ? (keyspace.expiresAt(key) ?? null) : expiresAt);
  return options.returnsOld ? old : "OK";
}

function readSetOptions(args: string[]): SetOptions {
  const options: SetOptions = { when: null, returnsOld: false, keepsExpiry: false, expiry: null };
  for (let at = 0; at < args.length; at++) {
    const name = (args[at] ?? "").toUpperCase();
    if ((name === "NX" || name === "XX") && (options.when === null || options.when === name)) options.when = name;
    else if (name === "GET") options.returnsOld = true;
    else if (name === "KEEPTTL" && !options.expiry) options.keepsExpiry = true;
    else if (Object.hasOwn(EXPIRIES, name) && !options.expiry && !options.keepsExpiry && at + 1 < args.length)
      options.expiry = { name, amount: args[++at] ?? "" };
    else throw syntaxError();
  }
  return options;
}

function expiryInstant({ name, amount }: { name: string; amount: string }, now: number): number {
  const { unit, isRelative } = EXPIRIES[name] ?? { unit: 1n, isRelative: true };
  const count = parseInteger(amount);
  const instant = count * unit + (isRelative ? BigInt(now) : 0n);
  if (count <= 0n || !fitsInt64(instant)) throw new CommandError("ERR invalid expire time in 'set' command");
  return Number(instant);
}
