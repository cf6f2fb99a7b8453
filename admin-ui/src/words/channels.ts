import type { Channel } from "@carillon/shared/channels";

/** The manual's names. */
export const CHANNEL_NAMES: Record<Channel, string> = {
  "in-app": "In-App",
  email: "Email",
  sms: "SMS",
  whatsapp: "WhatsApp",
  push: "Browser Push",
};
