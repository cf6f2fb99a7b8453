import * as z from "zod";
import { GROUP_KINDS, audienceSchema } from "@carillon/shared/audience";
import { BROADCAST_STATES } from "@carillon/shared/broadcast";
import { PRIORITIES } from "@carillon/shared/event-types";
import { EVENT_ID, eventSchema } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import { noteAct } from "../../access/audit.ts";
import { notFound } from "../../errors.ts";
import { acceptEvent, readEvent } from "../../pipeline/accept.ts";
import { cancel } from "../../pipeline/across.ts";
import { listAudiences, listBroadcasts } from "../../pipeline/broadcasts.ts";
import { previewEvent } from "../../pipeline/preview.ts";
import { readSettings } from "../../settings/store.ts";
import { previewSchema } from "../broadcast.ts";
import { route, type Route } from "../route.ts";

const LISTED = 20;

/** An event for an audience, under an id that the page has made: the same once more is sent once. */
const broadcastSchema = eventSchema.safeExtend({
  id: z.string().regex(EVENT_ID, "1 to 200 printable ASCII characters without blanks"),
  audience: audienceSchema,
});
const audiencesSchema = z.object({
  people: z.int(),
  groups: z.array(z.object({ kind: z.enum(GROUP_KINDS), name: z.string(), people: z.int() })),
});
const broadcastViewSchema = z.object({
  id: z.string(),
  type: z.string(),
  typeName: z.string().nullable(),
  title: z.string().nullable(),
  priority: z.enum(PRIORITIES),
  acceptedAt: z.string(),
  deliverAt: z.string().nullable(),
  people: z.int(),
  told: z.int(),
  state: z.enum(BROADCAST_STATES).describe("told: all its people were, but for whoever has left its audience since"),
  sent: z.object({ by: z.string(), audience: audienceSchema }).nullable(),
});

/** An event to many, sent by an admin. */
export const broadcastRoutes: Route[] = [
  route({
    method: "GET",
    path: "/admin/api/audiences",
    caller: { kind: "admin", role: "viewer" },
    summary: "Whom an event can be for: how many people there are, and their roles, teams and lists.",
    answer: { schema: audiencesSchema, description: "The audiences" },
    handle: async ({ c, ports, who }) => c.json(await listAudiences(ports, who)),
  }),
  route<z.infer<typeof eventSchema>>({
    method: "POST",
    path: "/admin/api/broadcast/preview",
    caller: { kind: "admin", role: "viewer" },
    summary: "How many people an event would tell on which channel, when, why not, and at what cost. Nothing is stored or sent.",
    body: eventSchema,
    maxBytes: LIMITS.eventBytes,
    answer: { schema: previewSchema, description: "The preview" },
    handle: async ({ c, ports, who, body }) => c.json(await previewEvent(ports, who, body)),
  }),
  route<z.infer<typeof broadcastSchema>>({
    method: "POST",
    path: "/admin/api/broadcast",
    caller: { kind: "admin", role: "admin" },
    summary: "Send an event to an audience. 202 once it is durable; the same id with the same body is a duplicate.",
    body: broadcastSchema,
    maxBytes: LIMITS.eventBytes,
    answer: {
      status: 202,
      schema: z.object({ id: z.string(), accepted: z.int(), duplicate: z.boolean() }),
      description: "Accepted; people are told slice by slice",
    },
    async handle({ c, ports, who, body }) {
      const { id, type, audience, priority, deliverAt } = body;
      readEvent((await readSettings(ports, who.org, who.version)).eventTypes, body, id);
      // Before it is sent: nothing may go to everybody without a name to it.
      await noteAct(ports, who, "broadcast.send", id, { audience, type, priority: priority ?? null, deliverAt: deliverAt ?? null });
      return c.json(await acceptEvent(ports, who, body, null), 202);
    },
  }),
  route({
    method: "GET",
    path: "/admin/api/broadcasts",
    caller: { kind: "admin", role: "viewer" },
    summary: `The last ${LISTED} events for many people, newest first, and how far they are.`,
    answer: { schema: z.object({ data: z.array(broadcastViewSchema) }), description: "The events" },
    handle: async ({ c, ports, who }) => c.json({ data: await listBroadcasts(ports, who, LISTED) }),
  }),
  route({
    method: "POST",
    path: "/admin/api/events/:id/cancel",
    caller: { kind: "admin", role: "operator" },
    summary: "Cancels what of an event is not sent yet, and whoever is not told yet never is.",
    answer: { schema: z.object({ id: z.string(), cancelled: z.int() }), description: "How many deliveries were cancelled" },
    async handle({ c, ports, who }) {
      const id = c.req.param("id") ?? "";
      const answer = await cancel(ports, who, id);
      if (!answer) throw notFound("event");
      await noteAct(ports, who, "event.cancel", id, answer);
      return c.json({ id, cancelled: answer.cancelled });
    },
  }),
];
