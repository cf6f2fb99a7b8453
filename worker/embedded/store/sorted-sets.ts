import type { Reply } from "../../ports.ts";
import type { Bytes } from "./bytes.ts";
import {
  CommandError,
  type Commands,
  countOf,
  pairs,
  parseCount,
  parseFloat64,
  parseIndex,
  randomOf,
  readPopCount,
  readPopKeys,
  syntaxError,
} from "./command.ts";
import type { Keyspace } from "./keyspace.ts";
import {
  inOrder,
  lexBounds,
  type Pick,
  type RangeOptions,
  type Ranked,
  readRange,
  readRangeOptions,
  scoreBounds,
  scoreText,
} from "./ranges.ts";
import { readScan, scan } from "./scan.ts";

const plain = { isReversed: false, limit: null };

export const SORTED_SETS: Commands = {
  zadd: { arity: -4, run: add },
  zincrby: {
    arity: 4,
    run(keyspace, [key = "", by = "", member = ""]) {
      const amount = parseFloat64(by);
      const score = (keyspace.members(key, "zset")?.get(member) ?? 0) + amount;
      if (Number.isNaN(score)) throw notANumber();
      keyspace.setMember(key, "zset", member, score);
      return scoreText(score);
    },
  },
  zrange: { arity: -4, run: (keyspace, args) => range(keyspace, args, { isGeneral: true }) },
  zrevrange: { arity: -4, run: (keyspace, args) => range(keyspace, args, { isReversed: true }) },
  zrangebyscore: { arity: -4, run: (keyspace, args) => range(keyspace, args, { by: "score" }) },
  zrevrangebyscore: { arity: -4, run: (keyspace, args) => range(keyspace, args, { by: "score", isReversed: true }) },
  zrangebylex: { arity: -4, run: (keyspace, args) => range(keyspace, args, { by: "lex" }) },
  zrevrangebylex: { arity: -4, run: (keyspace, args) => range(keyspace, args, { by: "lex", isReversed: true }) },
  zrangestore: {
    arity: -5,
    run(keyspace, [to = "", key = "", from = "", until = "", ...args]) {
      const pick = readRange(from, until, readRangeOptions(args, { isGeneral: true, mayHaveScores: false }));
      return store(keyspace, to, pick(sorted(keyspace, key)));
    },
  },
  zrank: { arity: 3, run: (keyspace, [key = "", member = ""]) => rank(sorted(keyspace, key), member) },
  zrevrank: { arity: 3, run: (keyspace, [key = "", member = ""]) => rank(sorted(keyspace, key).toReversed(), member) },
  zscore: { arity: 3, run: (keyspace, [key = "", member = ""]) => scoreOf(keyspace, key, member) },
  zmscore: {
    arity: -3,
    run: (keyspace, [key = "", ...members]) => members.map((member) => scoreOf(keyspace, key, member)),
  },
  zcard: { arity: 2, run: (keyspace, [key = ""]) => keyspace.members(key, "zset")?.size ?? 0 },
  zcount: {
    arity: 4,
    run(keyspace, [key = "", from = "", to = ""]) {
      const isWithin = scoreBounds(from, to);
      return sorted(keyspace, key).filter(isWithin).length;
    },
  },
  zlexcount: {
    arity: 4,
    run(keyspace, [key = "", from = "", to = ""]) {
      const isWithin = lexBounds(from, to);
      return sorted(keyspace, key).filter(isWithin).length;
    },
  },
  zrem: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      keyspace.members(key, "zset"); // WRONGTYPE comes before anything is removed.
      return countOf(members, (member) => keyspace.removeMember(key, member));
    },
  },
  zremrangebyscore: { arity: 4, run: (keyspace, args) => removeRange(keyspace, "score", args) },
  zremrangebylex: { arity: 4, run: (keyspace, args) => removeRange(keyspace, "lex", args) },
  zremrangebyrank: { arity: 4, run: (keyspace, args) => removeRange(keyspace, "index", args) },
  zpopmin: { arity: -2, run: (keyspace, args) => pop(keyspace, (all) => all, args) },
  zpopmax: { arity: -2, run: (keyspace, args) => pop(keyspace, (all) => all.toReversed(), args) },
  zmpop: { arity: -4, run: popOfMany },
  zrandmember: {
    arity: -2,
    run(keyspace, [key = "", count, withScores, ...rest]): Reply {
      const wanted = count === undefined ? 1 : parseIndex(count);
      if (rest.length > 0 || (withScores !== undefined && withScores.toUpperCase() !== "WITHSCORES")) throw syntaxError();
      const picked = randomOf(sorted(keyspace, key), wanted);
      return count === undefined ? (picked[0]?.member ?? null) : shown(picked, withScores !== undefined);
    },
  },
  zscan: {
    arity: -3,
    run(keyspace, [key = "", ...args]): Reply {
      const options = readScan(args, false);
      const members = keyspace.members(key, "zset") ?? new Map<Bytes, number>();
      const { next, found } = scan(members.keys(), options);
      return [next, found.flatMap((member) => [member, scoreText(members.get(member) ?? 0)])];
    },
  },
};

const notANumber = () => new CommandError("ERR resulting score is not a number (NaN)");

