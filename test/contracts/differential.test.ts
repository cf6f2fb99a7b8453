import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { openStore, type StoreEngine } from "@carillon/worker/embedded/store";
import { CommandError } from "@carillon/worker/embedded/store/command";
import { afterEach, expect, test } from "vitest";
import { cleanup, folder, realClock } from "./harness.ts";
import { type AnyReply, hasRedis, realRedis } from "./real-redis.ts";

const COMMANDS = 6_000;
/** Their order is Redis's own business. */
const UNORDERED = ["HGETALL", "HKEYS", "HVALS", "SMEMBERS"];
/** They tell the time, which goes on between two questions. */
const TIMED: Record<string, number> = { TTL: 1, PTTL: 2_000 };

const clean = cleanup();
afterEach(clean.run);

test.skipIf(!hasRedis())(
  "the embedded store answers any sequence of commands as a real Redis does, also after a restart",
  async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    const pick = picker(seed);
    const redis = await realRedis(clean);
    const file = `${folder(clean)}/store.db`;
    let sql = openSql(file);
    let engine = openStore(sql, realClock);
    clean.after(() => sql.close());

    for (let n = 0; n < COMMANDS; n++) {
      const command = randomCommand(pick);
      const [theirs, ours] = [comparable(command, await redis(command)), comparable(command, answerOf(engine, command))];
      expect(near(command, ours, theirs), `seed ${seed}, command ${n}: ${JSON.stringify(command)}`).toEqual(theirs);
      if (n % 1_500 === 1_499) {
        await engine.settled();
        sql.close();
        sql = openSql(file);
        engine = openStore(sql, realClock);
      }
    }
  },
  30_000,
);

function answerOf(engine: StoreEngine, command: string[]): AnyReply {
  const answer = engine.execute(command);
  return answer instanceof CommandError ? { error: answer.message.trim() } : answer;
}

function comparable([name = ""]: string[], reply: AnyReply): AnyReply {
  if (reply !== null && typeof reply === "object" && "error" in reply) return { error: reply.error.trim() };
  return UNORDERED.includes(name) && Array.isArray(reply) ? reply.toSorted() : reply;
}

/** A time that differs by no more than it may counts as the same. */
function near([name = ""]: string[], ours: AnyReply, theirs: AnyReply): AnyReply {
  const tolerance = TIMED[name];
  const isNear =
    tolerance !== undefined && typeof ours === "number" && typeof theirs === "number" && ours >= 0 && Math.abs(ours - theirs) <= tolerance;
  return isNear ? theirs : ours;
}

type Picker = <T>(choices: readonly T[]) => T;

/** mulberry32: the same choices for the same seed. */
function picker(seed: number): Picker {
  let state = seed;
  return <T>(choices: readonly T[]): T => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return choices[((mixed ^ (mixed >>> 14)) >>> 0) % choices.length] as T;
  };
}

const KEYS = ["k1", "k2", "k3", "k4", "k5", "k6", "ключ"];
const FIELDS = ["a", "b", "c", "d", "é", "😀", "\uffee", ""];
const VALUES = ["", "x", "1", "-7", "007", "9223372036854775807", "1.5", " 1", "OK", "ü😀", "line\r\nline", "a\0b"];
const INTEGERS = [
  "0",
  "1",
  "-1",
  "3",
  "100",
  "-100",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "+1",
  "01",
  "1.0",
  "x",
  "",
];
const SCORES = ["0", "1", "-1", "2.5", "1e3", "inf", "-inf", "+inf", "nan", "x", ""];
const BOUNDS = [...SCORES, "(1", "(0", "(x", "-inf", "+inf"];
const INDEXES = ["0", "1", "-1", "2", "-2", "5", "-9", "x"];
/** Long enough in ms too: what ends while the two are asked one after the other would tell them apart by the clock. */
const SECONDS = ["100000", "200000", "300000", "0", "-1", "x", "9223372036854775807"];

