import type { Reply } from "../../ports.ts";
import type { Bytes } from "./bytes.ts";
import { CommandError, type Commands, countOf, parseCount, parseIndex, randomOf, readKeys, syntaxError } from "./command.ts";
import type { Keyspace } from "./keyspace.ts";
import { readScan, scan } from "./scan.ts";

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
  smembers: { arity: 2, run: (keyspace, [key = ""]) => membersOf(keyspace, key) },
  sismember: { arity: 3, run: (keyspace, [key = "", member = ""]) => (keyspace.members(key, "set")?.has(member) ? 1 : 0) },
  smismember: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      const set = keyspace.members(key, "set");
      return members.map((member) => (set?.has(member) ? 1 : 0));
    },
  },
  scard: { arity: 2, run: (keyspace, [key = ""]) => keyspace.members(key, "set")?.size ?? 0 },
  smove: {
    arity: 4,
    run(keyspace, [key = "", to = "", member = ""]) {
      const set = keyspace.members(key, "set");
      if (!set) return 0;
      keyspace.members(to, "set");
      if (!set.has(member)) return 0;
      if (key === to) return 1;
      keyspace.removeMember(key, member);
      keyspace.setMember(to, "set", member, null);
      return 1;
    },
  },
  spop: {
    arity: -2,
    run(keyspace, [key = "", count, ...rest]): Reply {
      if (rest.length > 0) throw syntaxError();
      const wanted = count === undefined ? 1 : parseCount(count);
      const picked = randomOf(membersOf(keyspace, key), wanted);
      for (const member of picked) keyspace.removeMember(key, member);
      return count === undefined ? (picked[0] ?? null) : picked;
    },
  },
  srandmember: {
    arity: -2,
    run(keyspace, [key = "", count, ...rest]): Reply {
      if (rest.length > 0) throw syntaxError();
      const wanted = count === undefined ? 1 : parseIndex(count);
      const picked = randomOf(membersOf(keyspace, key), wanted);
      return count === undefined ? (picked[0] ?? null) : picked;
    },
  },
  sinter: { arity: -2, run: (keyspace, keys) => [...inter(keyspace, keys)] },
  sunion: { arity: -2, run: (keyspace, keys) => [...union(keyspace, keys)] },
  sdiff: { arity: -2, run: (keyspace, keys) => [...diff(keyspace, keys)] },
  sinterstore: { arity: -3, run: (keyspace, [to = "", ...keys]) => store(keyspace, to, inter(keyspace, keys)) },
  sunionstore: { arity: -3, run: (keyspace, [to = "", ...keys]) => store(keyspace, to, union(keyspace, keys)) },
  sdiffstore: { arity: -3, run: (keyspace, [to = "", ...keys]) => store(keyspace, to, diff(keyspace, keys)) },
  sintercard: {
    arity: -3,
    run(keyspace, args) {
      const tooFew = () => new CommandError("ERR numkeys should be greater than 0");
      const tooMany = () => new CommandError("ERR Number of keys can't be greater than number of args");
      const { keys, options } = readKeys(args, { tooFew, notANumber: tooFew, tooMany });
      const limit = readLimit(options);
      const { size } = inter(keyspace, keys);
      return limit === 0 ? size : Math.min(size, limit);
    },
  },
  sscan: {
    arity: -3,
    run(keyspace, [key = "", ...args]): Reply {
      const options = readScan(args, false);
      const { next, found } = scan(membersOf(keyspace, key), options);
      return [next, found];
    },
  },
};

const membersOf = (keyspace: Keyspace, key: Bytes): Bytes[] => [...(keyspace.members(key, "set")?.keys() ?? [])];

/** `LIMIT n` of SINTERCARD and ZINTERCARD; 0 is none. */
export function readLimit(options: Bytes[]): number {
  if (options.length === 0) return 0;
  const [name = "", given, ...rest] = options;
  if (name.toUpperCase() !== "LIMIT" || given === undefined) throw syntaxError();
  const limit = parseCount(given, () => new CommandError("ERR LIMIT can't be negative"));
  if (rest.length > 0) throw syntaxError();
  return limit;
}

function inter(keyspace: Keyspace, keys: Bytes[]): Set<Bytes> {
  const [first, ...rest] = keys.map((key) => new Set(membersOf(keyspace, key)));
  return rest.reduce((all, one) => all.intersection(one), first ?? new Set());
}

const union = (keyspace: Keyspace, keys: Bytes[]): Set<Bytes> => new Set(keys.flatMap((key) => membersOf(keyspace, key)));

function diff(keyspace: Keyspace, keys: Bytes[]): Set<Bytes> {
  const [first, ...rest] = keys.map((key) => new Set(membersOf(keyspace, key)));
  return rest.reduce((all, one) => all.difference(one), first ?? new Set());
}

function store(keyspace: Keyspace, to: Bytes, members: Set<Bytes>): number {
  keyspace.replace(
    to,
    "set",
    [...members].map((member) => [member, null]),
  );
  return members.size;
}
