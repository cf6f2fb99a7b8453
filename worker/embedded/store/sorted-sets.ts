import type { Reply } from "../../ports.ts";
import type { Keyspace } from "./keyspace.ts";
import { CommandError, type Commands, countOf, pairs, parseFloat64, parseInteger, syntaxError } from "./command.ts";

export const SORTED_SETS: Commands = {
  zadd: { arity: -4, run: add },
  zrange: {
    arity: -4,
    run: (keyspace, [key = "", from = "", to = "", ...options]) => range(keyspace, key, [from, to], readRangeOptions(options, true)),
  },
  zrangebyscore: {
    arity: -4,
    run: (keyspace, [key = "", from = "", to = "", ...options]) =>
      range(keyspace, key, [from, to], { ...readRangeOptions(options, false), isByScore: true }),
  },
  zrem: {
    arity: -3,
    run(keyspace, [key = "", ...members]) {
      keyspace.members(key, "zset"); // WRONGTYPE comes before anything is removed.
      return countOf(members, (member) => keyspace.removeMember(key, member));
    },
  },
  zremrangebyscore: {
    arity: 4,
    run(keyspace, [key = "", from = "", to = ""]) {
      const isWithin = scoreBounds(from, to);
      const members = [...(keyspace.members(key, "zset") ?? [])].filter(([, score]) => isWithin(score));
      return countOf(
        members.map(([member]) => member),
        (member) => keyspace.removeMember(key, member),
      );
    },
  },
  zscore: {
    arity: 3,
    run(keyspace, [key = "", member = ""]) {
      const score = keyspace.members(key, "zset")?.get(member);
      return score === undefined ? null : scoreText(score);
    },
  },
  zcard: { arity: 2, run: (keyspace, [key = ""]) => keyspace.members(key, "zset")?.size ?? 0 },
};

const ADD_OPTIONS = ["NX", "XX", "GT", "LT", "CH", "INCR"];

/** https://redis.io/docs/latest/commands/zadd/ */
function add(keyspace: Keyspace, [key = "", ...args]: string[]): Reply {
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
    if (Number.isNaN(after)) throw new CommandError("ERR resulting score is not a number (NaN)");
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

type RangeOptions = { isByScore: boolean; isReversed: boolean; withScores: boolean; limit: { offset: number; count: number } | null };

/** `isGeneral`: ZRANGE, which also knows BYSCORE and REV. */
function readRangeOptions(args: string[], isGeneral: boolean): RangeOptions {
  const options: RangeOptions = { isByScore: false, isReversed: false, withScores: false, limit: null };
  for (let at = 0; at < args.length; at++) {
    const name = (args[at] ?? "").toUpperCase();
    if (name === "WITHSCORES") options.withScores = true;
    else if (name === "LIMIT" && at + 2 < args.length) {
      options.limit = { offset: Number(parseInteger(args[at + 1] ?? "")), count: Number(parseInteger(args[at + 2] ?? "")) };
      at += 2;
    } else if (isGeneral && name === "BYSCORE") options.isByScore = true;
    else if (isGeneral && name === "REV") options.isReversed = true;
    else throw syntaxError();
  }
  if (isGeneral && options.limit && !options.isByScore) {
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  }
  return options;
}

/** https://redis.io/docs/latest/commands/zrange/ ; a reversed range by score names the higher bound first. */
function range(keyspace: Keyspace, key: string, [from, to]: [string, string], options: RangeOptions): Reply {
  const pick = options.isByScore ? byScore(from, to, options) : byIndex(from, to);
  const members = keyspace.members(key, "zset");
  if (!members) return [];
  const sorted = inOrder(members);
  const picked = pick(options.isReversed ? sorted.toReversed() : sorted);
  return options.withScores ? picked.flatMap(({ member, score }) => [member, scoreText(score)]) : picked.map(({ member }) => member);
}

type Ranked = { member: string; score: number };
type Pick = (sorted: Ranked[]) => Ranked[];

function byIndex(from: string, to: string): Pick {
  const [first, last] = [Number(parseInteger(from)), Number(parseInteger(to))];
  return (sorted) => {
    const start = Math.max(first < 0 ? first + sorted.length : first, 0);
    const end = last < 0 ? last + sorted.length : last;
    return sorted.slice(start, Math.max(end + 1, 0));
  };
}

function byScore(from: string, to: string, { isReversed, limit }: RangeOptions): Pick {
  const isWithin = isReversed ? scoreBounds(to, from) : scoreBounds(from, to);
  return (sorted) => {
    const within = sorted.filter(({ score }) => isWithin(score));
    if (!limit) return within;
    if (limit.offset < 0) return [];
    return limit.count < 0 ? within.slice(limit.offset) : within.slice(limit.offset, limit.offset + limit.count);
  };
}

/** `(5` excludes 5; `-inf` and `+inf` are open ends. */
function scoreBounds(low: string, high: string): (score: number) => boolean {
  const [min, max] = [readBound(low), readBound(high)];
  return (score) => (min.isOpen ? score > min.at : score >= min.at) && (max.isOpen ? score < max.at : score <= max.at);
}

/** Redis takes a bound without a figure for 0. */
function readBound(text: string): { at: number; isOpen: boolean } {
  const isOpen = text.startsWith("(");
  const figure = (isOpen ? text.slice(1) : text) || "0";
  return { at: parseFloat64(figure, () => new CommandError("ERR min or max is not a float")), isOpen };
}

function inOrder(members: ReadonlyMap<string, number>): Ranked[] {
  return [...members]
    .map(([member, score]) => ({ member, score }))
    .sort((one, other) => one.score - other.score || compareBytes(one.member, other.member));
}

/** Redis compares bytes; UTF-16 order differs from it above U+FFFF only. */
function compareBytes(one: string, other: string): number {
  if (one === other) return 0;
  for (let at = 0; at < one.length && at < other.length; at++) {
    const [left, right] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (left === right) continue;
    const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
    if (isSurrogate(left) !== isSurrogate(right)) return isSurrogate(left) ? 1 : -1;
    return left - right;
  }
  return one.length - other.length;
}

/** Infinities as Redis writes them, every other score in the shortest form that reads back to it. */
function scoreText(score: number): string {
  if (score === Infinity) return "inf";
  return score === -Infinity ? "-inf" : Object.is(score, -0) ? "-0" : String(score);
}
