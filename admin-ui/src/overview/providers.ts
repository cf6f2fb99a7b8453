import type { Channel } from "@carillon/shared/channels";

/** The manual's table of channels. */
export const PROVIDERS: Record<Channel, { provider: string; setup: string }> = {
  "in-app": { provider: "Built-in", setup: "None — always available" },
  email: { provider: "SMTP", setup: "SMTP server configuration" },
  sms: { provider: "Twilio", setup: "Twilio account credentials" },
  whatsapp: { provider: "WhatsApp Business API", setup: "Business API configuration" },
  push: { provider: "Web Push (VAPID)", setup: "VAPID key generation" },
};
