import { type Commands, countOf } from "./command.ts";

export const SETS: Commands = {
  sadd: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      return countOf(members, (member) => {
        if (keyspace.members(key, "set")?.has(member)) return false;
        keyspace.setMember(key, "set", member, null);
        return true;
      });
    },
  },
  srem: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      keyspace.members(key, "set"); // WRONGTYPE comes before anything is removed.
      return countOf(members, (member) => keyspace.removeMember(key, member));
    },
  },
  smembers: { arity: 2, run: (keyspace, [key = ""]) => [...(keyspace.members(key, "set")?.keys() ?? [])] },
  sismember: { arity: 3, run: (keyspace, [key = "", member = ""]) => (keyspace.members(key, "set")?.has(member) ? 1 : 0) },
  scard: { arity: 2, run: (keyspace, [key = ""]) => keyspace.members(key, "set")?.size ?? 0 },
};
