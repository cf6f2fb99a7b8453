import * as z from "zod";
import { paceSchema } from "./pace.ts";

/** The five ways to reach a person, in the order of every table and page. */
export const CHANNELS = ["in-app", "email", "sms", "whatsapp", "push"] as const;
export type Channel = (typeof CHANNELS)[number];
export const channelSchema = z.enum(CHANNELS);

/** The channels that leave Carillon by way of the queue; in-app is delivered inside the shard. */
export const EXTERNAL_CHANNELS = ["email", "sms", "whatsapp", "push"] as const;
export type ExternalChannel = (typeof EXTERNAL_CHANNELS)[number];

export const HEALTH_STATES = ["ok", "fault", "unconfigured", "untested"] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** What an admin edits of the in-app channel. The own origin is always allowed to embed the bell. */
export const inAppSettingsSchema = z.strictObject({
  allowedOrigins: z
    .array(z.url({ protocol: /^https?$/, error: "An origin such as https://crm.example.com" }).max(200))
    .max(50)
    .default([]),
  silentInQuietHours: z.boolean().default(true),
});
export type InAppSettings = z.infer<typeof inAppSettingsSchema>;

export const ENCRYPTIONS = ["tls", "ssl", "none"] as const;
export type Encryption = (typeof ENCRYPTIONS)[number];

const oneLine = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, "Must be one line of plain text");

export const HOST_PATTERN = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$|^\[?[0-9a-f:.]+\]?$/i;

/** SMTP, `tls` = STARTTLS (587), `ssl` = TLS from the first byte (465). Secrets: password, clientSecret, refreshToken. */
export const emailSettingsSchema = z.strictObject({
  host: oneLine(253).regex(HOST_PATTERN, "A host name such as smtp.example.com, without https:// and without a port"),
  port: z.int("A port is a whole number").min(1, "A port is between 1 and 65535").max(65_535, "A port is between 1 and 65535"),
  username: oneLine(320).default(""),
  encryption: z.enum(ENCRYPTIONS).default("tls"),
  fromAddress: z.email("An address such as notifications@example.com").max(320),
  fromName: oneLine(120).default(""),
  replyTo: z.union([z.literal(""), z.email("An address such as support@example.com").max(320)]).default(""),
  auth: z.enum(["password", "oauth2"]).default("password"),
  oauth: z
    .strictObject({
      tenant: oneLine(120).optional(),
      clientId: oneLine(200).default(""),
      tokenUrl: z.union([z.literal(""), z.url({ protocol: /^https?$/ }).max(500)]).default(""),
    })
    .optional(),
  pace: paceSchema.optional(),
});
export type EmailSettings = z.infer<typeof emailSettingsSchema>;

/** A stage of a channel's test, in the order the page shows them. */
export const EMAIL_STAGES = ["name", "tcp", "tls", "login", "sender", "recipient", "accepted", "done"] as const;

/** One line of a test's stream. `said` are the other side's own words, `remedy` ours. */
export const testStageSchema = z.object({
  stage: z.string(),
  ok: z.boolean(),
  ms: z.number(),
  said: z.string().optional(),
  remedy: z.string().optional(),
});
export type TestStage = z.infer<typeof testStageSchema>;
