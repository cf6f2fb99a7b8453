import type { Rules } from "@carillon/shared/decide";
import { openSql } from "../adapters/node-sqlite.ts";
import { embeddedStore } from "../embedded/store.ts";
import { Unavailable } from "../errors.ts";
import type { Clock, Command, Job, Queue, Shards, Store } from "../ports.ts";
import type { AuditEntry, ChannelStatus, SettingsChange, ShardCalls, Wake } from "../shard/calls.ts";

/** A clock that stands still until a test moves it. */
export function fixedClock(start = Date.parse("2026-11-23T12:00:00Z")): Clock & { pass(ms: number): void } {
  let now = start;
  return { now: () => now, pass: (ms) => void (now += ms) };
}

/** The embedded store in memory, counting round trips and commands. `isAway` makes it unreachable. */
export function memoryStore(clock: Clock): Store & { trips: number; commands: Command[]; isAway: boolean } {
  const inner = embeddedStore(openSql(":memory:"), clock);
  const counted =
    (run: Store["run"]) =>
    async (...commands: Command[]) => {
      store.trips++;
      store.commands.push(...commands);
      if (store.isAway) throw new Unavailable("store");
      return run(...commands);
    };
  const store = {
    trips: 0,
    commands: [] as Command[],
    isAway: false,
    run: counted(inner.run),
    atomic: counted(inner.atomic),
    isReady: async () => !store.isAway,
  };
  return store;
}

/** What a test looks at of a shard: which rules it was told, and which settings change it has written down. */
export type ToldShard = {
  rules: Rules | null;
  releases: SettingsChange["releases"];
  pending: SettingsChange | null;
  wakes: Wake[];
  status: ChannelStatus;
  audit: AuditEntry[];
  isAway: boolean;
};

/** Shards that keep what they are told, with the duties that settings rely on. */
export function toldShards(count = 1): Shards & { told: ToldShard[] } {
  const told = Array.from({ length: count }, (): ToldShard => ({
    rules: null,
    releases: {},
    pending: null,
    wakes: [],
    status: { fault: null, rest: null, templateFaults: [], parked: 0, oldestParked: null, sending: 0 },
    audit: [],
    isAway: false,
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
    missed: async () => {},
    channelStatus: async () => shard.status,
    audit: async (entry) => void shard.audit.push(entry),
    auditLog: async () => ({ data: shard.audit.map((entry, n) => ({ ...entry, n })).toReversed(), next: null }),
  });
  return { told, get: (_org, shard) => callsOf(told[shard]!) as ShardCalls };
}

/** A queue that remembers what was published. */
export function memoryQueue(): Queue & { jobs: Job[] } {
  const jobs: Job[] = [];
  return { jobs, maxDelay: 7 * 86_400_000, publish: async (some) => void jobs.push(...some), isReady: async () => true };
}
