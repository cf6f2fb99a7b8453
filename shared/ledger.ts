import * as z from "zod";
import { CHANNELS } from "./channels.ts";
import { routingCellSchema } from "./event-types.ts";

/**
 * The states of a delivery (event × person × channel). Each cell is in exactly one.
 * `queued → sending → sent → delivered → read`, or held, parked, or one of the ends.
 */
export const STATES = [
  "queued",
  "sending",
  "sent",
  "delivered",
  "read",
  "held",
  "parked",
  "skipped",
  "failed",
  "expired",
  "cancelled",
  "collapsed",
] as const;
export type State = (typeof STATES)[number];
export const stateSchema = z.enum(STATES);

/** One try at a provider. `said` are the provider's own words, `ambiguous` that it may have been delivered all the same. */
export const attemptSchema = z.object({
  n: z.number(),
  at: z.string(),
  outcome: z.string(),
  code: z.string().optional(),
  said: z.string().optional(),
  remedy: z.string().optional(),
  ambiguous: z.boolean(),
  ms: z.number(),
});
export type Attempt = z.infer<typeof attemptSchema>;

export const receiptSchema = z.object({ at: z.string(), state: stateSchema, said: z.string().optional() });
export type Receipt = z.infer<typeof receiptSchema>;

/** The values that a decision was taken from. */
export const decisionDetailsSchema = z.object({
  /** The route of the type on the channel; null for a type without any. */
  cell: routingCellSchema.nullable(),
  /** What the person has chosen for it; null when nothing. */
  preference: z.boolean().nullable(),
  gate: z.enum(["on", "off", "fault", "unset"]),
  address: z.enum(["yes", "none", "gone", "not-opted-in"]),
  /** The zone that counts for the person, and its wall clock, such as `Mon 08:00`. */
  timeZone: z.string(),
  localTime: z.string(),
  quiet: z.boolean(),
});
export type DecisionDetails = z.infer<typeof decisionDetailsSchema>;

/** A row of the delivery log. `id` begins with the shard's number. */
export const deliverySchema = z.object({
  id: z.string(),
  event: z.string(),
  type: z.string(),
  user: z.string(),
  userName: z.string().optional(),
  channel: z.enum(CHANNELS),
  state: stateSchema,
  reason: z.string(),
  until: z.string().optional(),
  at: z.string(),
  title: z.string().optional(),
  to: z.string().optional(),
  attempts: z.array(attemptSchema),
  receipts: z.array(receiptSchema),
  /** Where one event or one delivery is asked for: addresses of the person on this channel that take nothing more just now. */
  gone: z
    .array(
      z.object({
        channel: z.string(),
        address: z.string(),
        why: z.string(),
        since: z.string(),
        until: z.string().optional(),
        optedOut: z.boolean().optional(),
      }),
    )
    .optional(),
  /** Where one event or one delivery is asked for: when it was decided last, by which settings, and from what. */
  decided: z.object({ at: z.string(), settingsVersion: z.number(), from: decisionDetailsSchema.nullable() }).optional(),
});
export type Delivery = z.infer<typeof deliverySchema>;

/** The balance of the ledger; `unaccounted` is accepted minus all the others and must be 0. */
export const ledgerSchema = z.object({
  accepted: z.number(),
  delivered: z.number(),
  sent: z.number(),
  skipped: z.number(),
  held: z.number(),
  parked: z.number(),
  failed: z.number(),
  expired: z.number(),
  cancelled: z.number(),
  collapsed: z.number(),
  inFlight: z.number(),
  unaccounted: z.number(),
});
export type Ledger = z.infer<typeof ledgerSchema>;
