import { channelSchema } from "@carillon/shared/channels";
import { initialQuietHours, type QuietBounds, type QuietHours } from "@carillon/shared/quiet-hours";
import { DAYS, type Day } from "@carillon/shared/zones";
import type { Leaf } from "../form/paths.ts";
import { CHANNEL_NAMES } from "../words/channels.ts";
import { daysWords } from "./week.ts";

/** Quiet hours as they are edited: bounds that are switched off are still there to be switched on. */
export type QuietDraft = Omit<QuietHours, "version" | "bounds"> & { hasBounds: boolean; bounds: QuietBounds };

export function toDraft(hours: QuietHours): QuietDraft {
  const { enabled, start, end, nights, quietDays, timeZone, urgentPasses, heldChannels, catchUp, bounds } = hours;
  const own = { enabled, start, end, nights, quietDays, timeZone, urgentPasses, heldChannels, catchUp };
  return { ...own, hasBounds: bounds !== null, bounds: bounds ?? boundsLike(hours) };
}

export function toQuietHours({ hasBounds, bounds, ...rest }: QuietDraft, version: number): QuietHours {
  return { version, ...rest, bounds: hasBounds ? bounds : null };
}

/** The bounds that hold while none are set: the organisation's own window. */
export const boundsLike = ({ start, end, urgentPasses }: Pick<QuietHours, "start" | "end" | "urgentPasses">): QuietBounds => ({
  earliestStart: start,
  latestEnd: end,
  extraDays: [],
  mayRefuseUrgent: !urgentPasses,
});

export const EMPTY_DRAFT: QuietDraft = toDraft(initialQuietHours());

export const QUIET_LABELS = {
  enabled: "DND",
  start: "DND Start Time",
  end: "DND End Time",
  quietDays: "DND Days (quiet all day)",
  nights: "Hours apply on",
  timeZone: "Time zone",
  urgentPasses: "Override for urgent",
  heldChannels: "Held channels",
  catchUp: "Catch-up",
  hasBounds: "Bounds for users",
  "bounds.earliestStart": "Earliest start",
  "bounds.latestEnd": "Latest end",
  "bounds.extraDays": "Extra days",
  "bounds.mayRefuseUrgent": "Users may refuse urgent ones",
};

const isDay = (value: unknown): value is Day => (DAYS as readonly unknown[]).includes(value);

/** A value of the form, for who has to choose between two. */
export function valueWords(leaf: Leaf): string {
  if (typeof leaf === "boolean") return leaf ? "On" : "Off";
  if (!Array.isArray(leaf)) return String(leaf ?? "");
  if (leaf.every(isDay)) return leaf.length === 0 ? "none" : daysWords(leaf);
  return channelSchema
    .array()
    .parse(leaf)
    .map((channel) => CHANNEL_NAMES[channel])
    .join(", ");
}
