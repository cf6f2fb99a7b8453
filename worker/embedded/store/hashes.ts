import { CommandError, type Commands, countOf, fitsInt64, pairs, parseInteger, wrongArity } from "./command.ts";

export const HASHES: Commands = {
  hget: { arity: 3, run: (keyspace, [key = "", field = ""]) => keyspace.members(key, "hash")?.get(field) ?? null },
  hset: {
    arity: -4,
    run(keyspace, args) {
      const [key = ""] = args;
      if (args.length % 2 === 0) throw wrongArity("hset");
      const before = keyspace.members(key, "hash")?.size ?? 0;
      for (const [field, value] of pairs(args, 1)) keyspace.setMember(key, "hash", field, value);
      return (keyspace.members(key, "hash")?.size ?? 0) - before;
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
};
