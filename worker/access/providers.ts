import type { WebhookRequest } from "../channels/channel.ts";
import { SealBroken, Unavailable, unauthorized } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { configurationOf } from "../settings/configuration.ts";
import { readOrg, type Org } from "../settings/org.ts";
import { readSettings } from "../settings/store.ts";

/** Channels whose providers call us. */
export type CallingChannel = "sms" | "whatsapp";

/**
 * The organisation that a provider's call is for. An unknown one, a channel that is not set up and a wrong signature are answered
 * alike, so that nobody learns which organisations there are.
 * @throws 401 `provider.signature`
 */
export async function verifyProvider(ports: Ports, channel: CallingChannel, name: string, request: WebhookRequest): Promise<Org> {
  const org = await readOrg(ports, name);
  const secrets = org && (await secretsOf(ports, org, channel));
  if (!org || !secrets || !ports.channels[channel].webhook.isGenuine(request, secrets))
    throw unauthorized("provider.signature", "The signature does not fit.");
  return org;
}

/** Null while the channel is not set up. */
async function secretsOf(ports: Ports, org: Org, channel: CallingChannel): Promise<Record<string, string> | null> {
  try {
    const configuration = await configurationOf(ports, org, await readSettings(ports, org.org, org.version), channel);
    return configuration && configuration.secrets;
  } catch (error) {
    // The provider is asked to come again: what it tells must not be lost over a key that is missing today.
    if (error instanceof SealBroken) throw new Unavailable("store", error);
    throw error;
  }
}
