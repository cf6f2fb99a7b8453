import * as z from "zod";
import { adminTicketSchema, tokenRequestSchema } from "@carillon/shared/access";
import { userIdSchema } from "@carillon/shared/people";
import { createAdminTicket, ticketUrl } from "../access/admin-tickets.ts";
import { bootstrap, bootstrapSchema } from "../access/bootstrap.ts";
import { RATES, countTry, forgetTries } from "../access/rate-limit.ts";
import { bearerOf, isSame } from "../access/secrets.ts";
import { mintUserToken } from "../access/user-tokens.ts";
import { notFound, unauthorized } from "../errors.ts";
import { tokenSchema } from "./admin/session.ts";
import { route, type Route } from "./route.ts";

const userTokenRequestSchema = tokenRequestSchema.extend({ user: userIdSchema });
const ticketSchema = z.object({ ticket: z.string(), url: z.string(), expiresAt: z.string() });

/** How people and organisations get their credentials. */
export const authRoutes: Route[] = [
  route<z.infer<typeof userTokenRequestSchema>>({
    method: "POST",
    path: "/v1/tokens",
    caller: { kind: "crm", scope: "tokens" },
    summary: "A token for one person's browser, for 15 minutes at the most.",
    body: userTokenRequestSchema,
    answer: { schema: tokenSchema, description: "The token" },
    handle: async ({ c, ports, who, body }) =>
      c.json(await mintUserToken(ports, { org: who.org, user: body.user, shards: who.shards }, body.ttl)),
  }),
  route<z.infer<typeof adminTicketSchema>>({
    method: "POST",
    path: "/v1/admin-tickets",
    caller: { kind: "crm", scope: "admin-tickets" },
    summary: "A one-time sign-in to the admin page, good for a minute.",
    body: adminTicketSchema,
    answer: { schema: ticketSchema, description: "Send the admin's browser to `url`" },
    async handle({ c, ports, who, body }) {
      const { ticket, expiresAt } = await createAdminTicket(ports, { org: who.org, ...body });
      return c.json({ ticket, url: ticketUrl(ports.config.publicUrl, ticket), expiresAt });
    },
  }),
  route<z.infer<typeof bootstrapSchema>>({
    method: "POST",
    path: "/internal/bootstrap",
    caller: { kind: "ticket" },
    summary: "Make an organisation with its owner's sign-in link and first API key. Needs the deployment's bootstrap token.",
    body: bootstrapSchema,
    answer: { status: 201, schema: ticketSchema.extend({ org: z.string(), apiKey: z.string() }), description: "Shown once" },
    async handle({ c, ports, body }) {
      const { bootstrapToken } = ports.config;
      if (bootstrapToken === null) throw notFound("route");
      await countTry(ports, RATES.signIn, "bootstrap");
      if (!isSame(bearerOf(c.req.header("authorization")) ?? "", bootstrapToken))
        throw unauthorized("bootstrap.token", "The bootstrap token is missing or wrong.");
      await forgetTries(ports, RATES.signIn, "bootstrap");
      return c.json(await bootstrap(ports, body), 201, { "cache-control": "no-store" });
    },
  }),
];
