import type { Reply } from "../../ports.ts";
import type { Bytes } from "./bytes.ts";
import {
  CommandError,
  type Commands,
  noSuchKey,
  parseCount,
  parseIndex,
  readPopCount,
  readPopKeys,
  slice,
  span,
  syntaxError,
} from "./command.ts";
import type { Keyspace } from "./keyspace.ts";

type End = "left" | "right";

export const LISTS: Commands = {
  lpush: { arity: -3, run: (keyspace, [key = "", ...values]) => keyspace.push(key, "left", values) },
  rpush: { arity: -3, run: (keyspace, [key = "", ...values]) => keyspace.push(key, "right", values) },
  lpushx: { arity: -3, run: (keyspace, [key = "", ...values]) => (keyspace.list(key) ? keyspace.push(key, "left", values) : 0) },
  rpushx: { arity: -3, run: (keyspace, [key = "", ...values]) => (keyspace.list(key) ? keyspace.push(key, "right", values) : 0) },
  lpop: { arity: -2, run: (keyspace, args) => pop(keyspace, "left", "lpop", args) },
  rpop: { arity: -2, run: (keyspace, args) => pop(keyspace, "right", "rpop", args) },
  llen: { arity: 2, run: (keyspace, [key = ""]) => keyspace.list(key)?.length ?? 0 },
  lrange: {
    arity: 4,
    run(keyspace, [key = "", from = "", to = ""]) {
      const [first, last] = [parseIndex(from), parseIndex(to)];
      return slice(keyspace.list(key) ?? [], first, last);
    },
  },
  lindex: {
    arity: 3,
    run(keyspace, [key = "", index = ""]) {
      const list = keyspace.list(key);
      return list?.at(parseIndex(index)) ?? null;
    },
  },
  lset: {
    arity: 4,
    run(keyspace, [key = "", index = "", value = ""]) {
      const list = keyspace.list(key);
      if (!list) throw noSuchKey();
      const wanted = parseIndex(index);
      const at = wanted < 0 ? wanted + list.length : wanted;
      if (at < 0 || at >= list.length) throw new CommandError("ERR index out of range");
      keyspace.setAt(key, at, value);
      return "OK";
    },
  },
  linsert: { arity: 5, run: insert },
  lrem: { arity: 4, run: removeValues },
  ltrim: {
    arity: 4,
    run(keyspace, [key = "", start = "", end = ""]) {
      const [first, last] = [parseIndex(start), parseIndex(end)];
      const { length } = keyspace.list(key) ?? [];
      const { from, to } = span(length, first, last);
      if (from >= to) keyspace.remove(key);
      else {
        popMany(keyspace, key, "left", from);
        popMany(keyspace, key, "right", length - to);
      }
      return "OK";
    },
  },
  lpos: { arity: -3, run: positions },
  lmove: {
    arity: 5,
    run: (keyspace, [key = "", to = "", from = "", into = ""]) =>
      move(keyspace, { key, from: readEnd(from) }, { key: to, end: readEnd(into) }),
  },
  rpoplpush: { arity: 3, run: (keyspace, [key = "", to = ""]) => move(keyspace, { key, from: "right" }, { key: to, end: "left" }) },
  lmpop: { arity: -4, run: popOfMany },
};

function readEnd(text: Bytes): End {
  const name = text.toLowerCase();
  if (name !== "left" && name !== "right") throw syntaxError();
  return name;
}

function pop(keyspace: Keyspace, end: End, name: string, [key = "", count, ...rest]: Bytes[]): Reply {
  if (rest.length > 0) throw new CommandError(`ERR wrong number of arguments for '${name}' command`);
  if (count === undefined) return keyspace.pop(key, end);
  const wanted = parseCount(count);
  return keyspace.list(key) ? popMany(keyspace, key, end, wanted) : null;
}

function popMany(keyspace: Keyspace, key: Bytes, end: End, count: number): Bytes[] {
  const length = Math.min(count, keyspace.list(key)?.length ?? 0);
  return Array.from({ length }, () => keyspace.pop(key, end) ?? "");
}

/** https://redis.io/docs/latest/commands/lmpop/ */
function popOfMany(keyspace: Keyspace, args: Bytes[]): Reply {
  const { keys, options } = readPopKeys(args);
  const [where, ...rest] = options;
  if (where === undefined) throw syntaxError();
  const end = readEnd(where);
  const wanted = readPopCount(rest);
  const key = keys.find((candidate) => keyspace.list(candidate) !== null);
  return key === undefined ? null : [key, popMany(keyspace, key, end, wanted)];
}

function move(keyspace: Keyspace, { key, from }: { key: Bytes; from: End }, to: { key: Bytes; end: End }): Bytes | null {
  if (!keyspace.list(key)) return null;
  keyspace.list(to.key); // WRONGTYPE comes before anything is taken.
  const list = keyspace.list(key) ?? [];
  if (key === to.key && list.length === 1) return list[0] ?? null; // Taken out, the list and its time would be gone.
  const value = keyspace.pop(key, from) ?? "";
  keyspace.push(to.key, to.end, [value]);
  return value;
}

function insert(keyspace: Keyspace, [key = "", where = "", pivot = "", value = ""]: Bytes[]): number {
  const side = where.toUpperCase();
  if (side !== "BEFORE" && side !== "AFTER") throw syntaxError();
  const list = keyspace.list(key);
  if (!list) return 0;
  const at = list.indexOf(pivot);
  if (at === -1) return -1;
  const changed = list.toSpliced(side === "BEFORE" ? at : at + 1, 0, value);
  keyspace.replaceList(key, changed);
  return changed.length;
}

/** A positive count removes from the left, a negative one from the right, 0 all. */
function removeValues(keyspace: Keyspace, [key = "", count = "", value = ""]: Bytes[]): number {
  const wanted = parseIndex(count);
  const list = keyspace.list(key);
  if (!list) return 0;
  let left = wanted === 0 ? list.length : Math.abs(wanted);
  const stays = (one: Bytes) => one !== value || left-- <= 0;
  const kept = wanted < 0 ? list.toReversed().filter(stays).toReversed() : list.filter(stays);
  const removed = list.length - kept.length;
  if (removed > 0) keyspace.replaceList(key, kept);
  return removed;
}

/** https://redis.io/docs/latest/commands/lpos/ */
function positions(keyspace: Keyspace, [key = "", value = "", ...args]: Bytes[]): Reply {
  let [rank, count, most]: [number, number | null, number] = [1, null, 0];
  for (let at = 0; at < args.length; at += 2) {
    const [name, given] = [(args[at] ?? "").toUpperCase(), args[at + 1]];
    if (given === undefined) throw syntaxError();
    if (name === "RANK") {
      rank = parseIndex(given);
      if (rank === 0) {
        throw new CommandError(
          "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
        );
      }
    } else if (name === "COUNT") count = parseCount(given, () => new CommandError("ERR COUNT can't be negative"));
    else if (name === "MAXLEN") most = parseCount(given, () => new CommandError("ERR MAXLEN can't be negative"));
    else throw syntaxError();
  }
  const list = keyspace.list(key);
  if (!list) return count === null ? null : [];
  const indexes = list.map((_, index) => index);
  const looked = (rank < 0 ? indexes.toReversed() : indexes).slice(0, most === 0 ? undefined : most);
  const found = looked.filter((index) => list[index] === value).slice(Math.abs(rank) - 1);
  return count === null ? (found[0] ?? null) : count === 0 ? found : found.slice(0, count);
}
