import type { Context } from "hono";
import * as z from "zod";
import { ROLES, adminTicketSchema, type SessionView } from "@carillon/shared/access";
import { takeAdminTicket } from "../../access/admin-tickets.ts";
import { adminUser } from "../../access/admin-user.ts";
import { noteAct } from "../../access/audit.ts";
import { checkSameOrigin } from "../../access/origin.ts";
import { RATES, countTry, forgetTries } from "../../access/rate-limit.ts";
import { clearedCookie, confirmSession, createSession, revokeSession, viewSession } from "../../access/sessions.ts";
import { mintUserToken } from "../../access/user-tokens.ts";
import type { Ports } from "../../ports.ts";
import { route, type Route } from "../route.ts";

const ticketSchema = z.strictObject({ ticket: z.string().min(1).max(200) });
const sessionSchema = z.object({
  admin: adminTicketSchema.shape.admin,
  role: z.enum(ROLES),
  org: z.string(),
  signedInAt: z.string(),
  confirmedAt: z.string(),
  allowPrivateHosts: z.boolean(),
  publicUrl: z.string(),
});
export const tokenSchema = z.object({ token: z.string(), expiresAt: z.string() });

export const sessionRoutes: Route[] = [
  route<z.infer<typeof ticketSchema>>({
    method: "POST",
    path: "/admin/api/session",
    caller: { kind: "ticket" },
    summary: "Sign in with a one-time ticket; the answer sets the session's cookie.",
    body: ticketSchema,
    answer: { schema: sessionSchema, description: "The session" },
    async handle({ c, ports, body }) {
      checkSameOrigin(c.req.raw, ports.config.publicUrl);
      const address = addressOf(c);
      await countTry(ports, RATES.signIn, address);
      const holder = await takeAdminTicket(ports, body.ticket);
      const { id, cookie } = await createSession(ports, holder);
      await noteAct(ports, holder, "sign-in", holder.admin.email);
      await forgetTries(ports, RATES.signIn, address);
      c.header("set-cookie", cookie);
      return c.json(withConfig(ports, await viewSession(ports, id)));
    },
  }),
  route({
    method: "GET",
    path: "/admin/api/session",
    caller: { kind: "admin", role: "viewer" },
    summary: "Who is signed in.",
    answer: { schema: sessionSchema, description: "The session" },
    handle: async ({ c, ports, who }) => c.json(withConfig(ports, await viewSession(ports, who.session))),
  }),
  route({
    method: "DELETE",
    path: "/admin/api/session",
    caller: { kind: "admin", role: "viewer" },
    summary: "Sign out.",
    answer: { status: 204, description: "Signed out" },
    async handle({ c, ports, who }) {
      await revokeSession(ports, { id: who.session, org: who.org, admin: who.admin });
      await noteAct(ports, who, "sign-out", who.admin.email);
      return c.body(null, 204, { "set-cookie": clearedCookie() });
    },
  }),
  route({
    method: "POST",
    path: "/admin/api/session/confirm",
    caller: { kind: "admin", role: "viewer" },
    summary: "Confirm to be there; secrets may be shown for 15 minutes after.",
    answer: { schema: sessionSchema, description: "The session" },
    async handle({ c, ports, who }) {
      await confirmSession(ports, who.session);
      await noteAct(ports, who, "session.confirm", who.admin.email);
      return c.json(withConfig(ports, await viewSession(ports, who.session)));
    },
  }),
  route({
    method: "POST",
    path: "/admin/api/me-token",
    caller: { kind: "admin", role: "viewer" },
    summary: "A user token for the admin's own bell.",
    answer: { schema: tokenSchema, description: "The token" },
    handle: async ({ c, ports, who }) =>
      c.json(await mintUserToken(ports, { org: who.org, user: adminUser(who.admin.id), shards: who.shards })),
  }),
];

/** The page offers what only a local start allows, and shows where providers reach us. */
const withConfig = ({ config }: Ports, session: SessionView) => ({
  ...session,
  allowPrivateHosts: config.allowPrivateHosts,
  publicUrl: config.publicUrl,
});

/** Cloudflare names the caller; without it all count as one, and tickets of 256 bits are no easier to guess for that. */
/** The address of the caller as the runtime knows it; a header alone could say anything. */
const addressOf = (c: Context): string => (c.env as { address?: string } | undefined)?.address ?? "any";