/** The members in order; of a missing key none. Throws WRONGTYPE. */
function sorted(keyspace: Keyspace, key: Bytes): Ranked[] {
  return inOrder(keyspace.members(key, "zset") ?? []);
}

/** Members, with their scores behind each if asked for. */
export const shown = (picked: Ranked[], withScores: boolean): Bytes[] =>
  withScores ? picked.flatMap(({ member, score }) => [member, scoreText(score)]) : picked.map(({ member }) => member);

/** Takes the place of whatever the key held; answers how many there are. */
export function store(keyspace: Keyspace, to: Bytes, members: Ranked[]): number {
  keyspace.replace(
    to,
    "zset",
    members.map(({ member, score }) => [member, score]),
  );
  return members.length;
}

function scoreOf(keyspace: Keyspace, key: Bytes, member: Bytes): Bytes | null {
  const score = keyspace.members(key, "zset")?.get(member);
  return score === undefined ? null : scoreText(score);
}

function rank(members: Ranked[], member: Bytes): number | null {
  const found = members.findIndex((one) => one.member === member);
  return found === -1 ? null : found;
}

function range(
  keyspace: Keyspace,
  [key = "", from = "", to = "", ...args]: Bytes[],
  fixed: { by?: RangeOptions["by"]; isReversed?: boolean; isGeneral?: boolean },
): Reply {
  const options = readRangeOptions(args, fixed);
  const pick = readRange(from, to, options);
  return shown(pick(sorted(keyspace, key)), options.withScores);
}

function removeRange(keyspace: Keyspace, by: RangeOptions["by"], [key = "", from = "", to = ""]: Bytes[]): number {
  const pick = readRange(from, to, { ...plain, by });
  return countOf(shown(pick(sorted(keyspace, key)), false), (member) => keyspace.removeMember(key, member));
}

function pop(keyspace: Keyspace, turned: Pick, [key = "", count, ...rest]: Bytes[]): Reply {
  if (rest.length > 0) throw syntaxError();
  const wanted = count === undefined ? 1 : parseCount(count);
  const picked = turned(sorted(keyspace, key)).slice(0, wanted);
  for (const { member } of picked) keyspace.removeMember(key, member);
  return shown(picked, true);
}

/** https://redis.io/docs/latest/commands/zmpop/ */
function popOfMany(keyspace: Keyspace, args: Bytes[]): Reply {
  const { keys, options } = readPopKeys(args);
  const [where = "", ...rest] = options;
  const end = where.toUpperCase();
  if (end !== "MIN" && end !== "MAX") throw syntaxError();
  const wanted = readPopCount(rest);
  const key = keys.find((candidate) => keyspace.members(candidate, "zset") !== null);
  if (key === undefined) return null;
  const all = sorted(keyspace, key);
  const picked = (end === "MIN" ? all : all.toReversed()).slice(0, wanted);
  for (const { member } of picked) keyspace.removeMember(key, member);
  return [key, picked.map((one) => shown([one], true))];
}

const ADD_OPTIONS = ["NX", "XX", "GT", "LT", "CH", "INCR"];

/** https://redis.io/docs/latest/commands/zadd/ */
function add(keyspace: Keyspace, [key = "", ...args]: Bytes[]): Reply {
  const found = args.findIndex((arg) => !ADD_OPTIONS.includes(arg.toUpperCase()));
  const start = found === -1 ? args.length : found;
  const options = new Set(args.slice(0, start).map((arg) => arg.toUpperCase()));
  checkAddOptions(options, args.length - start);
  const wanted = [...pairs(args, start)].map(([score, member]) => ({ score: parseFloat64(score), member }));

  keyspace.members(key, "zset"); // WRONGTYPE comes before anything is added.
  let added = 0;
  let updated = 0;
  let result: string | null = null;
  for (const { score, member } of wanted) {
    const before = keyspace.members(key, "zset")?.get(member);
    const after = options.has("INCR") ? (before ?? 0) + score : score;
    if (Number.isNaN(after)) throw notANumber();
    if (!mayAdd(options, before, after)) continue;
    if (before === undefined) added++;
    else if (before !== after) updated++;
    if (before !== after) keyspace.setMember(key, "zset", member, after);
    result = scoreText(after);
  }
  if (options.has("INCR")) return result;
  return options.has("CH") ? added + updated : added;
}

function checkAddOptions(options: Set<string>, rest: number): void {
  if (rest === 0 || rest % 2 !== 0) throw syntaxError();
  if (options.has("NX") && options.has("XX")) throw new CommandError("ERR XX and NX options at the same time are not compatible");
  if (["NX", "GT", "LT"].filter((name) => options.has(name)).length > 1)
    throw new CommandError("ERR GT, LT, and/or NX options at the same time are not compatible");
  if (options.has("INCR") && rest > 2) throw new CommandError("ERR INCR option supports a single increment-element pair");
}

function mayAdd(options: Set<string>, before: number | undefined, after: number): boolean {
  if (before === undefined) return !options.has("XX");
  if (options.has("NX")) return false;
  if (options.has("GT") && after <= before) return false;
  return !(options.has("LT") && after >= before);
}
