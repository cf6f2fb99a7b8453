import { PACE_LABELS } from "../../words/pace.ts";
import type { TemplateMapping } from "@carillon/shared/whatsapp-settings";
import type { Leaf } from "../../form/paths.ts";

export const WHATSAPP_LABELS = {
  phoneNumberId: "Phone number ID",
  businessAccountId: "Business account ID",
  accessToken: "Access token",
  appSecret: "App secret",
  verifyToken: "Verify token",
  ...PACE_LABELS,
};

const PARTS: Record<string, string> = {
  name: "template",
  language: "template's language",
  variables: "variables",
  header: "header's variable",
  button: "button's variable",
};

/** The labels of these paths: `templates.mention.en.name` is "mention, en: template". */
export const labelsOf = (paths: string[]): Record<string, string> => ({
  ...WHATSAPP_LABELS,
  ...Object.fromEntries(
    paths.flatMap((path) => {
      const [, type, locale, part] = /^templates\.([^.]+)\.([^.]+)\.(\w+)$/.exec(path) ?? [];
      return part ? [[path, `${type}, ${locale}: ${PARTS[part] ?? part}`]] : [];
    }),
  ),
});

/** A field's value in words; a list holds variables. */
export function inWords(leaf: Leaf): string {
  if (!Array.isArray(leaf)) return leaf === "" || leaf == null ? "empty" : String(leaf);
  const variables = leaf as TemplateMapping["variables"];
  return (
    variables.map((variable) => (typeof variable === "string" ? variable : `${variable.name} = ${variable.value}`)).join(", ") || "none"
  );
}
