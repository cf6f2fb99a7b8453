import * as z from "zod";
import { CHANNELS, type Channel, type HealthState } from "./channels.ts";
import { defaultRouting, type RoutingCells } from "./event-types.ts";
import { initialEventTypes, type EventTypes } from "./own-events.ts";
import { initialQuietHours, type QuietHours } from "./quiet-hours.ts";
import type { Retention } from "./retention.ts";
import type { TextSettings } from "./templates.ts";

/**
 * A channel's part of the settings. `settings` is null until the channel was set up; `secrets` are sealed.
 * `version` counts what a form edits, so that switching on and off does not make a form out of date.
 */
export type ChannelSettings = {
  version: number;
  enabled: boolean;
  settings: Record<string, unknown> | null;
  secrets: Record<string, string>;
  switched: { at: number; by: string } | null;
  tested: { at: number; ok: boolean } | null;
};

/** Everything an organisation has set, as one versioned document. `version` rises with every change of any part. */
export type Settings = {
  version: number;
  /** Over how many shards the people are spread: chosen when the organisation is made, and never changed. Absent for one. */
  shards?: number;
  changed: { at: number; by: string; what: string } | null;
  channels: Record<Channel, ChannelSettings>;
  routing: { version: number; cells: RoutingCells };
  quietHours: QuietHours;
  eventTypes: EventTypes;
  /** Absent until an admin has changed a text. */
  texts?: TextSettings;
  /** Absent while everything is kept for ever. */
  retention?: Retention;
};

export function initialSettings(shards = 1): Settings {
  const channels = {} as Record<Channel, ChannelSettings>;
  for (const channel of CHANNELS) {
    const builtIn = channel === "in-app";
    channels[channel] = {
      version: 1,
      enabled: builtIn,
      settings: builtIn ? { allowedOrigins: [], silentInQuietHours: true } : null,
      secrets: {},
      switched: null,
      tested: null,
    };
  }
  return {
    version: 1,
    ...(shards === 1 ? {} : { shards }),
    changed: null,
    channels,
    routing: { version: 1, cells: defaultRouting() },
    quietHours: initialQuietHours(),
    eventTypes: initialEventTypes(),
  };
}

/** What `GET /admin/api/channels/:channel` answers; never a secret, only whether it is set. */
export type ChannelView = {
  channel: Channel;
  version: number;
  enabled: boolean;
  configured: boolean;
  health: { state: HealthState; why?: string; remedy?: string; since?: string };
  parked: number;
  oldestParked: string | null;
  settings: Record<string, unknown>;
  secrets: Record<string, { set: boolean }>;
  switched: { at: string; by: string } | null;
  tested: { at: string; ok: boolean } | null;
  /** The provider slows us down: until when it is left alone, and its words. Absent where it does not. */
  rest?: { until: string; why: string };
  /** WhatsApp: templates that can't be used just now; what needs them waits. Absent when there are none. */
  templateFaults?: { type: string; name: string; language: string; why: string; remedy?: string; since: string }[];
};

/** What a form sends. Read-only fields of the answer may come back; they are ignored. An absent secret stays, null clears it. */
export const channelPutSchema = z.looseObject({
  version: z.int(),
  settings: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.union([z.string().max(8_192), z.null(), z.looseObject({})])).optional(),
});

export const channelTestSchema = z.strictObject({
  settings: z.record(z.string(), z.unknown()).optional(),
  secrets: z.record(z.string(), z.union([z.string().max(8_192), z.null(), z.looseObject({})])).optional(),
  /** An address, a phone number, or a browser's push subscription as JSON. */
  to: z.string().max(4_000).optional(),
});

/** How parked deliveries leave when a channel is switched on; the API's default is all of them. */
export const releaseSchema = z.union([
  z.enum(["all", "urgent", "digest"]),
  z.strictObject({ dropOlderThanDays: z.number().min(0).max(3650) }),
]);
export type Release = z.infer<typeof releaseSchema>;
export const enableBodySchema = z.strictObject({ release: releaseSchema.default("all") });

/** What stands where a secret would be; it is never taken for one. */
export const SECRET_MASK = "••••••••";
