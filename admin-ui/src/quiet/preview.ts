import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { decideCell, type DecidedPerson, type Rules } from "@carillon/shared/decide";
import type { Priority } from "@carillon/shared/event-types";
import type { QuietHours } from "@carillon/shared/quiet-hours";
import { CHANNEL_NAMES } from "../words/channels.ts";
import { inZone } from "../words/zoned-time.ts";

/** What becomes of one message now: where it is held and until when, and whether the bell stays silent. */
export type Fate = { held: Channel[]; until: number | null; isSilent: boolean };
export type PreviewRow = { zone: string; clock: string; normal: Fate; urgent: Fate };

const EVENT = "preview";
const everyChannel = <Value>(value: Value) => Object.fromEntries(CHANNELS.map((channel) => [channel, value])) as Record<Channel, Value>;

/** Decided by the worker's own code for somebody who is reached on every channel and has chosen nothing. */
export function previewOf(quietHours: QuietHours, silentInQuietHours: boolean, zones: string[], now: number): PreviewRow[] {
  const rules: Rules = {
    version: 0,
    gates: everyChannel("on"),
    cells: { [EVENT]: everyChannel({ when: "on", locked: false }) },
    quietHours,
    silentInQuietHours,
  };
  return zones.map((zone) => ({
    zone,
    clock: inZone(now, zone),
    normal: fateOf(rules, zone, "normal", now),
    urgent: fateOf(rules, zone, "high", now),
  }));
}

function fateOf(rules: Rules, timeZone: string, priority: Priority, now: number): Fate {
  const person: DecidedPerson = { id: "somebody", address: everyChannel("yes"), preferences: null, timeZone };
  const event = { type: EVENT, priority, actor: null, deliverAt: null, expiresAt: null };
  const fate: Fate = { held: [], until: null, isSilent: false };
  for (const channel of CHANNELS) {
    const decision = decideCell(rules, event, channel, person, now);
    if (decision.do === "hold") {
      fate.held.push(channel);
      fate.until = decision.until;
    } else if (decision.do === "send" && decision.silent) fate.isSilent = true;
  }
  return fate;
}

/** The same in words, on the clock of the zone. */
export function fateWords({ held, until, isSilent }: Fate, zone: string): { state: "sent" | "held"; head: string; text: string } {
  const bell = isSilent ? "In-App arrives silently." : "";
  if (until === null) return { state: "sent", head: "Sent at once", text: isSilent ? bell : "On all channels." };
  const names = held.map((channel) => CHANNEL_NAMES[channel]).join(", ");
  const rest = isSilent ? bell : held.length === CHANNELS.length ? "" : "The others are sent at once.";
  return { state: "held", head: `Held until ${inZone(until, zone)}`, text: `${names}. ${rest}`.trim() };
}

/** Zones of people to look at besides the organisation's and the admin's own: around the world, each once. */
const SAMPLES = ["America/New_York", "Europe/London", "Asia/Kolkata", "Asia/Tokyo"];
export const previewZones = (organisation: string, own: string): string[] => [...new Set([organisation, own, ...SAMPLES])].slice(0, 5);
