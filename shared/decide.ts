import { CHANNELS, type Channel } from "./channels.ts";
import { nextDigest } from "./digest.ts";
import { TELLS_ACTOR, type Priority, type RoutingCells } from "./event-types.ts";
import type { Pace } from "./pace.ts";
import { preferenceOf, routeFor, type Preferences } from "./preferences.ts";
import { effectiveQuietHours, type EffectiveQuietHours } from "./quiet-bounds.ts";
import { compileQuietHours, type Quiet, type QuietHours } from "./quiet-hours.ts";
import type { Reason } from "./reasons.ts";
import type { RetentionDays } from "./retention.ts";
import type { ChangedTexts } from "./templates.ts";
import type { TemplateName } from "./whatsapp-settings.ts";

/** What becomes of one cell of event × person × channel, and why. `silent`: it arrives without a sound, because it is quiet now. */
export type Decision =
  | { do: "send"; why: Reason; silent?: boolean }
  | { do: "hold"; why: Reason; until: number }
  | { do: "park"; why: Reason }
  | { do: "skip"; why: Reason };

/** `on` sends, `off` and `fault` park, `unset` was never set up and skips. */
export type Gate = "on" | "off" | "fault" | "unset";

/** The organisation's rules as a shard keeps them: everything that a decision needs besides event and person. */
export type Rules = {
  /** Of the settings that these rules were made from. */
  version: number;
  /** Over how many shards the organisation's people are spread; absent for one. */
  shards?: number;
  gates: Record<Channel, Gate>;
  cells: RoutingCells;
  quietHours: QuietHours;
  /** The WhatsApp templates by type and reader's language, of those types that have one; absent while WhatsApp is not set up. */
  templates?: Record<string, Record<string, TemplateName>>;
  /** What admins have written instead of the built-in texts; absent while that is nothing. */
  texts?: ChangedTexts;
  /** Channels whose providers take only so much; absent while there are none. */
  paces?: Partial<Record<Channel, Pace>>;
  /** Whether in-app items make no sound while it is quiet. */
  silentInQuietHours: boolean;
  /** For how long the shard keeps what; absent for ever. */
  retention?: RetentionDays;
};

export type DecidedEvent = {
  type: string;
  priority: Priority;
  actor: string | null;
  deliverAt: number | null;
  expiresAt: number | null;
  /** When it was accepted; absent for one that is just coming in. */
  at?: number;
};
export type DecidedPerson = {
  id: string;
  /** Whether the person can be reached there now. */
  address: Record<Channel, "yes" | "none" | "gone" | "not-opted-in">;
  /** What the person has chosen; null when nothing. */
  preferences: Preferences | null;
  /** As the CRM has told it; the person's own choice goes before it. */
  timeZone: string | null;
};

const skip = (why: Reason): Decision => ({ do: "skip", why });

/**
 * All of an event's rules but the person; the answer decides for one person at a time, a decision a channel in the order of CHANNELS.
 * Pure: the same rules, event, person and time give the same decisions in the worker, in the page and in a test.
 */
export function compile(rules: Rules, event: DecidedEvent): (person: DecidedPerson, now: number) => Decision[] {
  return (person, now) => {
    const quiet = quietFor(rules, person);
    return CHANNELS.map((channel) => decideCell(rules, event, channel, person, now, quiet));
  };
}

