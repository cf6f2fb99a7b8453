import * as z from "zod";
import { isReady, readinessOf } from "../settings/readiness.ts";
import { route, type Route } from "./route.ts";

export const healthRoutes: Route[] = [
  route({
    method: "GET",
    path: "/healthz",
    caller: { kind: "public" },
    summary: "Alive.",
    answer: { schema: z.object({ ok: z.boolean() }), description: "Alive" },
    handle: ({ c }) => c.json({ ok: true }),
  }),
  route({
    method: "GET",
    path: "/readyz",
    caller: { kind: "public" },
    summary: "Ready: store, queue, shards, keys (every saved secret opens with them) and time-zone data.",
    answer: {
      schema: z.object({ ok: z.boolean(), parts: z.record(z.string(), z.boolean()) }),
      description: "Ready; 503 when a part is not",
    },
    async handle({ c, ports }) {
      const parts = await readinessOf(ports);
      const ok = isReady(parts);
      return c.json({ ok, parts }, ok ? 200 : 503);
    },
  }),
];
