import * as z from "zod";
import { EXTERNAL_CHANNELS } from "@carillon/shared/channels";
import { Unavailable, unauthorized } from "../errors.ts";
import { log } from "../log.ts";
import { deliver } from "../pipeline/deliver.ts";
import { rearmAll } from "../pipeline/rearm.ts";
import { route, type Route } from "./route.ts";

const jobSchema = z.object({
  org: z.string().regex(/^[a-z0-9-]{1,40}$/),
  shard: z.int().min(0).max(999_999),
  channel: z.enum(EXTERNAL_CHANNELS),
  at: z.number(),
  number: z.string().max(60),
});

/**
 * What the queue calls. 2xx once the outcome is in the ledger, whatever it is; 503 when the shard can't be reached, so that the
 * queue comes again; 489 for an envelope that can't be read, which no repeat would mend.
 */
export const jobRoutes: Route[] = [
  route({
    method: "POST",
    path: "/internal/jobs/deliver",
    caller: { kind: "queue" },
    summary: "A wake-up: serve what is due on a channel of a shard.",
    answer: { description: "Served" },
    async handle({ c, ports, raw }) {
      const job = jobSchema.safeParse(parseJson(raw));
      if (!job.success) {
        log("warn", "unreadable wake-up", { count: job.error.issues.length });
        return c.json({ error: "unreadable" }, 489 as 400, { "upstash-nonretryable-error": "true" });
      }
      try {
        await deliver(ports, job.data);
        return c.json({ served: true });
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        return c.json({ error: error.message }, 503, { "retry-after": "10" });
      }
    },
  }),
  route({
    method: "POST",
    path: "/internal/cron",
    caller: { kind: "local" },
    summary: "Arms every shard's timer, where the runtime has no cron of its own.",
    answer: { description: "Armed" },
    async handle({ c, ports }) {
      if (c.req.header("authorization") !== `Bearer ${ports.config.local?.token}`)
        throw unauthorized("local.token", "This needs the local start's token.");
      await rearmAll(ports);
      return c.json({ armed: true });
    },
  }),
  route({
    method: "POST",
    path: "/internal/jobs/failed",
    caller: { kind: "queue" },
    summary: "A wake-up that the queue has given up; the sweep will wake again, so it is only noted.",
    answer: { description: "Noted" },
    handle({ c }) {
      log("warn", "the queue gave a wake-up up");
      return c.json({ noted: true });
    },
  }),
];

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // The schema refuses it.
  }
}
