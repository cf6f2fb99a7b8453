import { toBytes } from "@carillon/worker/embedded/store/bytes";

export type Picker = <T>(choices: readonly T[]) => T;

/** mulberry32: the same choices for the same seed. */
export function picker(seed: number): Picker {
  let state = seed;
  return <T>(choices: readonly T[]): T => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return choices[((mixed ^ (mixed >>> 14)) >>> 0) % choices.length] as T;
  };
}

const KEYS = ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "ключ"].map(toBytes);
/** Sorted sets whose scores are all 0: ranges by name mean nothing in others. */
const NAME_KEYS = ["z1", "z2"];
/** The last ones are no valid UTF-8. */
const FIELDS = [...["a", "b", "c", "d", "é", "😀", "\uffee", ""].map(toBytes), "\xff", "a\xc3"];
const VALUES = [
  ...["", "x", "1", "-7", "007", "9223372036854775807", "1.5", " 1", "OK", "ü😀", "line\r\nline", "a\0b"].map(toBytes),
  "\xfe\xff",
];
const INTEGERS = "0 1 -1 3 100 -100 9223372036854775807 -9223372036854775808 9223372036854775808 +1 01 1.0 x".split(" ").concat("");
const FLOATS = "0.1 0.2 -0.3 1.5 2 1e2 -1e-3 x inf 1.7.1".split(" ").concat("");
const SCORES = "0 1 -1 2.5 1e3 inf -inf +inf nan x".split(" ").concat("");
const BOUNDS = [...SCORES, "(1", "(0", "(x"];
const NAME_BOUNDS = ["-", "+", "[a", "(a", "[b", "(c", toBytes("[é"), "(", "[", "x"];
const INDEXES = ["0", "1", "-1", "2", "-2", "5", "-9", "x"];
const BIT_OFFSETS = ["0", "1", "7", "8", "13", "100", "-1", "x", "4294967296"];
const BIT_UNITS = ["BIT", "byte", "WORD"];
const COUNTS = ["0", "1", "2", "5", "-1", "x"];
/** Long enough in ms too: what ends while the two are asked one after the other would tell them apart by the clock. */
const SECONDS = ["100000", "200000", "300000", "0", "-1", "x", "9223372036854775807"];
const INSTANTS = ["99999999999", "88888888888", "1", "0", "-1", "x"];
const PATTERN_PARTS = [..."kkkz123**?[]^-\\"];
const PATTERNS = ["*", "k?", "k[1-3]", "k[^1-3]", "[kк]*", "*3", "k\\1", "k*[", "", toBytes("кл*"), "k[3-1]"];

