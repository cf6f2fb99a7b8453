import * as z from "zod";
import { ROLES } from "@carillon/shared/access";
import { deliverySchema, ledgerSchema } from "@carillon/shared/ledger";
import { LIMITS } from "@carillon/shared/limits";
import { noteAct } from "../../access/audit.ts";
import { readHistory } from "../../settings/store.ts";
import {
  deliveryQuerySchema,
  findDelivery,
  findEvent,
  listDeliveries,
  rangeSchema,
  showLedger,
  retryDelivery,
  retryMatching,
} from "../crm.ts";
import { route, type Route } from "../route.ts";

const retriedSchema = z.object({ retried: z.int() });
const pageQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(LIMITS.page).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
});
const auditSchema = z.object({
  n: z.int(),
  at: z.string(),
  who: z.string(),
  role: z.enum(ROLES).nullable(),
  act: z.string(),
  what: z.string(),
  detail: z.record(z.string(), z.unknown()).nullable(),
});
const historySchema = z.object({ version: z.int(), at: z.string().nullable(), by: z.string().nullable(), what: z.string().nullable() });

export const logRoutes: Route[] = [
  route<undefined, z.infer<typeof deliveryQuerySchema>>({
    method: "GET",
    path: "/admin/api/deliveries",
    caller: { kind: "admin", role: "viewer" },
    summary: "The delivery log, newest first.",
    query: deliveryQuerySchema,
    answer: { schema: z.object({ data: z.array(deliverySchema), next: z.string().nullable() }), description: "A page" },
    handle: async ({ c, ports, who, query }) => c.json(await listDeliveries(ports, who, query)),
  }),
  route({
    method: "GET",
    path: "/admin/api/deliveries/:id",
    caller: { kind: "admin", role: "viewer" },
    summary: "One delivery with its attempts and receipts.",
    answer: { schema: deliverySchema, description: "The delivery" },
    handle: async ({ c, ports, who }) => c.json(await findDelivery(ports, who, c.req.param("id") ?? "")),
  }),
  route({
    method: "POST",
    path: "/admin/api/deliveries/:id/retry",
    caller: { kind: "admin", role: "operator" },
    summary: "Send one failed delivery once more.",
    answer: { schema: retriedSchema, description: "How many: 0 or 1" },
    async handle({ c, ports, who }) {
      const id = c.req.param("id") ?? "";
      const answer = await retryDelivery(ports, who, id);
      await noteAct(ports, who, "deliveries.retry", id, answer);
      return c.json(answer);
    },
  }),
  route<undefined, z.infer<typeof deliveryQuerySchema>>({
    method: "POST",
    path: "/admin/api/deliveries/retry",
    caller: { kind: "admin", role: "operator" },
    summary: "Send all failed deliveries that match the query once more.",
    query: deliveryQuerySchema,
    answer: { schema: retriedSchema, description: "How many" },
    async handle({ c, ports, who, query }) {
      const answer = await retryMatching(ports, who, query);
      await noteAct(ports, who, "deliveries.retry", "all that match", { ...answer, query });
      return c.json(answer);
    },
  }),
  route({
    method: "GET",
    path: "/admin/api/events/:id",
    caller: { kind: "admin", role: "viewer" },
    summary: "An event with every decision, attempt and receipt.",
    answer: { schema: z.object({ id: z.string(), type: z.string(), deliveries: z.array(deliverySchema) }), description: "The event" },
    handle: async ({ c, ports, who }) => c.json(await findEvent(ports, who, c.req.param("id") ?? "")),
  }),
  route<undefined, z.infer<typeof rangeSchema>>({
    method: "GET",
    path: "/admin/api/ledger",
    caller: { kind: "admin", role: "viewer" },
    summary: "The balance: accepted = the sum of all states. Of all time, or of [from, to).",
    query: rangeSchema,
    answer: { schema: ledgerSchema, description: "The balance" },
    handle: async ({ c, ports, who, query }) => c.json(await showLedger(ports, who, query)),
  }),
  route<undefined, z.infer<typeof pageQuerySchema>>({
    method: "GET",
    path: "/admin/api/audit",
    caller: { kind: "admin", role: "viewer" },
    summary: "Every admin act, newest first.",
    query: pageQuerySchema,
    answer: { schema: z.object({ data: z.array(auditSchema), next: z.string().nullable() }), description: "A page" },
    async handle({ c, ports, who, query }) {
      const { data, next } = await ports.shards.get(who.org, 0).auditLog({ limit: query.limit, cursor: query.cursor ?? null });
      return c.json({ data: data.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })), next });
    },
  }),
  route({
    method: "GET",
    path: "/admin/api/settings/history",
    caller: { kind: "admin", role: "viewer" },
    summary: "Who changed the settings and when, newest first.",
    answer: { schema: z.object({ data: z.array(historySchema), next: z.null() }), description: "All versions" },
    async handle({ c, ports, who }) {
      const history = await readHistory(ports, who.org);
      return c.json({
        data: history.map((entry) => ({ ...entry, at: entry.at === null ? null : new Date(entry.at).toISOString() })),
        next: null,
      });
    },
  }),
];
