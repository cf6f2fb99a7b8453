import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Gate } from "@carillon/shared/decide";
import type { Ledger } from "@carillon/shared/ledger";
import { BUCKETS, type Timing } from "../../observed.ts";
import type { ShardMetrics } from "../../shard/metrics.ts";
import type { Family, Sample } from "./openmetrics.ts";

/** An organisation with what its shards told; null for one that could not be reached. */
export type OrgMetrics = { org: string; shards: (ShardMetrics | null)[] };

const GATES: Gate[] = ["on", "off", "fault", "unset"];
/** The states that a delivery can be in, as the balance has them. */
const STATES = [
  ["delivered", "delivered"],
  ["sent", "sent"],
  ["skipped", "skipped"],
  ["held", "held"],
  ["parked", "parked"],
  ["failed", "failed"],
  ["expired", "expired"],
  ["cancelled", "cancelled"],
  ["collapsed", "collapsed"],
  ["inFlight", "in-flight"],
] as const satisfies [keyof Ledger, string][];

/** What the shards of all organisations say, summed up over the shards of each. A shard that is away is missing from the sums. */
export function orgFamilies(orgs: OrgMetrics[]): Family[] {
  const reached = orgs.map(({ org, shards }) => ({ org, shards: shards.filter((shard) => shard !== null) }));
  const ofOrg = (value: (shards: ShardMetrics[]) => number, suffix?: string): Sample[] =>
    reached.map(({ org, shards }) => ({ ...(suffix ? { suffix } : {}), labels: { org }, value: value(shards) }));
  const ofChannel = (value: (shards: ShardMetrics["channels"][Channel][]) => number, suffix?: string): Sample[] =>
    reached.flatMap(({ org, shards }) =>
      CHANNELS.map((channel) => ({
        ...(suffix ? { suffix } : {}),
        labels: { org, channel },
        value: value(shards.map(({ channels }) => channels[channel])),
      })),
    );
  return [
    {
      name: "carillon_shards",
      type: "gauge",
      help: "Shards of the organisation.",
      samples: orgs.map(({ org, shards }) => ({ labels: { org }, value: shards.length })),
    },
    {
      name: "carillon_shards_unreachable",
      type: "gauge",
      help: "Shards that did not answer; what they hold is missing from the other figures.",
      samples: orgs.map(({ org, shards }) => ({ labels: { org }, value: shards.filter((shard) => shard === null).length })),
    },
    {
      name: "carillon_events_accepted",
      type: "counter",
      help: "Events that were accepted, over all time.",
      samples: ofOrg((shards) => sum(shards, ({ events }) => events), "_total"),
    },
    {
      name: "carillon_deliveries_accepted",
      type: "counter",
      help: "Event x person x channel that were decided, over all time.",
      samples: ofChannel((shards) => sum(shards, ({ ledger }) => ledger.accepted), "_total"),
    },
    {
      name: "carillon_deliveries",
      type: "gauge",
      help: "The same by the state that they are in now; their sum is what was accepted.",
      samples: reached.flatMap(({ org, shards }) =>
        CHANNELS.flatMap((channel) =>
          STATES.map(([column, state]) => ({
            labels: { org, channel, state },
            value: sum(shards, ({ channels }) => channels[channel].ledger[column]),
          })),
        ),
      ),
    },
    {
      name: "carillon_deliveries_unaccounted",
      type: "gauge",
      help: "What was accepted and is in no state: always 0.",
      samples: ofChannel((shards) => sum(shards, ({ ledger }) => ledger.unaccounted)),
    },
    {
      name: "carillon_oldest_due_seconds",
      type: "gauge",
      unit: "seconds",
      help: "For how long the oldest delivery that is due has been so; 0 when nothing is.",
      samples: ofChannel((shards) => Math.max(0, ...shards.map(({ overdueMs }) => overdueMs / 1_000))),
    },
    {
      name: "carillon_channel_gate",
      type: "stateset",
      help: "Whether the channel sends: on, off, fault (it has tripped in one shard at least), unset (never set up).",
      samples: reached.flatMap(({ org, shards }) =>
        CHANNELS.flatMap((channel) => {
          const gates = shards.map(({ channels }) => channels[channel].gate);
          const gate = gates.includes("fault") ? "fault" : (gates[0] ?? "unset");
          return GATES.map((one) => ({ labels: { org, channel, carillon_channel_gate: one }, value: one === gate ? 1 : 0 }));
        }),
      ),
    },
    {
      name: "carillon_wakeups_unconfirmed",
      type: "gauge",
      help: "Wake-ups for a later instant that the queue has not confirmed yet; counted to 10000 a shard.",
      samples: ofChannel((shards) => sum(shards, ({ unconfirmed }) => unconfirmed)),
    },
    {
      name: "carillon_fan_outs_open",
      type: "gauge",
      help: "Events that are being told slice by slice, counted in every shard that tells them.",
      samples: ofOrg((shards) => sum(shards, ({ fanOuts }) => fanOuts.open)),
    },
    {
      name: "carillon_fan_out_people_waiting",
      type: "gauge",
      help: "People of such events who are still to be told.",
      samples: ofOrg((shards) => sum(shards, ({ fanOuts }) => fanOuts.people)),
    },
    {
      name: "carillon_shares_waiting",
      type: "gauge",
      help: "Shares of events that another shard has still to take; counted to 10000 a shard.",
      samples: ofOrg((shards) => sum(shards, ({ shares }) => shares)),
    },
    {
      name: "carillon_sockets",
      type: "gauge",
      help: "Open sockets of bells.",
      samples: ofOrg((shards) => sum(shards, (one) => one.sockets)),
    },
  ];
}

export const timingFamily = (name: string, help: string, timings: Timing[]): Family => ({
  name,
  type: "histogram",
  unit: "seconds",
  help,
  samples: timings.flatMap(bucketsOf),
});

/** Buckets add up from the lowest; the last holds all. */
function bucketsOf({ labels, buckets, seconds, count }: Timing): Sample[] {
  let below = 0;
  return [
    ...buckets.map((inBucket, index) => {
      below += inBucket;
      return { suffix: "_bucket", labels: { ...labels, le: boundOf(index) }, value: below };
    }),
    { suffix: "_count", labels, value: count },
    { suffix: "_sum", labels, value: seconds },
  ];
}

/** In the canonical spelling of a floating-point number. */
function boundOf(index: number): string {
  const bound = BUCKETS[index];
  if (bound === undefined) return "+Inf";
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

const sum = <One>(all: One[], value: (one: One) => number): number => all.reduce((total, one) => total + value(one), 0);
