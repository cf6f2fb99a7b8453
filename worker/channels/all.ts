import type { Channels } from "../ports.ts";
import { email } from "./email.ts";
import { checkSmtpHost } from "./email/host-policy.ts";
import { push } from "./push.ts";
import { whyNotEndpoint } from "./push/endpoint-policy.ts";
import { generateKeys, verifyPairs } from "./push/keys.ts";
import { sms } from "./sms.ts";
import { twilioWebhook } from "./sms/callbacks.ts";
import { whatsapp } from "./whatsapp.ts";
import { fetchTemplates, verifyMappings } from "./whatsapp/templates.ts";
import { metaWebhook } from "./whatsapp/webhook.ts";

/** The channels that leave the house. In-app needs no adapter: the shard delivers it in the transaction that accepts the event. */
export const channels: Channels = {
  email: { ...email, check: (settings, { allowPrivateHosts }) => checkSmtpHost(settings, allowPrivateHosts) },
  sms: { ...sms, webhook: twilioWebhook },
  whatsapp: { ...whatsapp, webhook: metaWebhook, verify: verifyMappings, templates: fetchTemplates },
  push: { ...push, verify: verifyPairs, generateKeys, whyNotEndpoint },
};
