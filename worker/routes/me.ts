import * as z from "zod";
import { INBOX_FILTERS, INBOX_MARKS, SOCKET_PROTOCOL, markBodySchema, type InboxMark } from "@carillon/shared/inbox";
import { LIMITS } from "@carillon/shared/limits";
import { myEventSchema } from "@carillon/shared/my-event";
import { offeredTicket, readTicket } from "@carillon/shared/socket-ticket";
import { AppError, badRequest, unauthorized } from "../errors.ts";
import { shardOf } from "../pipeline/place.ts";
import { readOrg } from "../settings/org.ts";
import type { Preferences } from "@carillon/shared/preferences";
import { checkOrigin } from "./cors.ts";
import { showMyEvent } from "./my-event.ts";
import { preferencesAnswerSchema, preferencesBodySchema, savePreferences, showPreferences } from "./preferences.ts";
import { route, type Identity, type Route } from "./route.ts";

const inboxQuerySchema = z.object({
  filter: z.enum(INBOX_FILTERS).default("all"),
  q: z.string().max(200).optional(),
  type: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.page).default(20),
  cursor: z.string().max(40).optional(),
});
const nullableTime = z.string().nullable();
const itemSchema = z.object({
  id: z.string(),
  seq: z.number(),
  rev: z.number(),
  event: z.string(),
  type: z.string(),
  title: z.string(),
  body: z.string(),
  link: z.string().nullable(),
  priority: z.string(),
  silent: z.boolean(),
  createdAt: z.string(),
  seenAt: nullableTime,
  readAt: nullableTime,
  archivedAt: nullableTime,
  dismissedAt: nullableTime,
  why: z.string(),
});
const unreadSchema = z.object({ unread: z.number() });

const markRoute = (mark: InboxMark): Route =>
  route<z.infer<typeof markBodySchema>>({
    method: "POST",
    path: `/v1/me/inbox/${mark}`,
    caller: { kind: "user" },
    summary: MARK_SUMMARIES[mark],
    body: markBodySchema,
    answer: { schema: unreadSchema, description: "What is unread now" },
    handle: async ({ c, ports, who, body }) => c.json(await shardOfUser(ports, who).mark({ user: who.user, mark, ids: body.ids })),
  });
const MARK_SUMMARIES: Record<InboxMark, string> = {
  read: "Mark items as read.",
  unread: "Mark items as unread.",
  dismiss: "Take items out of the list; they stay in history and search.",
  archive: "Move items to the archive.",
  seen: "Note that items were shown.",
};

export const meRoutes: Route[] = [
  route<undefined, z.infer<typeof inboxQuerySchema>>({
    method: "GET",
    path: "/v1/me/inbox",
    caller: { kind: "user" },
    summary: "The person's items, newest first; with q a search over the whole history.",
    query: inboxQuerySchema,
    answer: { schema: z.object({ data: z.array(itemSchema), unread: z.number(), next: z.string().nullable() }), description: "A page" },
    async handle({ c, ports, who, query }) {
      const { filter, q, type, limit, cursor } = query;
      return c.json(
        await shardOfUser(ports, who).inbox({ user: who.user, filter, q: q ?? null, type: type ?? null, limit, cursor: cursor ?? null }),
      );
    },
  }),
  ...INBOX_MARKS.map(markRoute),
  route({
    method: "GET",
    path: "/v1/me/events/:id",
    caller: { kind: "user" },
    summary: "Why did I get this, and why not: what became of an event for this person, channel by channel.",
    answer: { schema: myEventSchema, description: "The person's own decisions" },
    handle: async ({ c, ports, who }) => c.json(await showMyEvent(ports, who, c.req.param("id") ?? "")),
  }),
  route({
    method: "GET",
    path: "/v1/me/preferences",
    caller: { kind: "user" },
    summary: "What the person has chosen, and within what.",
    answer: { schema: preferencesAnswerSchema, description: "The preferences" },
    handle: async ({ c, ports, who }) => c.json(await showPreferences(ports, who, who.user)),
  }),
  route<Preferences>({
    method: "PUT",
    path: "/v1/me/preferences",
    caller: { kind: "user" },
    summary: "Choose: cells that are not locked, quiet hours within the bounds, language, zone.",
    body: preferencesBodySchema as unknown as z.ZodType<Preferences>,
    answer: { schema: preferencesAnswerSchema, description: "The preferences as they stand now" },
    handle: async ({ c, ports, who, body }) => c.json(await savePreferences(ports, who, who.user, body)),
  }),
  route({
    method: "POST",
    path: "/v1/me/socket-ticket",
    caller: { kind: "user" },
    summary: "A one-time ticket for GET /v1/me/socket, good for a minute.",
    answer: { schema: z.object({ ticket: z.string(), expiresAt: z.string() }), description: "The ticket" },
    async handle({ c, ports, who }) {
      const expiresAt = ports.clock.now() + LIMITS.ticketSeconds * 1_000;
      const ticket = await shardOfUser(ports, who).socketTicket(who.user, expiresAt);
      return c.json({ ticket, expiresAt: new Date(expiresAt).toISOString() });
    },
  }),
  route({
    method: "GET",
    path: "/v1/me/socket",
    caller: { kind: "ticket" },
    summary: `Opens the socket; subprotocols \`${SOCKET_PROTOCOL}, ticket.<t>\`.`,
    answer: { status: 101, description: "The socket" },
    async handle({ c, ports }) {
      if (c.req.header("upgrade")?.toLowerCase() !== "websocket")
        throw new AppError(426, "socket.upgrade-needed", "This address speaks WebSocket only.");
      const protocols = c.req.header("sec-websocket-protocol");
      if (!(protocols ?? "").split(",").some((protocol) => protocol.trim() === SOCKET_PROTOCOL)) {
        throw badRequest("socket.protocol", `Offer the subprotocol ${SOCKET_PROTOCOL}.`);
      }
      const text = offeredTicket(protocols);
      const ticket = text === null ? null : readTicket(text);
      const org = ticket && (await readOrg(ports, ticket.org));
      if (!text || !ticket || !org || ticket.shard < 0 || ticket.shard >= org.shards)
        throw unauthorized("ticket.invalid", "The ticket is missing, used or expired.");
      await checkOrigin(c, ports, org);
      return ports.socket(c.req.raw, ticket.org, ticket.shard, text);
    },
  }),
];

const shardOfUser = (ports: Parameters<Route["handle"]>[0]["ports"], who: Identity) =>
  ports.shards.get(who.org, shardOf(who.user, who.shards));
