import { CHANNEL_SETTINGS } from "@carillon/shared/channel-settings";
import type { Channel } from "@carillon/shared/channels";
import type { Settings } from "@carillon/shared/settings";
import type { Configuration } from "../channels/channel.ts";
import type { Config, Ports } from "../ports.ts";

/** A channel's saved settings with its secrets opened, as its adapter takes them; null if it was never set up. */
export async function configurationOf(
  ports: Pick<Ports, "vault" | "config">,
  org: { org: string; name: string },
  settings: Settings,
  channel: Channel,
): Promise<Configuration<Record<string, unknown>> | null> {
  const saved = settings.channels[channel];
  if (saved.settings === null) return null;
  const secrets: Record<string, string> = {};
  for (const [field, sealed] of Object.entries(saved.secrets))
    secrets[field] = await ports.vault.open(sealed, { org: org.org, channel, field });
  return asConfigured(ports, org, CHANNEL_SETTINGS[channel].schema.parse(saved.settings), secrets);
}

/** Settings and opened secrets, with what the deployment adds to them. */
export const asConfigured = <Settings>(
  { config }: Pick<Ports, "config">,
  org: { name: string },
  settings: Settings,
  secrets: Record<string, string>,
): Configuration<Settings> => ({
  settings,
  secrets,
  sender: { publicUrl: config.publicUrl, orgName: org.name },
  allowPrivateHosts: config.allowPrivateHosts,
  endpoints: endpointsFor(config.standIns, settings as Record<string, unknown>),
});

function endpointsFor(
  { twilio, graph, pushHosts }: Config["standIns"],
  settings: Record<string, unknown>,
): Configuration<unknown>["endpoints"] {
  return {
    ...(twilio && settings["accountSid"] === twilio.account ? { twilio: twilio.url } : {}),
    ...(graph && settings["businessAccountId"] === graph.account ? { graph: graph.url } : {}),
    ...(pushHosts ? { pushHosts } : {}),
  };
}
