/** What of the Graph API's published contract (OpenAPI v23.0: messages) the sandbox checks; what it refuses, Meta refuses. */
export type GraphError = { status: number; code: number; message: string; details?: string };
export type StoredTemplate = {
  id: string;
  name: string;
  language: string;
  status: string;
  category: string;
  quality: string;
  body: string;
  examples: string[];
};

type Fields = Record<string, unknown>;
export type TemplateMessage = { to: string; template: StoredTemplate; values: Map<string, string>; callbackData: string | null };

const FIELDS = new Set(["messaging_product", "recipient_type", "to", "type", "template", "biz_opaque_callback_data"]);
const MAX_CALLBACK_DATA = 512;

/** The message, or what Meta would say against it. */
export function readMessage(body: Fields, find: (name: string, language: string) => StoredTemplate | null): TemplateMessage | GraphError {
  for (const name of Object.keys(body)) if (!FIELDS.has(name)) return invalid(`Unexpected key "${name}" on param`);
  if (body["messaging_product"] !== "whatsapp") return invalid("The parameter messaging_product is required");
  if (body["recipient_type"] !== "individual") return invalid("recipient_type is individual or group");
  if (body["type"] !== "template") return invalid("Only templates are sent outside the customer service window");
  const { to, biz_opaque_callback_data: callbackData } = body;
  if (typeof to !== "string" || !/^\+?[1-9]\d{6,14}$/.test(to)) {
    return { status: 400, code: 131009, message: "(#131009) Parameter value is not valid", details: "to is no phone number" };
  }
  if (callbackData !== undefined && (typeof callbackData !== "string" || callbackData.length > MAX_CALLBACK_DATA)) {
    return invalid("biz_opaque_callback_data is a string of at most 512 characters");
  }
  const template = asObject(body["template"]);
  const language = asObject(template["language"]);
  if (typeof template["name"] !== "string" || typeof language["code"] !== "string") return invalid("template needs name and language.code");
  if (language["policy"] !== undefined && language["policy"] !== "deterministic") return invalid("language.policy is deterministic");
  const known = find(template["name"], language["code"]);
  if (!known) return fault(132001, "Template name does not exist in the translation", 404);
  if (known.status === "PAUSED") return fault(132015, "Template is paused");
  if (known.status === "DISABLED") return fault(132016, "Template is disabled");
  if (known.status !== "APPROVED") return fault(132001, "Template name does not exist in the translation", 404);
  const values = readValues(template["components"], known);
  if (!(values instanceof Map)) return values;
  return { to: to.startsWith("+") ? to : `+${to}`, template: known, values, callbackData: callbackData ?? null };
}

/** The text that a person reads. */
export const textOf = ({ template, values }: TemplateMessage): string =>
  template.body.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values.get(name) ?? whole);

export const namesIn = (body: string): string[] => [...new Set([...body.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? ""))];

function readValues(components: unknown, template: StoredTemplate): Map<string, string> | GraphError {
  const names = namesIn(template.body);
  if (components !== undefined && !Array.isArray(components)) return invalid("components is a list");
  const values = new Map<string, string>();
  for (const component of (components ?? []) as unknown[]) {
    const { type, parameters } = asObject(component);
    if (type !== "body") return fault(132012, "Parameter format does not match: the template has a body only");
    if (!Array.isArray(parameters)) return invalid("parameters is a list");
    for (const [index, parameter] of parameters.entries()) {
      const { type: kind, text, parameter_name: name } = asObject(parameter);
      if (kind !== "text" || typeof text !== "string") return invalid("A body's parameter is a text");
      if (text === "") return { status: 400, code: 131008, message: "(#131008) Required parameter is missing", details: "text is empty" };
      if (/[\n\t]| {5}/.test(text))
        return fault(132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces");
      const isNamed = names.some((one) => !/^\d+$/.test(one));
      if (isNamed !== (typeof name === "string")) return fault(132012, "Parameter name is missing or not expected");
      values.set(typeof name === "string" ? name : (names[index] ?? `${index + 1}`), text);
    }
  }
  const isWhole = values.size === names.length && names.every((name) => values.has(name));
  if (!isWhole) return fault(132000, `Number of parameters does not match: body expects ${names.length}, got ${values.size}`);
  return values;
}

const invalid = (details: string): GraphError => ({ status: 400, code: 100, message: "(#100) Invalid parameter", details });
const fault = (code: number, details: string, status = 400): GraphError => ({ status, code, message: `(#${code}) ${details}`, details });
const asObject = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
