import type { Channel } from "@carillon/shared/channels";
import { CHANNEL_SETTINGS } from "@carillon/shared/channel-settings";
import type { ChannelSettings, ChannelView } from "@carillon/shared/settings";
import type { Shards } from "../ports.ts";
import type { ChannelStatus, ParkedOutlook } from "../shard/calls.ts";

/** A channel as the page shows it; of secrets only whether they are set. */
export function viewOf(channel: Channel, saved: ChannelSettings, status: ChannelStatus): ChannelView {
  const secrets: ChannelView["secrets"] = {};
  for (const field of CHANNEL_SETTINGS[channel].secrets) secrets[field] = { set: Object.hasOwn(saved.secrets, field) };
  return {
    channel,
    version: saved.version,
    enabled: saved.enabled,
    configured: saved.settings !== null,
    health: healthOf(channel, saved, status),
    parked: status.parked,
    oldestParked: toIso(status.oldestParked),
    settings: saved.settings ?? {},
    secrets,
    switched: saved.switched && { at: new Date(saved.switched.at).toISOString(), by: saved.switched.by },
    tested: saved.tested && { at: new Date(saved.tested.at).toISOString(), ok: saved.tested.ok },
    ...templateFaultsOf(status),
    ...(status.rest ? { rest: { until: new Date(status.rest.until).toISOString(), why: status.rest.why } } : {}),
  };
}

function healthOf(channel: Channel, saved: ChannelSettings, { fault }: ChannelStatus): ChannelView["health"] {
  if (saved.settings === null) return { state: "unconfigured" };
  if (fault)
    return {
      state: "fault",
      why: fault.why,
      ...(fault.remedy === null ? {} : { remedy: fault.remedy }),
      since: new Date(fault.since).toISOString(),
    };
  // In-app is built in: there is nothing outside that could be wrong.
  if (channel === "in-app") return { state: "ok" };
  if (saved.tested === null) return { state: "untested" };
  if (!saved.tested.ok) return { state: "untested", why: "The last test failed.", since: new Date(saved.tested.at).toISOString() };
  return { state: "ok" };
}

function templateFaultsOf({ templateFaults }: ChannelStatus): Pick<ChannelView, "templateFaults"> {
  if (templateFaults.length === 0) return {};
  return {
    templateFaults: templateFaults.map(({ since, remedy, ...fault }) => ({
      ...fault,
      ...(remedy === null ? {} : { remedy }),
      since: new Date(since).toISOString(),
    })),
  };
}

/** How a channel stands over all shards: the earliest fault, everything parked. */
export async function statusOf(shards: Shards, place: { org: string; shards: number }, channel: Channel): Promise<ChannelStatus> {
  const all = await Promise.all(Array.from({ length: place.shards }, (_, shard) => shards.get(place.org, shard).channelStatus(channel)));
  const faults = all.map(({ fault }) => fault).filter((fault) => fault !== null);
  const oldest = all.map(({ oldestParked }) => oldestParked).filter((at) => at !== null);
  return {
    templateFaults: distinct(all.flatMap(({ templateFaults }) => templateFaults)),
    fault: faults.sort((a, b) => a.since - b.since)[0] ?? null,
    parked: all.reduce((sum, { parked }) => sum + parked, 0),
    oldestParked: oldest.length === 0 ? null : Math.min(...oldest),
    sending: all.reduce((sum, { sending }) => sum + sending, 0),
    rest: all.flatMap(({ rest }) => rest ?? []).sort((a, b) => b.until - a.until)[0] ?? null,
  };
}

/** Each shard knows of a template by itself; the first to know counts. */
function distinct(faults: ChannelStatus["templateFaults"]): ChannelStatus["templateFaults"] {
  const known = new Map<string, (typeof faults)[number]>();
  for (const fault of faults.toSorted((a, b) => b.since - a.since)) known.set(`${fault.type} ${fault.name} ${fault.language}`, fault);
  return [...known.values()];
}

/** What waits over all shards, by what may be chosen when the channel is switched on. */
export async function outlookOf(shards: Shards, place: { org: string; shards: number }, channel: Channel): Promise<ParkedOutlook> {
  const all = await Promise.all(Array.from({ length: place.shards }, (_, shard) => shards.get(place.org, shard).parkedOutlook(channel)));
  const sum = (part: "parked" | "urgent" | "people") => all.reduce((total, one) => total + one[part], 0);
  return {
    parked: sum("parked"),
    urgent: sum("urgent"),
    people: sum("people"),
    segments: channel === "sms" ? all.reduce((total, { segments }) => total + (segments ?? 0), 0) : null,
  };
}

const toIso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
