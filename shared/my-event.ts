import * as z from "zod";
import { PRIORITIES } from "./event-types.ts";
import { deliverySchema } from "./ledger.ts";

/**
 * What became of an event for one person, channel by channel. `localUntil` is `until` on the clock of `timeZone`, the person's, e.g.
 * `2026-11-24T08:00`: a browser's own zone data may be out of date.
 */
export const myEventSchema = z.object({
  id: z.string(),
  type: z.string(),
  priority: z.enum(PRIORITIES),
  timeZone: z.string(),
  deliveries: z.array(deliverySchema.extend({ localUntil: z.string().optional() })),
});
export type MyEvent = z.infer<typeof myEventSchema>;
