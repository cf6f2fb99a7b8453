import * as z from "zod";
import { CHANNELS } from "@carillon/shared/channels";
import { eventSchema } from "@carillon/shared/events";
import { REASONS } from "@carillon/shared/reasons";
import { readEvent } from "../pipeline/accept.ts";
import * as across from "../pipeline/across.ts";
import type { Ports } from "../ports.ts";
import { readSettings } from "../settings/store.ts";
import type { Identity } from "./route.ts";

/** An event as it would be posted, and the instant to decide at: past or future, now if absent. */
export const simulateBodySchema = eventSchema.safeExtend({ at: z.iso.datetime({ offset: true }).nullish() });

export const simulationSchema = z.object({
  decisions: z.array(
    z.object({
      user: z.string(),
      channel: z.enum(CHANNELS),
      do: z.enum(["send", "hold", "park", "skip"]),
      until: z.string().optional(),
      silent: z.boolean().optional(),
      why: z.enum(REASONS),
      details: z.looseObject({}),
    }),
  ),
});

/** Decided by the very code that decides in earnest. */
export async function answerSimulation(ports: Ports, who: Identity, { at, ...input }: z.infer<typeof simulateBodySchema>) {
  const { eventTypes } = await readSettings(ports, who.org, who.version);
  const event = readEvent(eventTypes, input, "simulation");
  return across.simulate(ports, who, event, at ? Date.parse(at) : null);
}
