import { CHANNEL_SETTINGS, isConfigurable, type Channel } from "@carillon/shared/channels";
import type { Settings } from "@carillon/shared/settings";
import type { Configuration } from "../channels/channel.ts";
import type { Ports } from "../ports.ts";

/** A channel's saved settings with its secrets opened, as its adapter takes them; null if it was never set up. */
export async function configurationOf(
  ports: Pick<Ports, "vault" | "config">,
  org: { org: string; name: string },
  settings: Settings,
  channel: Channel,
): Promise<Configuration<Record<string, unknown>> | null> {
  const saved = settings.channels[channel];
  if (!isConfigurable(channel) || saved.settings === null) return null;
  const secrets: Record<string, string> = {};
  for (const [field, sealed] of Object.entries(saved.secrets))
    secrets[field] = await ports.vault.open(sealed, { org: org.org, channel, field });
  return {
    settings: CHANNEL_SETTINGS[channel].schema.parse(saved.settings),
    secrets,
    sender: { publicUrl: ports.config.publicUrl, orgName: org.name },
    allowPrivateHosts: ports.config.allowPrivateHosts,
  };
}
