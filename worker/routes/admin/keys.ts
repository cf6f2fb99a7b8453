import * as z from "zod";
import { SCOPES, apiKeyCreateSchema } from "@carillon/shared/access";
import { createKey, listKeys, revokeKey } from "../../access/api-keys.ts";
import { noteAct } from "../../access/audit.ts";
import { route, type Route } from "../route.ts";

const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
});

export const keyRoutes: Route[] = [
  route({
    method: "GET",
    path: "/admin/api/keys",
    caller: { kind: "admin", role: "admin" },
    summary: "The API keys, without their secrets.",
    answer: { schema: z.object({ data: z.array(keySchema) }), description: "The keys, newest first" },
    handle: async ({ c, ports, who }) => c.json({ data: await listKeys(ports, who.org) }),
  }),
  route<z.infer<typeof apiKeyCreateSchema>>({
    method: "POST",
    path: "/admin/api/keys",
    caller: { kind: "admin", role: "admin" },
    summary: "Make an API key. Its secret is in this answer and never shown again.",
    body: apiKeyCreateSchema,
    answer: { status: 201, schema: z.object({ key: keySchema, secret: z.string() }), description: "The key with its secret" },
    async handle({ c, ports, who, body }) {
      const made = await createKey(ports, who.org, body, who.admin.name);
      await noteAct(ports, who, "key.create", made.key.name, { id: made.key.id, scopes: made.key.scopes, expiresAt: made.key.expiresAt });
      return c.json(made, 201, { "cache-control": "no-store" });
    },
  }),
  route({
    method: "DELETE",
    path: "/admin/api/keys/:id",
    caller: { kind: "admin", role: "admin" },
    summary: "Revoke an API key at once.",
    answer: { status: 204, description: "Revoked" },
    async handle({ c, ports, who }) {
      const id = c.req.param("id") ?? "";
      await revokeKey(ports, who.org, id);
      await noteAct(ports, who, "key.revoke", id);
      return c.body(null, 204);
    },
  }),
];
