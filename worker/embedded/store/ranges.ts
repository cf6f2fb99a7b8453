import type { Bytes } from "./bytes.ts";
import { CommandError, parseFloat64, parseIndex, slice, syntaxError } from "./command.ts";

export type Ranked = { member: Bytes; score: number };
/** Takes a part of what is in order already; in reverse order if the range is a reversed one. */
export type Pick = (sorted: Ranked[]) => Ranked[];
export type By = "index" | "score" | "lex";
export type RangeOptions = { by: By; isReversed: boolean; withScores: boolean; limit: { offset: number; count: number } | null };

/** `isGeneral`: ZRANGE and ZRANGESTORE, whose options also say what kind of range it is. */
export function readRangeOptions(
  args: Bytes[],
  fixed: { by?: By; isReversed?: boolean; isGeneral?: boolean; mayHaveScores?: boolean },
): RangeOptions {
  const { isGeneral = false, mayHaveScores = true } = fixed;
  const options: RangeOptions = { by: fixed.by ?? "index", isReversed: fixed.isReversed ?? false, withScores: false, limit: null };
  for (let at = 0; at < args.length; at++) {
    const name = (args[at] ?? "").toUpperCase();
    if (mayHaveScores && name === "WITHSCORES") options.withScores = true;
    else if (name === "LIMIT" && at + 2 < args.length) {
      options.limit = { offset: parseIndex(args[at + 1] ?? ""), count: parseIndex(args[at + 2] ?? "") };
      at += 2;
    } else if (isGeneral && name === "REV") options.isReversed = true;
    else if (isGeneral && name === "BYSCORE") options.by = "score";
    else if (isGeneral && name === "BYLEX") options.by = "lex";
    else throw syntaxError();
  }
  if (options.limit && options.limit.count !== -1 && options.by === "index")
    throw new CommandError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
  if (options.withScores && options.by === "lex")
    throw new CommandError("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
  return options;
}

/** https://redis.io/docs/latest/commands/zrange/ ; a reversed range by score or by name says the higher bound first. */
export function readRange(from: Bytes, to: Bytes, { by, isReversed, limit }: Omit<RangeOptions, "withScores">): Pick {
  const turned: Pick = (sorted) => (isReversed ? sorted.toReversed() : sorted);
  if (by === "index") {
    const [first, last] = [parseIndex(from), parseIndex(to)];
    return (sorted) => slice(turned(sorted), first, last);
  }
  const [low, high] = isReversed ? [to, from] : [from, to];
  const isWithin = by === "score" ? scoreBounds(low, high) : lexBounds(low, high);
  return (sorted) => {
    const within = turned(sorted.filter(isWithin));
    if (!limit) return within;
    if (limit.offset < 0) return [];
    return limit.count < 0 ? within.slice(limit.offset) : within.slice(limit.offset, limit.offset + limit.count);
  };
}

/** `(5` excludes 5; `-inf` and `+inf` are open ends. */
export function scoreBounds(low: Bytes, high: Bytes): (one: Ranked) => boolean {
  const [min, max] = [readBound(low), readBound(high)];
  return ({ score }) => (min.isOpen ? score > min.at : score >= min.at) && (max.isOpen ? score < max.at : score <= max.at);
}

/** Redis takes a bound without a figure for 0. */
function readBound(text: Bytes): { at: number; isOpen: boolean } {
  const isOpen = text.startsWith("(");
  const figure = (isOpen ? text.slice(1) : text) || "0";
  return { at: parseFloat64(figure, () => new CommandError("ERR min or max is not a float")), isOpen };
}

/** `[a` includes a, `(a` excludes it; `-` and `+` are open ends. */
export function lexBounds(low: Bytes, high: Bytes): (one: Ranked) => boolean {
  const [isAbove, isBelow] = [readLexBound(low, "low"), readLexBound(high, "high")];
  return ({ member }) => isAbove(member) && isBelow(member);
}

function readLexBound(text: Bytes, side: "low" | "high"): (member: Bytes) => boolean {
  if (text === "-") return () => side === "low";
  if (text === "+") return () => side === "high";
  const name = text.slice(1);
  if (text.startsWith("[")) return side === "low" ? (member) => member >= name : (member) => member <= name;
  if (text.startsWith("(")) return side === "low" ? (member) => member > name : (member) => member < name;
  throw new CommandError("ERR min or max not valid string range item");
}

/** By score, then by bytes. */
export function inOrder(members: Iterable<[Bytes, number]>): Ranked[] {
  return Array.from(members, ([member, score]) => ({ member, score })).sort(
    (one, other) => one.score - other.score || (one.member < other.member ? -1 : 1),
  );
}

/** Infinities as Redis writes them, every other score in the shortest form that reads back to it. */
export function scoreText(score: number): string {
  if (score === Infinity) return "inf";
  return score === -Infinity ? "-inf" : Object.is(score, -0) ? "-0" : String(score);
}
