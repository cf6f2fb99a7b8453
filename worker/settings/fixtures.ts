import type { Clock, Command, Reply, Store } from "../ports.ts";

/** A clock that stands still until a test moves it. */
export function fixedClock(start = Date.parse("2026-11-23T12:00:00Z")): Clock & { pass(ms: number): void } {
  let now = start;
  return { now: () => now, pass: (ms) => void (now += ms) };
}

type Value = string | Map<string, string> | Set<string>;

/** Redis's commands that settings and access use, in memory, counting round trips and commands. `isAway` makes it unreachable. */
export function memoryStore(clock: Clock): Store & { trips: number; commands: Command[]; isAway: Error | null; keys(): string[] } {
  const values = new Map<string, { value: Value; expiresAt: number }>();

  const live = (key: string): Value | undefined => {
    const entry = values.get(key);
    if (entry && entry.expiresAt > clock.now()) return entry.value;
    values.delete(key);
    return undefined;
  };
  const put = <Kind extends Value>(key: string, value: Kind, seconds = Infinity): Kind => {
    values.set(key, { value, expiresAt: clock.now() + seconds * 1_000 });
    return value;
  };
  const hash = (key: string): Map<string, string> => (live(key) as Map<string, string> | undefined) ?? put(key, new Map<string, string>());
  const set = (key: string): Set<string> => (live(key) as Set<string> | undefined) ?? put(key, new Set<string>());

  const run = ([name, first, ...args]: Command): Reply => {
    const key = String(first);
    const rest = args.map(String);
    switch (name) {
      case "HMGET":
        return rest.map((field) => hash(key).get(field) ?? null);
      case "HGET":
        return hash(key).get(rest[0]!) ?? null;
      case "HGETALL":
        return [...hash(key)].flat();
      case "HVALS":
        return [...hash(key).values()];
      case "HSET":
        for (let at = 0; at < rest.length; at += 2) hash(key).set(rest[at]!, rest[at + 1]!);
        return rest.length / 2;
      case "HSETNX":
        if (hash(key).has(rest[0]!)) return 0;
        hash(key).set(rest[0]!, rest[1]!);
        return 1;
      case "HDEL":
        return rest.filter((field) => hash(key).delete(field)).length;
      case "SADD":
        return rest.filter((member) => set(key).size < set(key).add(member).size).length;
      case "SREM":
        return rest.filter((member) => set(key).delete(member)).length;
      case "SMEMBERS":
        return [...set(key)];
      case "GET":
        return (live(key) as string | undefined) ?? null;
      case "SET":
        put(key, rest[0]!, rest[1] === "EX" ? Number(rest[2]) : Infinity);
        return "OK";
      case "GETDEL": {
        const value = (live(key) as string | undefined) ?? null;
        values.delete(key);
        return value;
      }
      case "DEL":
        return [key, ...rest].filter((each) => values.delete(each)).length;
      case "INCR": {
        const expiresAt = live(key) === undefined ? Infinity : values.get(key)!.expiresAt;
        const value = String(Number(live(key) ?? 0) + 1);
        values.set(key, { value, expiresAt });
        return Number(value);
      }
      case "EXPIRE": {
        const value = live(key);
        const entry = values.get(key);
        if (value === undefined || !entry || (rest[1] === "NX" && entry.expiresAt !== Infinity)) return 0;
        put(key, value, Number(rest[0]));
        return 1;
      }
      default:
        throw new Error(`the memory store does not know ${name}`);
    }
  };
  const store = {
    trips: 0,
    commands: [] as Command[],
    isAway: null as Error | null,
    keys: () => [...values.keys()],
    async run(...commands: Command[]): Promise<Reply[]> {
      store.trips++;
      store.commands.push(...commands);
      if (store.isAway) throw store.isAway;
      return commands.map(run);
    },
    atomic: (...commands: Command[]): Promise<Reply[]> => store.run(...commands),
    isReady: async () => store.isAway === null,
  };
  return store;
}