/** Mostly well-formed, now and then with an argument too many or too few. */
function randomCommand(pick: Picker): string[] {
  const command = wellFormed(pick);
  const mishap = pick([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
  if (mishap === 1 && command.length > 1) return command.slice(0, -1);
  return mishap === 2 ? [...command, pick(FIELDS)] : command;
}

function wellFormed(pick: Picker): string[] {
  const key = pick(KEYS);
  const some = (choices: readonly string[], most = 3): string[] =>
    Array.from({ length: pick(Array.from({ length: most }, (_, n) => n + 1)) }, () => pick(choices));
  const maybe = (...args: string[]): string[] => (pick([true, false, false]) ? args : []);
  const name = pick(NAMES);
  switch (name) {
    case "SET":
      return [
        name,
        key,
        pick(VALUES),
        ...maybe(pick(["EX", "PX", "ex"]), pick(SECONDS)),
        ...maybe(pick(["NX", "XX"])),
        ...maybe(pick(["KEEPTTL", "GET", "NX", "WHAT"])),
      ];
    case "MGET":
    case "DEL":
    case "EXISTS":
      return [name, ...some(KEYS)];
    case "MSET":
      return [name, key, pick(VALUES), ...maybe(pick(KEYS), pick(VALUES))];
    case "INCRBY":
      return [name, key, pick(INTEGERS)];
    case "EXPIRE":
    case "PEXPIRE":
      return [name, key, pick(SECONDS), ...maybe(pick(["NX", "XX", "GT", "LT", "NO"])), ...maybe(pick(["GT", "XX"]))];
    case "HSET":
      return [name, key, ...Array.from({ length: pick([1, 2, 3]) }, () => [pick(FIELDS), pick(VALUES)]).flat()];
    case "HSETNX":
      return [name, key, pick(FIELDS), pick(VALUES)];
    case "HGET":
    case "HEXISTS":
    case "SISMEMBER":
    case "ZSCORE":
      return [name, key, pick(FIELDS)];
    case "HMGET":
    case "HDEL":
    case "SADD":
    case "SREM":
    case "ZREM":
      return [name, key, ...some(FIELDS)];
    case "HINCRBY":
      return [name, key, pick(FIELDS), pick(INTEGERS)];
    case "ZADD":
      return [
        name,
        key,
        ...maybe(pick(["NX", "XX", "gt", "LT"])),
        ...maybe(pick(["CH", "INCR", "GT"])),
        pick(SCORES),
        pick(FIELDS),
        ...maybe(pick(SCORES), pick(FIELDS)),
      ];
    case "ZRANGE":
      return pick([true, false])
        ? [name, key, pick(INDEXES), pick(INDEXES), ...maybe("REV"), ...maybe("WITHSCORES"), ...maybe("LIMIT", "0", "1")]
        : [
            name,
            key,
            pick(BOUNDS),
            pick(BOUNDS),
            "BYSCORE",
            ...maybe("REV"),
            ...maybe("LIMIT", pick(INDEXES), pick(INDEXES)),
            ...maybe("WITHSCORES"),
          ];
    case "ZRANGEBYSCORE":
      return [
        name,
        key,
        pick(BOUNDS),
        pick(BOUNDS),
        ...maybe("LIMIT", pick(INDEXES), pick(INDEXES)),
        ...maybe("WITHSCORES"),
        ...maybe("REV"),
      ];
    case "ZREMRANGEBYSCORE":
      return [name, key, pick(BOUNDS), pick(BOUNDS)];
    case "PING":
      return [name, ...maybe("hello")];
    case "ECHO":
      return [name, pick(VALUES)];
    case "DBSIZE":
      return [name];
    case "NOSUCHCOMMAND":
      return [name, ...some(FIELDS, 4)];
    default:
      return [name, key];
  }
}

const NAMES = [
  "GET SET GETDEL MGET MSET DEL EXISTS INCR INCRBY EXPIRE PEXPIRE TTL PTTL PERSIST TYPE",
  "HGET HSET HSETNX HMGET HGETALL HDEL HLEN HEXISTS HINCRBY HKEYS HVALS",
  "SADD SREM SMEMBERS SISMEMBER SCARD",
  "ZADD ZADD ZADD ZRANGE ZRANGEBYSCORE ZREM ZSCORE ZCARD ZREMRANGEBYSCORE",
  "PING ECHO DBSIZE NOSUCHCOMMAND",
].flatMap((family) => family.split(" "));
