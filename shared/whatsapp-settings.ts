import * as z from "zod";
import { paceSchema } from "./pace.ts";
import { VARIABLES, type Variable } from "./variables.ts";

/** What a template's variable may stand for: the event's own variables, and what every message has. */
const EVERY_MESSAGE = ["recipient_name", "title", "body", "link", "org_name"] as const;
export type WhatsAppVariable = Variable | (typeof EVERY_MESSAGE)[number];
export const WHATSAPP_VARIABLES = [
  ...EVERY_MESSAGE,
  ...(Object.keys(VARIABLES) as Variable[]),
] as const satisfies readonly WhatsAppVariable[];
const variableSchema = z.enum(WHATSAPP_VARIABLES, { error: "No such variable" });

/**
 * Which template tells of an event. `variables` fill the body's {{1}}, {{2}}, … in their order, or {{name}}s by their name;
 * `header` the header's only one, `button` the end of the first button's address.
 */
export const templateMappingSchema = z.strictObject({
  name: z
    .string()
    .trim()
    .regex(/^[a-z0-9_]{1,512}$/, "The template's name as Meta shows it: small letters, digits and _"),
  language: z
    .string()
    .trim()
    .regex(/^[a-z]{2,3}(_[A-Z]{2,4})?$/, "The template's language as Meta shows it, such as en or en_US"),
  variables: z
    .array(z.union([variableSchema, z.strictObject({ name: z.string().regex(/^[a-z][a-z0-9_]{0,99}$/), value: variableSchema })]))
    .max(50)
    .default([]),
  header: variableSchema.optional(),
  button: variableSchema.optional(),
});
export type TemplateMapping = z.infer<typeof templateMappingSchema>;

const idSchema = (what: string) =>
  z
    .string()
    .trim()
    .regex(/^\d{5,30}$/, `The ${what} is a number of some 15 digits, from Meta's App Dashboard`);

/** WhatsApp Cloud API. Secrets: accessToken, appSecret, verifyToken. */
export const whatsappSettingsSchema = z.strictObject({
  phoneNumberId: idSchema("Phone number ID"),
  businessAccountId: idSchema("Business account ID"),
  templates: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/), z.record(z.string().max(35), templateMappingSchema)).default({}),
  pace: paceSchema.optional(),
});
export type WhatsAppSettings = z.infer<typeof whatsappSettingsSchema>;
export const WHATSAPP_SECRETS = ["accessToken", "appSecret", "verifyToken"] as const;

/** The stages of the test, in the order the page shows them. */
export const WHATSAPP_STAGES = ["token", "templates", "accepted", "done"] as const;

/** By which a template is known to Meta. */
export type TemplateName = Pick<TemplateMapping, "name" | "language">;

/** The template for a reader: of exactly the locale, else of its language, else the English one, else any; null if there is none. */
export function mappingFor<Mapping extends TemplateName>(
  { templates }: { templates: Record<string, Record<string, Mapping>> },
  eventType: string,
  locale: string,
): Mapping | null {
  const mappings = Object.hasOwn(templates, eventType) ? templates[eventType] : undefined;
  if (!mappings) return null;
  for (const wanted of [locale, locale.split("-", 1)[0] ?? "", "en"]) if (Object.hasOwn(mappings, wanted)) return mappings[wanted] ?? null;
  return Object.values(mappings)[0] ?? null;
}

/** A template as Meta lists it. `parameters` are the names between its braces, in order, without repetitions. */
export type WhatsAppTemplate = {
  id: string;
  name: string;
  language: string;
  /** APPROVED, PENDING, REJECTED, PAUSED, DISABLED and others; only APPROVED ones can be sent. */
  status: string;
  category: string;
  /** GREEN, YELLOW, RED or UNKNOWN. */
  quality: string;
  text: string;
  parameters: { header: string[]; body: string[]; button: string[] };
};

/** What speaks against sending this mapping; asked before it is saved. `template` is null where Meta has none of that name and language. */
export function checkMapping(mapping: TemplateMapping, template: WhatsAppTemplate | null): { path: string; message: string }[] {
  if (!template) return [{ path: "name", message: `There is no template ${mapping.name} in ${mapping.language}` }];
  const issues: { path: string; message: string }[] = [];
  if (template.status !== "APPROVED")
    issues.push({ path: "name", message: `The template is ${template.status.toLowerCase()}, not approved` });
  const { header, body, button } = template.parameters;
  const isNamed = body.some((name) => !/^\d+$/.test(name));
  if (isNamed) {
    const given = mapping.variables.map((variable) => (typeof variable === "string" ? "" : variable.name));
    for (const name of body) if (!given.includes(name)) issues.push({ path: "variables", message: `{{${name}}} has no variable` });
    given.forEach((name, index) => {
      if (!body.includes(name)) issues.push({ path: `variables.${index}`, message: `The template has no {{${name}}}` });
    });
  } else {
    if (mapping.variables.length !== body.length) {
      issues.push({ path: "variables", message: `The template has ${body.length} variables, ${mapping.variables.length} are given` });
    }
    mapping.variables.forEach((variable, index) => {
      if (typeof variable !== "string") issues.push({ path: `variables.${index}`, message: "The template numbers its variables" });
    });
  }
  for (const [path, names, given] of [
    ["header", header, mapping.header],
    ["button", button, mapping.button],
  ] as const) {
    if (names.length > 0 && !given) issues.push({ path, message: `The template's ${path} has a variable` });
    if (names.length === 0 && given) issues.push({ path, message: `The template's ${path} has no variable` });
  }
  return issues;
}
