import type * as z from "zod";
import { emailSettingsSchema, inAppSettingsSchema, type Channel } from "./channels.ts";
import { PUSH_SECRETS, pushSettingsSchema } from "./push-settings.ts";
import { SMS_SECRETS, smsSettingsSchema } from "./sms-settings.ts";
import { WHATSAPP_SECRETS, whatsappSettingsSchema } from "./whatsapp-settings.ts";

/** Which settings and secrets each channel has. */
export const CHANNEL_SETTINGS = {
  "in-app": { schema: inAppSettingsSchema, secrets: [] },
  email: { schema: emailSettingsSchema, secrets: ["password", "clientSecret", "refreshToken"] },
  sms: { schema: smsSettingsSchema, secrets: SMS_SECRETS },
  whatsapp: { schema: whatsappSettingsSchema, secrets: WHATSAPP_SECRETS },
  push: { schema: pushSettingsSchema, secrets: PUSH_SECRETS },
} as const satisfies Record<Channel, { schema: z.ZodType<Record<string, unknown>>; secrets: readonly string[] }>;

/** What an admin has set of a channel, checked. */
export type SettingsOf<Name extends Channel> = z.infer<(typeof CHANNEL_SETTINGS)[Name]["schema"]>;
