import * as z from "zod";
import type { EventPreview } from "@carillon/shared/broadcast";
import { CHANNELS } from "@carillon/shared/channels";
import { eventSchema } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import { REASONS } from "@carillon/shared/reasons";
import { previewEvent } from "../pipeline/preview.ts";
import { route, type Route } from "./route.ts";

const reasons = z.partialRecord(z.enum(REASONS), z.int());
const channelCounts = z.object({
  send: z.int(),
  hold: reasons,
  park: reasons,
  skip: reasons,
  segments: z.int().optional().describe("As how many SMS they count; of SMS only"),
});
const cost = z.object({ low: z.number(), high: z.number(), currency: z.literal("USD") });
const text = z.object({ title: z.string(), text: z.string() });

export const previewSchema = z.object({
  people: z.int(),
  reached: z.int().describe("How many of them are told on one channel at least, now or later"),
  channels: z.record(z.enum(CHANNELS), channelCounts),
  cost: z.partialRecord(z.enum(CHANNELS), cost).describe("By the provider's prices, from the cheapest country to a dear one"),
  firstAt: z.string().nullable().describe("When the first message leaves; null if none does"),
  lastAt: z.string().nullable(),
  decidedAt: z.string(),
  text: z.object({ "in-app": text, email: text, sms: text, push: text }).describe("What a person reads on each channel, in English"),
}) satisfies z.ZodType<EventPreview>;

/** Before an event is posted. */
export const previewRoutes: Route[] = [
  route<z.infer<typeof eventSchema>>({
    method: "POST",
    path: "/v1/events/preview",
    caller: { kind: "crm", scope: "simulate" },
    summary: "How many people an event would tell on which channel, when, why not, and at what cost. Nothing is stored or sent.",
    body: eventSchema,
    maxBytes: LIMITS.eventBytes,
    answer: { schema: previewSchema, description: "The preview" },
    handle: async ({ c, ports, who, body }) => c.json(await previewEvent(ports, who, body)),
  }),
];
