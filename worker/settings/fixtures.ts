import type { Rules } from "@carillon/shared/decide";
import { Unavailable } from "../errors.ts";
import type { Clock, Command, Job, Queue, Reply, Shards, Store } from "../ports.ts";
import type { AuditEntry, ChannelStatus, SettingsChange, ShardCalls, Wake } from "../shard/calls.ts";

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
      case "HKEYS":
        return [...hash(key).keys()];
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
        if (rest.includes("XX") && live(key) === undefined) return null;
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

/** What a test looks at of a shard: which rules it was told, and which settings change it has written down. */
export type ToldShard = { rules: Rules | null; releases: SettingsChange["releases"]; pending: SettingsChange | null; wakes: Wake[]; status: ChannelStatus; audit: AuditEntry[]; isAway: boolean };

/** Shards that keep what they are told, with the duties that settings rely on. */
export function toldShards(count = 1): Shards & { told: ToldShard[] } {
  const told = Array.from({ length: count }, (): ToldShard => ({
    rules: null, releases: {}, pending: null, wakes: [], status: { fault: null, parked: 0, oldestParked: null }, audit: [], isAway: false,
  }));
  const callsOf = (shard: ToldShard): Partial<ShardCalls> => ({
    async apply(rules, releases = {}) {
      if (shard.isAway) throw new Unavailable("shard");
      if (shard.rules && shard.rules.version >= rules.version) return { wakes: [] };
      Object.assign(shard, { rules, releases });
      return { wakes: shard.wakes };
    },
    async intend(change) {
      const isNewer = change.version > (shard.rules?.version ?? 0);
      const isFree = shard.pending === null || JSON.stringify(shard.pending) === JSON.stringify(change);
      if (isNewer && isFree) shard.pending = change;
      return { taken: isNewer && isFree };
    },
    async settled(version) {
      if (shard.pending && shard.pending.version <= version) shard.pending = null;
    },
    async clearFault() {
      shard.status = { ...shard.status, fault: null };
      return { wakes: shard.wakes };
    },
    confirm: async () => {},
    channelStatus: async () => shard.status,
    audit: async (entry) => void shard.audit.push(entry),
    auditLog: async () => ({ data: shard.audit.map((entry, n) => ({ ...entry, n })).reverse(), next: null }),
  });
  return { told, get: (_org, shard) => callsOf(told[shard]!) as ShardCalls };
}

/** A queue that remembers what was published. */
export function memoryQueue(): Queue & { jobs: Job[] } {
  const jobs: Job[] = [];
  return { jobs, maxDelay: 7 * 86_400_000, publish: async (some) => void jobs.push(...some), isReady: async () => true };
}
