import type { Reply } from "../../ports.ts";
import type { Bytes } from "./bytes.ts";
import { CommandError, type Commands, parseFloat64, readKeys, syntaxError } from "./command.ts";
import type { Keyspace } from "./keyspace.ts";
import { inOrder, type Ranked } from "./ranges.ts";
import { readLimit } from "./sets.ts";
import { shown, store } from "./sorted-sets.ts";

type Scores = ReadonlyMap<Bytes, number>;
type Aggregate = (one: number, other: number) => number;
type Options = { weights: number[]; aggregate: Aggregate; withScores: boolean };
/** What is made of several sets, the first of which leads. */
type Operation = (sources: Scores[], options: Options) => Map<Bytes, number>;

/** https://redis.io/docs/latest/commands/zunion/ and its kin; a plain set counts as one whose scores are all 1. */
export const SORTED_SET_ALGEBRA: Commands = {
  zunion: { arity: -3, run: (keyspace, args) => answer(keyspace, "zunion", union, args) },
  zinter: { arity: -3, run: (keyspace, args) => answer(keyspace, "zinter", inter, args) },
  zdiff: { arity: -3, run: (keyspace, args) => answer(keyspace, "zdiff", diff, args) },
  zunionstore: { arity: -4, run: (keyspace, args) => answerStored(keyspace, "zunionstore", union, args) },
  zinterstore: { arity: -4, run: (keyspace, args) => answerStored(keyspace, "zinterstore", inter, args) },
  zdiffstore: { arity: -4, run: (keyspace, args) => answerStored(keyspace, "zdiffstore", diff, args) },
  zintercard: {
    arity: -3,
    run(keyspace, args) {
      const { sources, options } = readSources(keyspace, "zintercard", args);
      const limit = readLimit(options);
      const { size } = inter(sources, { weights: [], aggregate: sum, withScores: false });
      return limit === 0 ? size : Math.min(size, limit);
    },
  },
};

/** Infinity and its opposite make 0. */
const sum: Aggregate = (one, other) => orZero(one + other);
const orZero = (score: number) => (Number.isNaN(score) ? 0 : score);
const AGGREGATES: Record<string, Aggregate> = { SUM: sum, MIN: Math.min, MAX: Math.max };

function answer(keyspace: Keyspace, name: string, operation: Operation, args: Bytes[]): Reply {
  const { members, withScores } = compute(keyspace, name, operation, args);
  return shown(members, withScores);
}

function answerStored(keyspace: Keyspace, name: string, operation: Operation, [to = "", ...args]: Bytes[]): number {
  return store(keyspace, to, compute(keyspace, name, operation, args).members);
}

function compute(keyspace: Keyspace, name: string, operation: Operation, args: Bytes[]): { members: Ranked[]; withScores: boolean } {
  const { sources, options } = readSources(keyspace, name, args);
  const read = readOptions(options, sources.length, { isWeighted: operation !== diff, mayHaveScores: !name.endsWith("store") });
  return { members: inOrder(operation(sources, read)), withScores: read.withScores };
}

function readSources(keyspace: Keyspace, name: string, args: Bytes[]): { sources: Scores[]; options: Bytes[] } {
  const tooFew = () => new CommandError(`ERR at least 1 input key is needed for '${name}' command`);
  const { keys, options } = readKeys(args, { tooFew });
  const sources = keys.map((key): Scores => {
    if (keyspace.kindOf(key) !== "set") return keyspace.members(key, "zset") ?? new Map();
    return new Map(Array.from(keyspace.members(key, "set")?.keys() ?? [], (member) => [member, 1]));
  });
  return { sources, options };
}

function readOptions(
  args: Bytes[],
  count: number,
  { isWeighted, mayHaveScores }: { isWeighted: boolean; mayHaveScores: boolean },
): Options {
  const options: Options = { weights: [], aggregate: sum, withScores: false };
  for (let at = 0; at < args.length;) {
    const name = (args[at] ?? "").toUpperCase();
    if (isWeighted && name === "WEIGHTS" && args.length - at > count) {
      const weights = args.slice(at + 1, at + 1 + count);
      options.weights = weights.map((weight) => parseFloat64(weight, () => new CommandError("ERR weight value is not a float")));
      at += count + 1;
    } else if (isWeighted && name === "AGGREGATE" && at + 1 < args.length) {
      const aggregate = AGGREGATES[(args[at + 1] ?? "").toUpperCase()];
      if (!aggregate) throw syntaxError();
      options.aggregate = aggregate;
      at += 2;
    } else if (mayHaveScores && name === "WITHSCORES") {
      options.withScores = true;
      at++;
    } else throw syntaxError();
  }
  return options;
}

const weighted = (source: Scores, weight = 1): [Bytes, number][] =>
  Array.from(source, ([member, score]) => [member, weight === 1 ? score : orZero(score * weight)]);

function union(sources: Scores[], { weights, aggregate }: Options): Map<Bytes, number> {
  const result = new Map<Bytes, number>();
  sources.forEach((source, index) => {
    for (const [member, score] of weighted(source, weights[index])) {
      const before = result.get(member);
      result.set(member, before === undefined ? score : aggregate(before, score));
    }
  });
  return result;
}

function inter(sources: Scores[], options: Options): Map<Bytes, number> {
  const all = union(sources, options);
  return new Map([...all].filter(([member]) => sources.every((source) => source.has(member))));
}

function diff([first = new Map(), ...rest]: Scores[]): Map<Bytes, number> {
  return new Map([...first].filter(([member]) => !rest.some((source) => source.has(member))));
}
