import * as z from "zod";
import { adminTicketSchema, tokenRequestSchema } from "@carillon/shared/access";
import { LIMITS } from "@carillon/shared/limits";
import { createAdminTicket, ticketUrl } from "../access/admin-tickets.ts";
import { checkSameOrigin } from "../access/origin.ts";
import { bearerOf, isSame } from "../access/secrets.ts";
import { mintUserToken } from "../access/user-tokens.ts";
import { notFound, unauthorized } from "../errors.ts";
import { shardOf } from "../pipeline/place.ts";
import type { Config, Ports } from "../ports.ts";
import { readOrg, type Org } from "../settings/org.ts";
import { tokenSchema } from "./admin/session.ts";
import { route, type Route } from "./route.ts";

/** The start prints its link once and whoever reads it may take a day. */
const START_TICKET_SECONDS = 24 * 3_600;
/** What a local start seeds. */
const DEMO_ORG = "demo";
const DEMO_USERS = ["u1", "u2", "u3", "u4", "u5"];

const signInSchema = z.strictObject({ org: z.string().min(1).max(40), admin: adminTicketSchema.shape.admin });
const demoTokenSchema = tokenRequestSchema.pick({ user: true });
const personSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  timeZone: z.string().nullable(),
});

/** What only a local start serves: fresh sign-in links for its output, and the demo page's own small CRM. */
export const localRoutes: Route[] = [
  route<z.infer<typeof signInSchema>>({
    method: "POST",
    path: "/internal/local/sign-in",
    caller: { kind: "local" },
    summary: "A fresh sign-in link for the start-up output.",
    body: signInSchema,
    answer: { schema: z.object({ ticket: z.string(), url: z.string(), expiresAt: z.string() }), description: "The link" },
    async handle({ c, ports, body }) {
      if (!isSame(bearerOf(c.req.header("authorization")) ?? "", local(ports).token))
        throw unauthorized("local.token", "The start's own token is missing or wrong.");
      if (!(await readOrg(ports, body.org))) throw notFound("organisation");
      const { ticket, expiresAt } = await createAdminTicket(
        ports,
        { org: body.org, admin: body.admin, role: "owner" },
        START_TICKET_SECONDS,
      );
      return c.json({ ticket, url: ticketUrl(ports.config.publicUrl, ticket), expiresAt });
    },
  }),
  route({
    method: "GET",
    path: "/demo/api/people",
    caller: { kind: "local" },
    summary: "The seeded people.",
    answer: { schema: z.object({ data: z.array(personSchema) }), description: "The people" },
    async handle({ c, ports }) {
      const org = await demoOrg(ports);
      const people = await Promise.all(DEMO_USERS.map((id) => ports.shards.get(org.org, shardOf(id, org.shards)).user(id)));
      return c.json({
        data: people.filter((person) => person !== null).map(({ id, name, email, timeZone }) => ({ id, name, email, timeZone })),
      });
    },
  }),
  route({
    method: "GET",
    path: "/demo/api/info",
    caller: { kind: "local" },
    summary: "Where the sandbox and the admin page are.",
    answer: { schema: z.object({ sandboxUrl: z.string(), adminUrl: z.string() }), description: "The addresses" },
    handle: ({ c, ports }) => c.json({ sandboxUrl: local(ports).sandboxUrl, adminUrl: `${ports.config.publicUrl}/` }),
  }),
  route<z.infer<typeof demoTokenSchema>>({
    method: "POST",
    path: "/demo/api/token",
    caller: { kind: "local" },
    summary: "A user token for one of the seeded people, as a CRM's backend would get it.",
    body: demoTokenSchema,
    answer: { schema: tokenSchema, description: "The token" },
    async handle({ c, ports, body }) {
      checkSameOrigin(c.req.raw, ports.config.publicUrl);
      if (!DEMO_USERS.includes(body.user)) throw notFound("demo user");
      const org = await demoOrg(ports);
      return c.json(await mintUserToken(ports, { org: org.org, user: body.user, shards: org.shards }));
    },
  }),
  route<unknown>({
    method: "POST",
    path: "/demo/api/events",
    caller: { kind: "local" },
    summary: "Posts the event just as a CRM would: with the seeded key, over the same route.",
    body: z.unknown(),
    parsesItself: true,
    maxBytes: LIMITS.eventBytes,
    answer: { status: 202, schema: z.object({ id: z.string(), accepted: z.int(), duplicate: z.boolean() }), description: "Accepted" },
    async handle({ c, ports, raw }) {
      checkSameOrigin(c.req.raw, ports.config.publicUrl);
      const headers = { authorization: `Bearer ${local(ports).demoKey}`, "content-type": "application/json" };
      const answer = await ports.self(new Request(new URL("/v1/events", c.req.url), { method: "POST", headers, body: raw }));
      return new Response(answer.body, {
        status: answer.status,
        headers: { "content-type": answer.headers.get("content-type") ?? "application/json" },
      });
    },
  }),
];

/** The guard lets none of these through unless this is a local start. */
function local({ config }: Pick<Ports, "config">): NonNullable<Config["local"]> {
  if (!config.local) throw notFound("page");
  return config.local;
}

async function demoOrg(ports: Ports): Promise<Org> {
  const org = await readOrg(ports, DEMO_ORG);
  if (!org) throw notFound("demo organisation");
  return org;
}
