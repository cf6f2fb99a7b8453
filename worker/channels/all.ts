import type { Channels } from "../ports.ts";
import { email } from "./email.ts";
import { checkSmtpHost } from "./email/host-policy.ts";

/** The channels that leave the house. In-app needs no adapter: the shard delivers it in the transaction that accepts the event. */
export const channels = {
  email: { ...email, check: (settings, { allowPrivateHosts }) => checkSmtpHost(settings, allowPrivateHosts) },
} satisfies Channels;
