import * as z from "zod";
import { paceSchema } from "./pace.ts";

/** E.164, a short code, or a name of up to 11 letters and digits. */
const SENDER = /^(\+[1-9]\d{6,14}|\d{3,8}|(?!\+)(?=.*[A-Za-z])[A-Za-z0-9 &_+-]{1,11})$/;

/** Twilio's programmable messaging. Secret: authToken. Either a number or a messaging service sends. */
export const smsSettingsSchema = z
  .strictObject({
    accountSid: z
      .string()
      .trim()
      .regex(/^AC[0-9a-fA-F]{32}$/, "AC and 32 characters, from the Twilio dashboard"),
    from: z
      .string()
      .trim()
      .transform((text) => (text.startsWith("+") ? text.replace(/[\s()./-]/g, "") : text))
      .pipe(z.union([z.literal(""), z.string().regex(SENDER, "Your Twilio number, such as +15551234567")]))
      .default(""),
    messagingServiceSid: z
      .string()
      .trim()
      .regex(/^(MG[0-9a-fA-F]{32})?$/, "MG and 32 characters, or leave it empty")
      .default(""),
    pace: paceSchema.optional(),
  })
  .refine(({ from, messagingServiceSid }) => from !== "" || messagingServiceSid !== "", {
    path: ["from"],
    error: "Enter your Twilio number, or a messaging service",
  });
export type SmsSettings = z.infer<typeof smsSettingsSchema>;
export const SMS_SECRETS = ["authToken"] as const;

/** The stages of the test, in the order the page shows them. */
export const SMS_STAGES = ["credentials", "number", "accepted", "done"] as const;
