import type { Reply } from "../../ports.ts";
import type { Bytes } from "./bytes.ts";
import type { Keyspace } from "./keyspace.ts";
import { CommandError, type Commands, countOf, fitsInt64, noSuchKey, parseIndex, parseInteger, randomOf, syntaxError } from "./command.ts";
import { invalidExpiry, toInstant } from "./expiry.ts";
import { matches } from "./glob.ts";
import { readScan, scan } from "./scan.ts";

const count = { arity: -2, run: (keyspace: Keyspace, keys: Bytes[]) => countOf(keys, (key) => keyspace.kindOf(key) !== null) };
const remove = { arity: -2, run: (keyspace: Keyspace, keys: Bytes[]) => countOf(keys, (key) => keyspace.remove(key)) };

export const KEYS: Commands = {
  del: remove,
  unlink: remove,
  exists: count,
  touch: count,
  type: { arity: 2, run: (keyspace, [key = ""]) => keyspace.kindOf(key) ?? "none" },
  expire: { arity: -3, run: (keyspace, args) => expire(keyspace, { name: "expire", unit: 1000n, isRelative: true }, args) },
  pexpire: { arity: -3, run: (keyspace, args) => expire(keyspace, { name: "pexpire", unit: 1n, isRelative: true }, args) },
  expireat: { arity: -3, run: (keyspace, args) => expire(keyspace, { name: "expireat", unit: 1000n, isRelative: false }, args) },
  pexpireat: { arity: -3, run: (keyspace, args) => expire(keyspace, { name: "pexpireat", unit: 1n, isRelative: false }, args) },
  ttl: { arity: 2, run: (keyspace, [key = ""]) => instant(keyspace, key, (at) => Math.round((at - keyspace.now()) / 1000)) },
  pttl: { arity: 2, run: (keyspace, [key = ""]) => instant(keyspace, key, (at) => at - keyspace.now()) },
  expiretime: { arity: 2, run: (keyspace, [key = ""]) => instant(keyspace, key, (at) => Math.floor((at + 500) / 1000)) },
  pexpiretime: { arity: 2, run: (keyspace, [key = ""]) => instant(keyspace, key, (at) => at) },
  persist: {
    arity: 2,
    run(keyspace, [key = ""]) {
      if (typeof keyspace.expiresAt(key) !== "number") return 0;
      keyspace.setExpiry(key, null);
      return 1;
    },
  },
  rename: {
    arity: 3,
    run(keyspace, [key = "", to = ""]) {
      if (keyspace.kindOf(key) === null) throw noSuchKey();
      if (key !== to) keyspace.rename(key, to);
      return "OK";
    },
  },
  renamenx: {
    arity: 3,
    run(keyspace, [key = "", to = ""]) {
      if (keyspace.kindOf(key) === null) throw noSuchKey();
      if (keyspace.kindOf(to) !== null) return 0;
      keyspace.rename(key, to);
      return 1;
    },
  },
  copy: { arity: -3, run: copy },
  randomkey: { arity: 1, run: (keyspace) => randomOf(keyspace.keys(), 1)[0] ?? null },
  keys: { arity: 2, run: (keyspace, [pattern = ""]) => keyspace.keys().filter((key) => matches(pattern, key)) },
  scan: {
    arity: -2,
    run(keyspace, args): Reply {
      const options = readScan(args, true);
      const { next, found } = scan(keyspace.keys(), options);
      return [next, options.kind === null ? found : found.filter((key) => keyspace.kindOf(key) === options.kind)];
    },
  },
};

/** -2: no such key, -1: it lasts for ever. */
function instant(keyspace: Keyspace, key: Bytes, show: (expiresAt: number) => number): number {
  const expiresAt = keyspace.expiresAt(key);
  if (expiresAt === undefined) return -2;
  return expiresAt === null ? -1 : show(expiresAt);
}

type ExpireCommand = { name: string; unit: bigint; isRelative: boolean };

/** https://redis.io/docs/latest/commands/expire/ ; an instant that has passed removes the key. */
function expire(keyspace: Keyspace, { name, unit, isRelative }: ExpireCommand, [key = "", amount = "", ...flags]: Bytes[]): number {
  const isAllowed = readCondition(flags);
  const at = parseInteger(amount) * unit + (isRelative ? BigInt(keyspace.now()) : 0n);
  if (!fitsInt64(at)) throw invalidExpiry(name);
  const before = keyspace.expiresAt(key);
  const after = toInstant(at);
  if (before === undefined || !isAllowed(before, after)) return 0;
  if (after <= keyspace.now()) keyspace.remove(key);
  else keyspace.setExpiry(key, after);
  return 1;
}

function readCondition(flags: Bytes[]): (before: number | null, after: number) => boolean {
  const given = new Set<string>();
  for (const flag of flags) {
    const name = flag.toUpperCase();
    if (!["NX", "XX", "GT", "LT"].includes(name)) throw new CommandError(`ERR Unsupported option ${flag}`);
    given.add(name);
  }
  if (given.has("NX") && given.size > 1) throw new CommandError("ERR NX and XX, GT or LT options at the same time are not compatible");
  if (given.has("GT") && given.has("LT")) throw new CommandError("ERR GT and LT options at the same time are not compatible");
  return (before, after) => {
    if (given.has("NX") && before !== null) return false;
    if (given.has("XX") && before === null) return false;
    if (given.has("GT") && (before === null || after <= before)) return false;
    return !(given.has("LT") && before !== null && after >= before);
  };
}

/** https://redis.io/docs/latest/commands/copy/ ; there is one database, number 0. */
function copy(keyspace: Keyspace, [key = "", to = "", ...options]: Bytes[]): number {
  let mayReplace = false;
  for (let at = 0; at < options.length; at++) {
    const name = (options[at] ?? "").toUpperCase();
    if (name === "REPLACE") mayReplace = true;
    else if (name === "DB" && at + 1 < options.length) {
      if (parseIndex(options[++at] ?? "") !== 0) throw new CommandError("ERR DB index is out of range");
    } else throw syntaxError();
  }
  if (key === to) throw new CommandError("ERR source and destination objects are the same");
  if (keyspace.kindOf(key) === null || (keyspace.kindOf(to) !== null && !mayReplace)) return 0;
  keyspace.copy(key, to);
  return 1;
}
