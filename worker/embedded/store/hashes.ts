import type { Reply } from "../../ports.ts";
import type { Bytes } from "./bytes.ts";
import {
  CommandError,
  type Commands,
  countOf,
  fitsInt64,
  pairs,
  parseFloat64,
  parseIndex,
  parseInteger,
  randomOf,
  syntaxError,
  wrongArity,
} from "./command.ts";
import { addDecimals } from "./decimal.ts";
import type { Keyspace } from "./keyspace.ts";
import { readScan, scan } from "./scan.ts";

export const HASHES: Commands = {
  hget: { arity: 3, run: (keyspace, [key = "", field = ""]) => keyspace.members(key, "hash")?.get(field) ?? null },
  hset: { arity: -4, run: (keyspace, args) => setFields(keyspace, "hset", args) },
  hmset: {
    arity: -4,
    run(keyspace, args) {
      setFields(keyspace, "hmset", args);
      return "OK";
    },
  },
  hsetnx: {
    arity: 4,
    run(keyspace, [key = "", field = "", value = ""]) {
      if (keyspace.members(key, "hash")?.has(field)) return 0;
      keyspace.setMember(key, "hash", field, value);
      return 1;
    },
  },
  hmget: {
    arity: -3,
    run(keyspace, [key = "", ...fields]) {
      const members = keyspace.members(key, "hash");
      return fields.map((field) => members?.get(field) ?? null);
    },
  },
  hgetall: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.members(key, "hash") ?? [])].flat() },
  hkeys: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.members(key, "hash")?.keys() ?? [])] },
  hvals: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.members(key, "hash")?.values() ?? [])] },
  hlen: { arity: 2, run: (keyspace, [key = ""]) => keyspace.members(key, "hash")?.size ?? 0 },
  hexists: { arity: 3, run: (keyspace, [key = "", field = ""]) => (keyspace.members(key, "hash")?.has(field) ? 1 : 0) },
  hstrlen: { arity: 3, run: (keyspace, [key = "", field = ""]) => keyspace.members(key, "hash")?.get(field)?.length ?? 0 },
  hdel: {
    arity: -3,
    run(keyspace, [key = "", ...fields]) {
      keyspace.members(key, "hash"); // WRONGTYPE comes before anything is removed.
      return countOf(fields, (field) => keyspace.removeMember(key, field));
    },
  },
  hincrby: {
    arity: 4,
    run(keyspace, [key = "", field = "", by = ""]) {
      const amount = parseInteger(by);
      const before = keyspace.members(key, "hash")?.get(field) ?? "0";
      const sum = parseInteger(before, () => new CommandError("ERR hash value is not an integer")) + amount;
      if (!fitsInt64(sum)) throw new CommandError("ERR increment or decrement would overflow");
      keyspace.setMember(key, "hash", field, String(sum));
      return Number(sum);
    },
  },
  hincrbyfloat: {
    arity: 4,
    run(keyspace, [key = "", field = "", by = ""]) {
      // What is no figure is told before what the key holds.
      if (!Number.isFinite(parseFloat64(by))) throw new CommandError("ERR value is NaN or Infinity");
      const before = keyspace.members(key, "hash")?.get(field) ?? "0";
      const sum = addDecimals(before, by, () => new CommandError("ERR hash value is not a float"));
      keyspace.setMember(key, "hash", field, sum);
      return sum;
    },
  },
  hrandfield: { arity: -2, run: randomFields },
  hscan: {
    arity: -3,
    run(keyspace, [key = "", ...args]): Reply {
      const options = readScan(args, false);
      const members = keyspace.members(key, "hash") ?? new Map<Bytes, Bytes>();
      const { next, found } = scan(members.keys(), options);
      return [next, found.flatMap((field) => [field, members.get(field) ?? ""])];
    },
  },
};

function setFields(keyspace: Keyspace, name: string, args: Bytes[]): number {
  const [key = ""] = args;
  if (args.length % 2 === 0) throw wrongArity(name);
  const before = keyspace.members(key, "hash")?.size ?? 0;
  for (const [field, value] of pairs(args, 1)) keyspace.setMember(key, "hash", field, value);
  return (keyspace.members(key, "hash")?.size ?? 0) - before;
}

function randomFields(keyspace: Keyspace, [key = "", count, withValues, ...rest]: Bytes[]): Reply {
  const wanted = count === undefined ? 1 : parseIndex(count);
  if (rest.length > 0 || (withValues !== undefined && withValues.toUpperCase() !== "WITHVALUES")) throw syntaxError();
  const picked = randomOf([...(keyspace.members(key, "hash") ?? [])], wanted);
  if (count === undefined) return picked[0]?.[0] ?? null;
  return withValues === undefined ? picked.map(([field]) => field) : picked.flat();
}