/** One cell: whether to tell this person on this channel, when, and why. `quiet` is the person's, for whoever asks for several channels. */
export function decideCell(
  rules: Rules,
  event: DecidedEvent,
  channel: Channel,
  person: DecidedPerson,
  now: number,
  quiet: PersonQuiet | null = quietFor(rules, person),
): Decision {
  if (event.actor === person.id && !TELLS_ACTOR.has(event.type)) return skip("user-is-actor");
  const row = Object.hasOwn(rules.cells, event.type) ? rules.cells[event.type] : undefined;
  const wish = person.preferences ? preferenceOf(person.preferences.cells, event.type, channel) : undefined;
  const route = routeFor(row?.[channel], wish, event.priority);
  if (!route.send) return skip(route.why);
  if (rules.gates[channel] === "unset") return skip("not-configured");
  const address = person.address[channel];
  if (address === "none") return skip("no-address");
  if (address === "gone") return skip("address-gone");
  if (address === "not-opted-in") return skip("not-opted-in");
  if (channel === "whatsapp" && rules.templates && !Object.hasOwn(rules.templates, event.type)) return skip("template-not-approved");
  if (event.expiresAt !== null && event.expiresAt <= now) return skip("expired");
  if (rules.gates[channel] === "off") return { do: "park", why: "channel-off" };
  if (rules.gates[channel] === "fault") return { do: "park", why: "channel-fault" };
  return timing(rules, event, channel, person, quiet, now);
}

/** Now, or held until the first instant that is neither before its time nor quiet in the person's zone. */
function timing(
  rules: Rules,
  event: DecidedEvent,
  channel: Channel,
  person: DecidedPerson,
  quiet: PersonQuiet | null,
  now: number,
): Decision {
  const scheduled = Math.max(event.deliverAt ?? now, now);
  const at = Math.max(scheduled, digestOf(rules, event, channel, person, Math.max(event.at ?? now, event.deliverAt ?? 0)));
  const isScheduled = at > now;
  const isDigest = at > scheduled;
  if (quiet && !(event.priority === "high" && quiet.hours.urgentPasses)) {
    if (quiet.hours.heldChannels.includes(channel)) {
      const until = quiet.calendar.until(at);
      if (until > at) return { do: "hold", why: isDigest ? "digest" : "quiet-hours", until };
    } else if (channel === "in-app" && !isScheduled && rules.silentInQuietHours && quiet.calendar.isQuiet(now)) {
      return { do: "send", why: "matrix", silent: true };
    }
  }
  return isScheduled ? { do: "hold", why: isDigest ? "digest" : "scheduled", until: at } : { do: "send", why: "matrix" };
}

/** The bell is a list already, and a WhatsApp template has no room for one. */
const COLLECTED: ReadonlySet<Channel> = new Set(["email", "sms", "push"]);

/** When somebody who wants events of this type collected is told of one that came in at an instant; an urgent one waits for nothing. */
function digestOf(rules: Rules, event: DecidedEvent, channel: Channel, person: DecidedPerson, since: number): number {
  const wishes = person.preferences?.digest;
  if (!wishes || event.priority === "high" || !COLLECTED.has(channel) || !Object.hasOwn(wishes, event.type)) return since;
  return nextDigest(wishes[event.type]!, person.preferences?.timeZone ?? person.timeZone ?? rules.quietHours.timeZone, since);
}

export type PersonQuiet = { hours: EffectiveQuietHours; calendar: Quiet };

/** Quiet hours as they hold for a person, and their calendar; null when nothing is ever quiet. */
export function quietFor(rules: Pick<Rules, "quietHours">, person: Pick<DecidedPerson, "preferences" | "timeZone">): PersonQuiet | null {
  const own = person.preferences?.quietHours ?? null;
  if (!rules.quietHours.enabled && own === null) return null;
  const hours = effectiveQuietHours(rules.quietHours, own, { event: null, person: person.preferences?.timeZone ?? person.timeZone });
  return hours && { hours, calendar: calendarOf(hours) };
}

/** Calendars by what they are made of: people in one zone under one rule share one. */
const calendars = new Map<string, Quiet>();
const MOST_CALENDARS = 2_000;

function calendarOf(hours: EffectiveQuietHours): Quiet {
  const key = `${hours.timeZone} ${hours.start} ${hours.end} ${hours.nights.join()} ${hours.quietDays.join()}`;
  let calendar = calendars.get(key);
  if (!calendar) {
    if (calendars.size >= MOST_CALENDARS) calendars.clear();
    calendars.set(key, (calendar = compileQuietHours(hours, hours.timeZone)));
  }
  return calendar;
}
