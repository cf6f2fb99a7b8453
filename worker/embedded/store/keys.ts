import type { Keyspace } from "./keyspace.ts";
import { CommandError, type Commands, countOf, fitsInt64, parseInteger } from "./command.ts";

export const KEYS: Commands = {
  del: { arity: -2, run: (keyspace, keys) => countOf(keys, (key) => keyspace.remove(key)) },
  exists: { arity: -2, run: (keyspace, keys) => countOf(keys, (key) => keyspace.kindOf(key) !== null) },
  type: { arity: 2, run: (keyspace, [key = ""]) => keyspace.kindOf(key) ?? "none" },
  expire: { arity: -3, run: (keyspace, args) => expire(keyspace, "expire", 1000n, args) },
  pexpire: { arity: -3, run: (keyspace, args) => expire(keyspace, "pexpire", 1n, args) },
  ttl: { arity: 2, run: (keyspace, [key = ""]) => remaining(keyspace, key, 1000) },
  pttl: { arity: 2, run: (keyspace, [key = ""]) => remaining(keyspace, key, 1) },
  persist: {
    arity: 2,
    run(keyspace, [key = ""]) {
      if (typeof keyspace.expiresAt(key) !== "number") return 0;
      keyspace.setExpiry(key, null);
      return 1;
    },
  },
};

/** -2: no such key, -1: it lasts for ever. */
function remaining(keyspace: Keyspace, key: string, unit: number): number {
  const expiresAt = keyspace.expiresAt(key);
  if (expiresAt === undefined) return -2;
  if (expiresAt === null) return -1;
  return Math.round((expiresAt - keyspace.now()) / unit);
}

/** https://redis.io/docs/latest/commands/expire/ ; an instant that has passed removes the key. */
function expire(keyspace: Keyspace, name: string, unit: bigint, [key = "", amount = "", ...flags]: string[]): number {
  const isAllowed = readCondition(flags);
  const instant = parseInteger(amount) * unit + BigInt(keyspace.now());
  if (!fitsInt64(instant)) throw new CommandError(`ERR invalid expire time in '${name}' command`);
  const before = keyspace.expiresAt(key);
  const after = Number(instant);
  if (before === undefined || !isAllowed(before, after)) return 0;
  if (after <= keyspace.now()) keyspace.remove(key);
  else keyspace.setExpiry(key, after);
  return 1;
}

function readCondition(flags: string[]): (before: number | null, after: number) => boolean {
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