/** A command in bytes, mostly well-formed, now and then with an argument too many or too few. */
export function randomCommand(pick: Picker): string[] {
  const name = pick(NAMES);
  const command = [name, ...(ARGUMENTS[name] ?? ARGUMENTS.KEY!)(pick)];
  const mishap = pick([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
  if (mishap === 1 && command.length > 1) return command.slice(0, -1);
  return mishap === 2 ? [...command, pick(FIELDS)] : command;
}

type Arguments = (pick: Picker) => string[];

const upTo = (pick: Picker, most: number): number => pick(Array.from({ length: most }, (_, n) => n + 1));
const some = (pick: Picker, choices: readonly string[], most = 3): string[] =>
  Array.from({ length: upTo(pick, most) }, () => pick(choices));
const maybe = (pick: Picker, ...args: string[]): string[] => (pick([true, false, false]) ? args : []);

const key: Arguments = (pick) => [pick(KEYS)];
const keys: Arguments = (pick) => some(pick, KEYS);
const twoKeys: Arguments = (pick) => [pick(KEYS), pick(KEYS)];
const keyAnd =
  (...choices: (readonly string[])[]): Arguments =>
  (pick) => [pick(KEYS), ...choices.map(pick)];
const keyAndSome =
  (choices: readonly string[]): Arguments =>
  (pick) => [pick(KEYS), ...some(pick, choices)];
const expiry =
  (times: readonly string[]): Arguments =>
  (pick) => [pick(KEYS), pick(times), ...maybe(pick, pick(["NX", "XX", "GT", "LT", "NO"])), ...maybe(pick, pick(["GT", "XX"]))];
const fieldsAndValues: Arguments = (pick) => [
  pick(KEYS),
  ...Array.from({ length: upTo(pick, 3) }, () => [pick(FIELDS), pick(VALUES)]).flat(),
];
const range =
  (bounds: readonly string[], mayHaveScores = true): Arguments =>
  (pick) => [
    pick(bounds === NAME_BOUNDS ? NAME_KEYS : KEYS),
    pick(bounds),
    pick(bounds),
    ...maybe(pick, "LIMIT", pick(INDEXES), pick(INDEXES)),
    ...(mayHaveScores ? maybe(pick, "WITHSCORES") : []),
    ...(pick([0, 0, 0, 0, 0, 1]) ? ["REV"] : []),
  ];
const generalRange =
  (mayHaveScores: boolean): Arguments =>
  (pick) => {
    const by = pick(["", "BYSCORE", "BYLEX"]);
    const bounds = by === "" ? INDEXES : by === "BYSCORE" ? BOUNDS : NAME_BOUNDS;
    return [
      pick(by === "BYLEX" ? NAME_KEYS : KEYS),
      pick(bounds),
      pick(bounds),
      ...(by === "" ? [] : [by]),
      ...maybe(pick, "REV"),
      ...maybe(pick, "LIMIT", pick(INDEXES), pick(INDEXES)),
      ...(mayHaveScores ? maybe(pick, "WITHSCORES") : []),
    ];
  };
const counted: Arguments = (pick) => {
  const names = some(pick, KEYS);
  return [pick([String(names.length), String(names.length), String(names.length), "0", "x", "9"]), ...names];
};
const algebra =
  (isWeighted: boolean, mayHaveScores: boolean): Arguments =>
  (pick) => {
    const [count = "", ...names] = counted(pick);
    return [
      count,
      ...names,
      ...(isWeighted ? maybe(pick, "WEIGHTS", ...names.map(() => pick(["1", "2", "-1", "0.5", "x"]))) : []),
      ...(isWeighted ? maybe(pick, "AGGREGATE", pick(["SUM", "MIN", "max", "AVG"])) : []),
      ...(mayHaveScores ? maybe(pick, "WITHSCORES") : []),
    ];
  };
const withTarget =
  (rest: Arguments): Arguments =>
  (pick) => [pick(KEYS), ...rest(pick)];
const scored: Arguments = (pick) => [
  pick(KEYS),
  ...maybe(pick, pick(["NX", "XX", "gt", "LT"])),
  ...maybe(pick, pick(["CH", "INCR", "GT"])),
  pick(SCORES),
  pick(FIELDS),
  ...maybe(pick, pick(SCORES), pick(FIELDS)),
];
const ends = ["LEFT", "RIGHT", "left", "MIDDLE"];
const popping: Arguments = (pick) => [pick(KEYS), ...maybe(pick, pick(COUNTS))];

/** What stands behind a command's name; a key where it is not said. */
const ARGUMENTS: Record<string, Arguments> = {
  KEY: key,
  SET: (pick) => [
    pick(KEYS),
    pick(VALUES),
    ...maybe(pick, pick(["EX", "PX", "ex"]), pick(SECONDS)),
    ...maybe(pick, "EXAT", pick(["99999999999", "x", "-1"])),
    ...maybe(pick, "PXAT", pick(["9999999999999", "x", "-1"])),
    ...maybe(pick, pick(["NX", "XX"])),
    ...maybe(pick, pick(["KEEPTTL", "GET", "NX", "WHAT"])),
  ],
  SETNX: keyAnd(VALUES),
  SETEX: keyAnd(SECONDS, VALUES),
  PSETEX: keyAnd(SECONDS, VALUES),
  GETSET: keyAnd(VALUES),
  GETEX: (pick) => [
    pick(KEYS),
    ...maybe(pick, pick(["EX", "PX"]), pick(SECONDS)),
    ...maybe(pick, pick(["EXAT", "PXAT"]), pick(INSTANTS)),
    ...maybe(pick, pick(["PERSIST", "KEEPTTL"])),
  ],
  MGET: keys,
  MSET: (pick) => [pick(KEYS), pick(VALUES), ...maybe(pick, pick(KEYS), pick(VALUES))],
  MSETNX: (pick) => [pick(KEYS), pick(VALUES), ...maybe(pick, pick(KEYS), pick(VALUES))],
  APPEND: keyAnd(VALUES),
  GETRANGE: keyAnd(INDEXES, INDEXES),
  SUBSTR: keyAnd(INDEXES, INDEXES),
  SETRANGE: keyAnd(["0", "1", "7", "-1", "x", "536870912"], VALUES),
  GETBIT: keyAnd(BIT_OFFSETS),
  SETBIT: keyAnd(BIT_OFFSETS, ["0", "1", "1", "2", "x"]),
  BITCOUNT: (pick) => [pick(KEYS), ...maybe(pick, pick(INDEXES), pick(INDEXES), ...maybe(pick, pick(BIT_UNITS)))],
  BITPOS: (pick) => [
    pick(KEYS),
    pick(["0", "1", "2", "x"]),
    ...maybe(pick, pick(INDEXES), ...maybe(pick, pick(INDEXES), ...maybe(pick, pick(BIT_UNITS)))),
  ],
  BITOP: (pick) => [pick(["AND", "or", "XOR", "NOT", "NAND"]), pick(KEYS), ...some(pick, KEYS)],
  INCRBY: keyAnd(INTEGERS),
  DECRBY: keyAnd(INTEGERS),
  INCRBYFLOAT: keyAnd(FLOATS),
  DEL: keys,
  UNLINK: keys,
  EXISTS: keys,
  TOUCH: keys,
  EXPIRE: expiry(SECONDS),
  PEXPIRE: expiry(SECONDS),
  EXPIREAT: expiry(INSTANTS),
  PEXPIREAT: expiry(INSTANTS.map((instant) => (instant.length > 5 ? `${instant}000` : instant))),
  RENAME: twoKeys,
  RENAMENX: twoKeys,
  COPY: (pick) => [pick(KEYS), pick(KEYS), ...maybe(pick, "REPLACE"), ...maybe(pick, pick(["DB", "WHAT"]), pick(["0", "x"]))],
  RANDOMKEY: () => [],
  KEYS: (pick) => [pick([true, false]) ? pick(PATTERNS) : Array.from({ length: upTo(pick, 6) }, () => pick(PATTERN_PARTS)).join("")],
  HSET: fieldsAndValues,
  HMSET: fieldsAndValues,
  HSETNX: keyAnd(FIELDS, VALUES),
  HGET: keyAnd(FIELDS),
  HEXISTS: keyAnd(FIELDS),
  HSTRLEN: keyAnd(FIELDS),
  HMGET: keyAndSome(FIELDS),
  HDEL: keyAndSome(FIELDS),
  HINCRBY: keyAnd(FIELDS, INTEGERS),
  HINCRBYFLOAT: keyAnd(FIELDS, FLOATS),
  HRANDFIELD: (pick) => [pick(KEYS), ...maybe(pick, pick(COUNTS), ...maybe(pick, pick(["WITHVALUES", "WHAT"])))],
  SADD: keyAndSome(FIELDS),
  SREM: keyAndSome(FIELDS),
  SISMEMBER: keyAnd(FIELDS),
  SMISMEMBER: keyAndSome(FIELDS),
  SMOVE: (pick) => [...twoKeys(pick), pick(FIELDS)],
  SRANDMEMBER: popping,
  SINTER: keys,
  SUNION: keys,
  SDIFF: keys,
  SINTERSTORE: withTarget(keys),
  SUNIONSTORE: withTarget(keys),
  SDIFFSTORE: withTarget(keys),
  SINTERCARD: (pick) => [...counted(pick), ...maybe(pick, "LIMIT", pick(COUNTS))],
  ZADD: (pick) => (pick([true, false, false]) ? [pick(NAME_KEYS), "0", pick(FIELDS), ...maybe(pick, "0", pick(FIELDS))] : scored(pick)),
  ZINCRBY: keyAnd(SCORES, FIELDS),
  ZRANGE: generalRange(true),
  ZRANGESTORE: withTarget(generalRange(false)),
  ZREVRANGE: range(INDEXES),
  ZRANGEBYSCORE: range(BOUNDS),
  ZREVRANGEBYSCORE: range(BOUNDS),
  ZRANGEBYLEX: range(NAME_BOUNDS, false),
  ZREVRANGEBYLEX: range(NAME_BOUNDS, false),
  ZRANK: keyAnd(FIELDS),
  ZREVRANK: keyAnd(FIELDS),
  ZSCORE: keyAnd(FIELDS),
  ZMSCORE: keyAndSome(FIELDS),
  ZCOUNT: keyAnd(BOUNDS, BOUNDS),
  ZLEXCOUNT: (pick) => [pick(NAME_KEYS), pick(NAME_BOUNDS), pick(NAME_BOUNDS)],
  ZREM: keyAndSome(FIELDS),
  ZREMRANGEBYSCORE: keyAnd(BOUNDS, BOUNDS),
  ZREMRANGEBYLEX: (pick) => [pick(NAME_KEYS), pick(NAME_BOUNDS), pick(NAME_BOUNDS)],
  ZREMRANGEBYRANK: keyAnd(INDEXES, INDEXES),
  ZPOPMIN: popping,
  ZPOPMAX: popping,
  ZMPOP: (pick) => [...counted(pick), pick(["MIN", "max", "MIDDLE"]), ...maybe(pick, "COUNT", pick(COUNTS))],
  ZRANDMEMBER: (pick) => [pick(KEYS), ...maybe(pick, pick(COUNTS), ...maybe(pick, pick(["WITHSCORES", "WHAT"])))],
  ZUNION: algebra(true, true),
  ZINTER: algebra(true, true),
  ZDIFF: algebra(false, true),
  ZUNIONSTORE: withTarget(algebra(true, false)),
  ZINTERSTORE: withTarget(algebra(true, false)),
  ZDIFFSTORE: withTarget(algebra(false, false)),
  ZINTERCARD: (pick) => [...counted(pick), ...maybe(pick, "LIMIT", pick(COUNTS))],
  LPUSH: keyAndSome(VALUES),
  RPUSH: keyAndSome(VALUES),
  LPUSHX: keyAndSome(VALUES),
  RPUSHX: keyAndSome(VALUES),
  LPOP: popping,
  RPOP: popping,
  LRANGE: keyAnd(INDEXES, INDEXES),
  LINDEX: keyAnd(INDEXES),
  LSET: keyAnd(INDEXES, VALUES),
  LINSERT: keyAnd(["BEFORE", "after", "WHERE"], VALUES, VALUES),
  LREM: keyAnd(INDEXES, VALUES),
  LTRIM: keyAnd(INDEXES, INDEXES),
  LPOS: (pick) => [
    pick(KEYS),
    pick(VALUES),
    ...maybe(pick, "RANK", pick(["1", "2", "-1", "0", "x"])),
    ...maybe(pick, "COUNT", pick(COUNTS)),
    ...maybe(pick, pick(["MAXLEN", "WHAT"]), pick(COUNTS)),
  ],
  LMOVE: (pick) => [...twoKeys(pick), pick(ends), pick(ends)],
  RPOPLPUSH: twoKeys,
  LMPOP: (pick) => [...counted(pick), pick(ends), ...maybe(pick, "COUNT", pick(COUNTS))],
  PING: (pick) => maybe(pick, "hello"),
  ECHO: (pick) => [pick(VALUES)],
  DBSIZE: () => [],
  NOSUCHCOMMAND: (pick) => some(pick, FIELDS, 4),
};

/** Those that fill a key are named more often, so that there is something to ask for. */
const NAMES = [
  ...Object.keys(ARGUMENTS).filter((name) => name !== "KEY"),
  ..."GET GETDEL STRLEN INCR DECR TTL PTTL EXPIRETIME PEXPIRETIME PERSIST TYPE HGETALL HKEYS HVALS HLEN SMEMBERS SCARD ZCARD LLEN".split(
    " ",
  ),
  ..."SET SET HSET HSET SADD SADD SADD ZADD ZADD ZADD ZADD RPUSH RPUSH LPUSH".split(" "),
];
