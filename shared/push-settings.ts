import * as z from "zod";
import { paceSchema } from "./pace.ts";

const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** A point on P-256, uncompressed: 65 bytes as base64url. */
const vapidKeySchema = z.string().regex(/^B[A-Za-z0-9_-]{86}$/, "Press Generate VAPID Keys");

/**
 * Web Push with VAPID. Secrets: privateKey, previousPrivateKey. While browsers still hold the previous pair,
 * both are live: each is written to with the key that it subscribed with.
 */
export const pushSettingsSchema = z.strictObject({
  /** Whom a push service writes to when something is wrong. */
  subject: z
    .string()
    .trim()
    .max(320)
    .regex(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/[^\s]+)$/, "mailto:you@example.com or an https address"),
  publicKey: vapidKeySchema,
  previousPublicKey: z.union([z.literal(""), vapidKeySchema]).default(""),
  pace: paceSchema.optional(),
});
export type PushSettings = z.infer<typeof pushSettingsSchema>;
export const PUSH_SECRETS = ["privateKey", "previousPrivateKey"] as const;

/** The stages of the test, in the order the page shows them; the browser's own confirmation follows from its service worker. */
export const PUSH_STAGES = ["keys", "subscription", "accepted", "done"] as const;

const endpointSchema = z.url({ protocol: /^https?$/ }).max(2_000);
const p256dhSchema = z.string().regex(BASE64URL).max(100);
const authSchema = z.string().regex(BASE64URL).max(40);

/** A browser's subscription as `PushSubscription.toJSON()` gives it, or flat. Whether its host is allowed, the channel says. */
export const pushSubscriptionSchema = z
  .union([
    z.object({
      endpoint: endpointSchema,
      keys: z.object({ p256dh: p256dhSchema, auth: authSchema }),
      publicKey: vapidKeySchema.optional(),
    }),
    z.object({ endpoint: endpointSchema, p256dh: p256dhSchema, auth: authSchema, publicKey: vapidKeySchema.optional() }),
  ])
  .transform((one) => {
    const { p256dh, auth } = "keys" in one ? one.keys : one;
    return { endpoint: one.endpoint, p256dh, auth, ...(one.publicKey === undefined ? {} : { publicKey: one.publicKey }) };
  });

/** What a service worker tells of a message: it is on the screen, the person has clicked it. */
export const pushReportSchema = z.strictObject({ state: z.enum(["shown", "clicked"]) });
export type PushReport = z.infer<typeof pushReportSchema>;

/** What the service worker gets. Newer ones with the same `tag` replace older ones on the screen. */
export type PushPayload = {
  /** Tells it from what the CRM itself pushes to a service worker that both share. */
  carillon: 1;
  /** The delivery, to be named when it is reported as shown or clicked. */
  id: string;
  tag: string;
  title: string;
  body: string;
  /** Absolute; where a click leads. */
  link?: string;
  /** Absolute; takes a POST of `PushReport`. */
  report?: string;
  urgent: boolean;
};
