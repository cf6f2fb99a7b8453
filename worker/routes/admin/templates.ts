import type { Context } from "hono";
import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import { TEXT_CHANNELS, previewBodySchema, templatePutSchema } from "@carillon/shared/templates";
import { LANGUAGES } from "@carillon/shared/texts";
import { noteAct } from "../../access/audit.ts";
import type { Ports } from "../../ports.ts";
import { readSettings } from "../../settings/store.ts";
import { previewText } from "../../settings/text-preview.ts";
import { listTexts, placeOf, resetText, saveText, viewText, type TextPlace } from "../../settings/texts.ts";
import { route, type Identity, type Route } from "../route.ts";

const sourceSchema = z.object({ title: z.string(), body: z.string(), action: z.string() });
const viewSchema = z.object({
  type: z.string(),
  channel: z.enum(TEXT_CHANNELS),
  locale: z.enum(LANGUAGES),
  version: z.int(),
  changed: z.boolean(),
  ...sourceSchema.shape,
  builtIn: sourceSchema,
  variables: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(["text", "time", "amount", "percent", "count"]),
      description: z.string(),
      sample: z.string(),
      mayBeMissing: z.boolean(),
    }),
  ),
});
const listSchema = z.object({
  version: z.int(),
  data: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      description: z.string(),
      builtIn: z.boolean(),
      changed: z.record(z.enum(TEXT_CHANNELS), z.array(z.enum(LANGUAGES))),
    }),
  ),
});
const previewSchema = z.object({
  event: z.object({ id: z.string(), at: z.string() }).nullable(),
  title: z.string(),
  text: z.string(),
  action: z.string(),
  html: z.string().optional(),
  sms: z.object({ encoding: z.enum(["GSM-7", "UCS-2"]), units: z.int(), segments: z.int(), left: z.int() }).optional(),
});
const resetQuerySchema = z.object({ version: z.coerce.number().int().optional() });

const PATH = "/admin/api/templates/:type/:channel/:locale";

/** What is said of an event on a channel. */
export const templateRoutes: Route[] = [
  route({
    method: "GET",
    path: "/admin/api/templates",
    caller: { kind: "admin", role: "viewer" },
    summary: "Every event type, and the languages in which its texts differ from the built-in ones, by channel.",
    answer: { schema: listSchema, description: "The event types" },
    handle: async ({ c, ports, who }) => c.json(listTexts(await readSettings(ports, who.org, who.version))),
  }),
  route({
    method: "GET",
    path: PATH,
    caller: { kind: "admin", role: "viewer" },
    summary: "One text in ICU MessageFormat, the built-in one, and the variables that it may name.",
    answer: { schema: viewSchema, description: "The text" },
    async handle({ c, ports, who }) {
      const { settings, place } = await lookUp(c, ports, who);
      return c.json(viewText(settings, place));
    },
  }),
  route<z.infer<typeof templatePutSchema>>({
    method: "PUT",
    path: PATH,
    caller: { kind: "admin", role: "admin" },
    summary: "Save a text. It holds for all that is not sent yet; items in a bell keep theirs.",
    body: templatePutSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: viewSchema, description: "The text as it stands now" },
    async handle({ c, ports, who, body }) {
      const { place } = await lookUp(c, ports, who);
      const saved = await saveText(ports, who.org, who.admin.name, place, body);
      await noteAct(ports, who, "template.save", wordsOf(place), { version: saved.version, changed: saved.changed });
      return c.json(saved);
    },
  }),
  route<undefined, z.infer<typeof resetQuerySchema>>({
    method: "DELETE",
    path: PATH,
    caller: { kind: "admin", role: "admin" },
    summary: "Back to the built-in text. `version` is the one that was read; without it, whatever was saved last.",
    query: resetQuerySchema,
    answer: { schema: viewSchema, description: "The text as it stands now" },
    async handle({ c, ports, who, query }) {
      const { place } = await lookUp(c, ports, who);
      const saved = await resetText(ports, who.org, who.admin.name, place, query.version ?? null);
      await noteAct(ports, who, "template.reset", wordsOf(place), { version: saved.version });
      return c.json(saved);
    },
  }),
  route<z.infer<typeof previewBodySchema>>({
    method: "POST",
    path: `${PATH}/preview`,
    caller: { kind: "admin", role: "viewer" },
    summary:
      "A text as it would be sent, with a real event (`event`, or the newest by `useLatest`) or with sample data. Nothing is stored.",
    body: previewBodySchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: previewSchema, description: "The message" },
    async handle({ c, ports, who, body }) {
      const { settings, place } = await lookUp(c, ports, who);
      return c.json(await previewText(ports, who.org, settings, place, body));
    },
  }),
];

async function lookUp(c: Context, ports: Ports, who: Identity) {
  const settings = await readSettings(ports, who.org, who.version);
  const path = { type: c.req.param("type") ?? "", channel: c.req.param("channel") ?? "", locale: c.req.param("locale") ?? "" };
  return { settings, place: placeOf(settings, path) };
}

const wordsOf = ({ type, channel, locale }: TextPlace): string => `${type}, ${channel}, ${locale}`;
