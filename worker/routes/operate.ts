import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import { rearmOrg } from "../pipeline/rearm.ts";
import { exportSettings, importSettings, settingsLineSchema, type SettingsLine } from "../settings/transfer.ts";
import { linesOf } from "./lines.ts";
import { route, type Route } from "./route.ts";

/** What a backup of the settings calls; the bootstrap token opens it. */
export const operateRoutes: Route[] = [
  route({
    method: "GET",
    path: "/internal/settings",
    caller: { kind: "operator", token: "bootstrap" },
    summary: "All organisations' settings as JSON lines, secrets sealed, API keys as hashes.",
    answer: { type: "application/x-ndjson", description: "The lines" },
    handle: ({ ports }) => linesOf(exportSettings(ports)),
  }),
  route<SettingsLine>({
    method: "POST",
    path: "/internal/settings",
    caller: { kind: "operator", token: "bootstrap" },
    summary: "Take on one such line of an organisation that is not here yet; its record comes last.",
    body: settingsLineSchema,
    maxBytes: LIMITS.batchBytes,
    answer: { schema: z.object({ taken: z.boolean() }), description: "Taken" },
    async handle({ c, ports, body }) {
      await importSettings(ports, body);
      if ("record" in body) ports.background(rearmOrg(ports, { org: body.org, shards: Number(body.record["shards"]) }));
      return c.json({ taken: true });
    },
  }),
];
