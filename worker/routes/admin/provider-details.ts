import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import { channelTestSchema } from "@carillon/shared/settings";
import { noteAct } from "../../access/audit.ts";
import { RATES, countTry } from "../../access/rate-limit.ts";
import { generatePair } from "../../settings/push-keys.ts";
import { listTemplates } from "../../settings/whatsapp-templates.ts";
import { route, type Route } from "../route.ts";

const templatesSchema = z.object({
  templates: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      language: z.string(),
      status: z.string(),
      category: z.string(),
      quality: z.string(),
      text: z.string(),
      parameters: z.object({ header: z.array(z.string()), body: z.array(z.string()), button: z.array(z.string()) }),
    }),
  ),
  fetchedAt: z.string(),
});
const formSchema = channelTestSchema.omit({ to: true });
const TEMPLATES = "/admin/api/channels/whatsapp/templates";

/** What only one channel has: WhatsApp's templates, and the keys and browsers of push. */
export const providerRoutes: Route[] = [
  route({
    method: "GET",
    path: TEMPLATES,
    caller: { kind: "admin", role: "viewer" },
    summary: "The WhatsApp templates as Meta has them now, with the saved values.",
    answer: { schema: templatesSchema, description: "All templates with state and quality" },
    async handle({ c, ports, who }) {
      await countTry(ports, RATES.templates, who.org);
      return c.json(await listTemplates(ports, who, {}));
    },
  }),
  route<z.infer<typeof formSchema>>({
    method: "POST",
    path: TEMPLATES,
    caller: { kind: "admin", role: "operator" },
    summary: "The same with values that need not be saved.",
    body: formSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: templatesSchema, description: "All templates with state and quality" },
    async handle({ c, ports, who, body }) {
      await countTry(ports, RATES.templates, who.org);
      return c.json(await listTemplates(ports, who, body));
    },
  }),
  route({
    method: "POST",
    path: "/admin/api/channels/push/vapid",
    caller: { kind: "admin", role: "admin" },
    summary: "Generate a VAPID pair. It takes effect when its public key is saved within 30 minutes; the private key stays here.",
    answer: { schema: z.object({ publicKey: z.string(), expiresAt: z.string() }), description: "The public key" },
    async handle({ c, ports, who }) {
      const { publicKey, expiresAt } = await generatePair(ports, who.org);
      await noteAct(ports, who, "channel.generate-keys", "push", { publicKey });
      return c.json({ publicKey, expiresAt: new Date(expiresAt).toISOString() });
    },
  }),
  route({
    method: "GET",
    path: "/admin/api/channels/push/browsers",
    caller: { kind: "admin", role: "viewer" },
    summary: "How many browsers take push messages, of how many people, and how many with each VAPID key.",
    answer: {
      schema: z.object({ browsers: z.int(), people: z.int(), byKey: z.record(z.string(), z.int()) }),
      description: "The counts",
    },
    async handle({ c, ports, who }) {
      const all = await Promise.all(Array.from({ length: who.shards }, (_, shard) => ports.shards.get(who.org, shard).pushStatus()));
      const byKey: Record<string, number> = {};
      for (const [key, count] of all.flatMap((one) => Object.entries(one.byKey))) byKey[key] = (byKey[key] ?? 0) + count;
      const sum = (count: "browsers" | "people") => all.reduce((total, one) => total + one[count], 0);
      return c.json({ browsers: sum("browsers"), people: sum("people"), byKey });
    },
  }),
];
