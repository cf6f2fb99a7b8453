import type { ChannelView } from "@carillon/shared/settings";
import { CHANNEL_NAMES } from "./channels.ts";

/** Why a channel does not send just now, and what becomes of its messages; null for one that sends. */
export function channelNote({ channel, configured, enabled, health }: ChannelView): { word: string; text: string } | null {
  const name = CHANNEL_NAMES[channel];
  if (!configured) return { word: "Not set up", text: `${name} is not set up: its messages are skipped, and none waits until it is.` };
  if (!enabled) return { word: "Off", text: `${name} is switched off: its messages wait and are delivered when it is switched on again.` };
  if (health.state === "fault") return { word: "Fault", text: `${name} has a fault: its messages wait until a test passes.` };
  return null;
}
