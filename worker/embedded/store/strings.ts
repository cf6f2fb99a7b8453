import type { Bytes } from "./bytes.ts";
import type { Keyspace } from "./keyspace.ts";
import { CommandError, type Commands, fitsInt64, pairs, parseIndex, parseInteger, slice, wrongArity } from "./command.ts";
import { addDecimals } from "./decimal.ts";
import { instantOf, readOptions } from "./expiry.ts";

/** What a string may be at most, bytes. */
const LENGTH_MOST = 512 * 1024 * 1024;

export const STRINGS: Commands = {
  get: { arity: 2, run: (keyspace, [key = ""]) => keyspace.string(key) },
  set: { arity: -3, run: set },
  setnx: {
    arity: 3,
    run(keyspace, [key = "", value = ""]) {
      if (keyspace.kindOf(key) !== null) return 0;
      keyspace.setString(key, value, null);
      return 1;
    },
  },
  setex: { arity: 4, run: (keyspace, args) => setWithExpiry(keyspace, "EX", "setex", args) },
  psetex: { arity: 4, run: (keyspace, args) => setWithExpiry(keyspace, "PX", "psetex", args) },
  getset: {
    arity: 3,
    run(keyspace, [key = "", value = ""]) {
      const old = keyspace.string(key);
      keyspace.setString(key, value, null);
      return old;
    },
  },
  getdel: {
    arity: 2,
    run(keyspace, [key = ""]) {
      const value = keyspace.string(key);
      keyspace.remove(key);
      return value;
    },
  },
  getex: { arity: -2, run: getAndExpire },
  mget: { arity: -2, run: (keyspace, keys) => keys.map((key) => (keyspace.kindOf(key) === "string" ? keyspace.string(key) : null)) },
  mset: {
    arity: -3,
    run(keyspace, args) {
      if (args.length % 2 !== 0) throw wrongArity("mset");
      for (const [key, value] of pairs(args, 0)) keyspace.setString(key, value, null);
      return "OK";
    },
  },
  msetnx: {
    arity: -3,
    run(keyspace, args) {
      if (args.length % 2 !== 0) throw wrongArity("msetnx");
      if ([...pairs(args, 0)].some(([key]) => keyspace.kindOf(key) !== null)) return 0;
      for (const [key, value] of pairs(args, 0)) keyspace.setString(key, value, null);
      return 1;
    },
  },
  append: {
    arity: 3,
    run(keyspace, [key = "", more = ""]) {
      const value = (keyspace.string(key) ?? "") + more;
      keyspace.changeString(key, value);
      return value.length;
    },
  },
  strlen: { arity: 2, run: (keyspace, [key = ""]) => keyspace.string(key)?.length ?? 0 },
  getrange: { arity: 4, run: range },
  substr: { arity: 4, run: range },
  setrange: { arity: 4, run: setRange },
  incr: { arity: 2, run: (keyspace, [key = ""]) => add(keyspace, key, 1n) },
  decr: { arity: 2, run: (keyspace, [key = ""]) => add(keyspace, key, -1n) },
  incrby: { arity: 3, run: (keyspace, [key = "", by = ""]) => add(keyspace, key, parseInteger(by)) },
  decrby: {
    arity: 3,
    run(keyspace, [key = "", by = ""]) {
      const amount = -parseInteger(by);
      if (!fitsInt64(amount)) throw new CommandError("ERR decrement would overflow");
      return add(keyspace, key, amount);
    },
  },
  incrbyfloat: {
    arity: 3,
    run(keyspace, [key = "", by = ""]) {
      const sum = addDecimals(keyspace.string(key) ?? "0", by);
      keyspace.changeString(key, sum);
      return sum;
    },
  },
};

function add(keyspace: Keyspace, key: Bytes, by: bigint): number {
  const sum = parseInteger(keyspace.string(key) ?? "0") + by;
  if (!fitsInt64(sum)) throw new CommandError("ERR increment or decrement would overflow");
  keyspace.changeString(key, String(sum));
  return Number(sum);
}

/** https://redis.io/docs/latest/commands/set/ */
function set(keyspace: Keyspace, [key = "", value = "", ...rest]: Bytes[]): Bytes | null {
  const { expiry, flags } = readOptions(rest, { allowed: ["NX", "XX", "GET", "KEEPTTL"], insteadOfExpiry: "KEEPTTL" });
  const expiresAt = expiry ? instantOf(expiry, keyspace.now(), "set") : null;
  const old = flags.has("GET") ? keyspace.string(key) : null;
  const exists = keyspace.kindOf(key) !== null;
  if ((flags.has("NX") && exists) || (flags.has("XX") && !exists)) return old;
  keyspace.setString(key, value, flags.has("KEEPTTL") ? (keyspace.expiresAt(key) ?? null) : expiresAt);
  return flags.has("GET") ? old : "OK";
}

function setWithExpiry(keyspace: Keyspace, unit: "EX" | "PX", command: string, [key = "", amount = "", value = ""]: Bytes[]): "OK" {
  keyspace.setString(key, value, instantOf({ name: unit, amount }, keyspace.now(), command));
  return "OK";
}

/** https://redis.io/docs/latest/commands/getex/ */
function getAndExpire(keyspace: Keyspace, [key = "", ...rest]: Bytes[]): Bytes | null {
  const { expiry, flags } = readOptions(rest, { allowed: ["PERSIST"], insteadOfExpiry: "PERSIST" });
  const value = keyspace.string(key);
  if (value === null) return null;
  const instant = expiry ? instantOf(expiry, keyspace.now(), "getex") : null;
  if (instant !== null && instant <= keyspace.now()) keyspace.remove(key);
  else if (instant !== null || (flags.has("PERSIST") && keyspace.expiresAt(key) !== null)) keyspace.setExpiry(key, instant);
  return value;
}

function range(keyspace: Keyspace, [key = "", from = "", to = ""]: Bytes[]): Bytes {
  const [first, last] = [parseIndex(from), parseIndex(to)];
  const value = keyspace.string(key) ?? "";
  if (first < 0 && last < 0 && first > last) return "";
  // Unlike elsewhere, an end before the beginning means the beginning.
  return slice([...value], first, last < 0 ? Math.max(last, -value.length) : last).join("");
}

function setRange(keyspace: Keyspace, [key = "", at = "", part = ""]: Bytes[]): number {
  const offset = parseIndex(at);
  if (offset < 0) throw new CommandError("ERR offset is out of range");
  const value = keyspace.string(key) ?? "";
  if (part === "") return value.length;
  if (offset + part.length > LENGTH_MOST) throw new CommandError("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  const padded = value.padEnd(offset, "\0");
  const changed = padded.slice(0, offset) + part + padded.slice(offset + part.length);
  keyspace.changeString(key, changed);
  return changed.length;
}
