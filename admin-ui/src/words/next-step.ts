import type { ChannelView } from "@carillon/shared/settings";

/** What an admin does next with a channel that does not send yet or was never tested. Null where nothing is left to do. */
export function nextStep({ configured, enabled, health, switched }: ChannelView, testButton: string): string | null {
  if (!configured) return `Not set up yet. Fill in the fields below, click ${testButton}, click Save, then switch the channel on.`;
  if (health.state === "untested" && enabled)
    return `Click ${testButton} below: always send a test notification after configuring a new channel.`;
  if (health.state === "untested") return `Click ${testButton} below, then switch the channel on.`;
  // Who has switched it off knows how to switch it on.
  if (health.state === "ok" && !enabled && switched === null) return "Switch the channel on. Until then nothing is sent on it.";
  return null;
}
