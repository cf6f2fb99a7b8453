import { initialRetention, retentionSchema, type Retention } from "@carillon/shared/retention";
import { LIMITS } from "@carillon/shared/limits";
import { noteAct } from "../../access/audit.ts";
import { saveRetention } from "../../settings/retention.ts";
import { readSettings } from "../../settings/store.ts";
import { route, type Route } from "../route.ts";

/** For how long what is kept. */
export const retentionRoutes: Route[] = [
  route({
    method: "GET",
    path: "/admin/api/retention",
    caller: { kind: "admin", role: "viewer" },
    summary: "For how many days inbox items, the log, the audit log and past settings are kept; null is for ever.",
    answer: { schema: retentionSchema, description: "The days" },
    handle: async ({ c, ports, who }) => c.json((await readSettings(ports, who.org, who.version)).retention ?? initialRetention()),
  }),
  route<Retention>({
    method: "PUT",
    path: "/admin/api/retention",
    caller: { kind: "admin", role: "owner" },
    summary: "Save for how long things are kept. What is older is removed within hours, and can't be had back; what is not settled stays.",
    body: retentionSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: retentionSchema, description: "The days as they stand now" },
    async handle({ c, ports, who, body }) {
      const saved = await saveRetention(ports, who.org, who.admin.name, body);
      await noteAct(ports, who, "retention.save", "retention", { ...saved });
      return c.json(saved);
    },
  }),
];
