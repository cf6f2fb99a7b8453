import * as z from "zod";
import type { RoutingCells } from "@carillon/shared/event-types";
import { LIMITS } from "@carillon/shared/limits";
import { eventTypesPutSchema, ownEventTypeSchema, routingRowSchema, viewEventTypes, type EventTypes } from "@carillon/shared/own-events";
import { quietHoursSchema, type QuietHours } from "@carillon/shared/quiet-hours";
import * as across from "../../pipeline/across.ts";
import { noteAct } from "../../access/audit.ts";
import { invalid } from "../../errors.ts";
import { routedTypes, saveEventTypes } from "../../settings/event-types.ts";
import { saveSection } from "../../settings/sections.ts";
import { readSettings } from "../../settings/store.ts";
import { answerSimulation, simulateBodySchema, simulationSchema } from "../simulate.ts";
import { route, type Route } from "../route.ts";

const routingSchema = z.object({ version: z.int(), cells: z.record(z.string().max(50), routingRowSchema) });
const eventTypesSchema = z.object({
  version: z.int(),
  types: z.array(ownEventTypeSchema.extend({ type: z.string(), builtIn: z.boolean() })),
});
const quietNowSchema = z.object({
  people: z.int(),
  quiet: z.int(),
  users: z.array(z.object({ id: z.string(), name: z.string().nullable(), until: z.string() })),
  held: z.int(),
  nextRelease: z.string().nullable(),
});

const PEOPLE_SHOWN = 20;
const peopleQuerySchema = z.object({ q: z.string().trim().max(200).default("") });
const peopleSchema = z.object({ data: z.array(z.object({ id: z.string(), name: z.string().nullable(), email: z.string().nullable() })) });

/** Who is told what, where and when. */
export const ruleRoutes: Route[] = [
  route({
    method: "GET",
    path: "/admin/api/routing",
    caller: { kind: "admin", role: "viewer" },
    summary: "The routing matrix: every event by five channels.",
    answer: { schema: routingSchema, description: "The matrix" },
    handle: async ({ c, ports, who }) => c.json((await readSettings(ports, who.org, who.version)).routing),
  }),
  route<{ version: number; cells: RoutingCells }>({
    method: "PUT",
    path: "/admin/api/routing",
    caller: { kind: "admin", role: "admin" },
    summary: "Save the matrix, whole. What waits on a route that is off now is cancelled.",
    body: routingSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: routingSchema, description: "The matrix as it stands now" },
    async handle({ c, ports, who, body }) {
      const { routing, eventTypes } = await readSettings(ports, who.org, who.version);
      // A form made before somebody added an event lacks its row; that is a conflict, which the save tells.
      if (routing.version === body.version) checkRows(body.cells, eventTypes);
      const saved = await saveSection(ports, who.org, who.admin.name, "routing", body);
      await noteAct(ports, who, "routing.save", "event routing", { version: saved.version });
      return c.json(saved);
    },
  }),
  route({
    method: "GET",
    path: "/admin/api/quiet-hours",
    caller: { kind: "admin", role: "viewer" },
    summary: "The organisation's quiet hours, and the bounds of persons.",
    answer: { schema: quietHoursSchema, description: "The quiet hours" },
    handle: async ({ c, ports, who }) => c.json((await readSettings(ports, who.org, who.version)).quietHours),
  }),
  route<QuietHours>({
    method: "PUT",
    path: "/admin/api/quiet-hours",
    caller: { kind: "admin", role: "admin" },
    summary: "Save quiet hours. What is held is planned anew at once.",
    body: quietHoursSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: quietHoursSchema, description: "The quiet hours as they stand now" },
    async handle({ c, ports, who, body }) {
      const saved = await saveSection(ports, who.org, who.admin.name, "quietHours", body);
      await noteAct(ports, who, "quiet-hours.save", "quiet hours", { version: saved.version, enabled: saved.enabled });
      return c.json(saved);
    },
  }),
  route({
    method: "GET",
    path: "/admin/api/quiet-hours/now",
    caller: { kind: "admin", role: "viewer" },
    summary: "Who is quiet now, how much is held, and when the next of it is released.",
    answer: { schema: quietNowSchema, description: "Now" },
    handle: async ({ c, ports, who }) => c.json(await across.quietNow(ports, who)),
  }),
  route<undefined, z.infer<typeof peopleQuerySchema>>({
    method: "GET",
    path: "/admin/api/users",
    caller: { kind: "admin", role: "viewer" },
    summary: `The CRM's people whose id, email or a part of whose name begins with q, at most ${PEOPLE_SHOWN}.`,
    query: peopleQuerySchema,
    answer: { schema: peopleSchema, description: "Some people" },
    async handle({ c, ports, who, query }) {
      const found = await Promise.all(
        across.everyShard(ports, who).map((shard) => shard.suggestUsers({ q: query.q, limit: PEOPLE_SHOWN })),
      );
      return c.json({
        data: found
          .flat()
          .slice(0, PEOPLE_SHOWN)
          .map(({ id, name, email }) => ({ id, name, email })),
      });
    },
  }),
  route<z.infer<typeof simulateBodySchema>>({
    method: "POST",
    path: "/admin/api/simulate",
    caller: { kind: "admin", role: "viewer" },
    summary: "What would happen to an event, and why. Nothing is stored or sent.",
    body: simulateBodySchema,
    maxBytes: LIMITS.eventBytes,
    answer: { schema: simulationSchema, description: "The decisions" },
    handle: async ({ c, ports, who, body }) => c.json(await answerSimulation(ports, who, body)),
  }),
  route({
    method: "GET",
    path: "/admin/api/event-types",
    caller: { kind: "admin", role: "viewer" },
    summary: "The event types: the built-in ones and the organisation's own.",
    answer: { schema: eventTypesSchema, description: "The types" },
    handle: async ({ c, ports, who }) => c.json(viewEventTypes((await readSettings(ports, who.org, who.version)).eventTypes)),
  }),
  route<z.infer<typeof eventTypesPutSchema>>({
    method: "PUT",
    path: "/admin/api/event-types",
    caller: { kind: "admin", role: "admin" },
    summary:
      "Save the list, whole: own types with name, description, priority, a JSON Schema of data and default routing; of built-in ones the priority. One left out is archived.",
    body: eventTypesPutSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: eventTypesSchema, description: "The types as they stand now" },
    async handle({ c, ports, who, body }) {
      const saved = await saveEventTypes(ports, who.org, who.admin.name, body);
      await noteAct(ports, who, "event-types.save", "event types", { version: saved.version });
      return c.json(saved);
    },
  }),
];

/** Every known type has its row, and there are no others: a missing one would be off without anybody having said so. */
function checkRows(cells: RoutingCells, types: EventTypes): void {
  const known = routedTypes(types);
  const issues = [
    ...known.filter((type) => !Object.hasOwn(cells, type)).map((type) => ({ path: `cells.${type}`, message: "This event has no row" })),
    ...Object.keys(cells)
      .filter((type) => !known.includes(type))
      .map((type) => ({ path: `cells.${type}`, message: "There is no such event type" })),
  ];
  if (issues.length > 0) throw invalid("settings.invalid", "The matrix does not fit the event types; see errors.", issues);
}
