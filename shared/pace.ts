import * as z from "zod";

/** What a provider takes from us, over all shards together; null for as much as comes. */
export const paceSchema = z.strictObject({
  /** Messages a second; less than one for those that count by the minute. */
  perSecond: z
    .number("A number such as 14 or 0.5")
    .min(0.01, "At least 0.01, which is one in 100 seconds")
    .max(1_000, "At most 1,000 a second")
    .nullable()
    .default(null),
  /** Connections (or requests) at the same time. */
  connections: z.int("A whole number").min(1, "At least one").max(50, "At most 50").nullable().default(null),
});
export type Pace = z.infer<typeof paceSchema>;

/** The pace among a channel's settings; null where nothing is limited. */
export function paceOf(settings: Record<string, unknown> | null): Pace | null {
  const { data } = paceSchema.safeParse(settings?.["pace"]);
  return data === undefined || (data.perSecond === null && data.connections === null) ? null : data;
}
