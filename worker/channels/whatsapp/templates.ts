import type { Issue } from "@carillon/shared/events";
import { checkMapping, type TemplateMapping, type WhatsAppSettings, type WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import type { Configuration, Outcome } from "../channel.ts";
import { createClient } from "./client.ts";
import { PATIENCE, outcomeOf, type Patience } from "./session.ts";

/** All templates of the account with their state and quality, page by page; or why they could not be fetched. Never throws. */
export async function fetchTemplates(
  configuration: Configuration<WhatsAppSettings>,
  patience: Patience = PATIENCE,
): Promise<{ templates: WhatsAppTemplate[] } | { outcome: Outcome }> {
  try {
    return { templates: await createClient(configuration, patience.answer).templates() };
  } catch (error) {
    return { outcome: outcomeOf(error) };
  }
}

/** Holds every mapping that is new or changed against the account's own list, so that none is saved that Meta would refuse. */
export async function verifyMappings(
  next: Configuration<WhatsAppSettings>,
  saved: WhatsAppSettings | null,
  patience: Patience = PATIENCE,
): Promise<Issue[]> {
  const changed = mappingsOf(next.settings).filter(
    ({ type, locale, mapping }) => JSON.stringify(mapping) !== JSON.stringify(saved?.templates[type]?.[locale]),
  );
  if (changed.length === 0) return [];
  const listed = await fetchTemplates(next, patience);
  if ("outcome" in listed) {
    const { said, remedy } = listed.outcome;
    return [{ path: "templates", message: `The templates could not be checked. ${[said, remedy].filter(Boolean).join(" ")}` }];
  }
  return changed.flatMap(({ type, locale, mapping }) =>
    checkMapping(
      mapping,
      listed.templates.find(({ name, language }) => name === mapping.name && language === mapping.language) ?? null,
    ).map(({ path, message }) => ({ path: `templates.${type}.${locale}.${path}`, message })),
  );
}

const mappingsOf = ({ templates }: WhatsAppSettings): { type: string; locale: string; mapping: TemplateMapping }[] =>
  Object.entries(templates).flatMap(([type, byLocale]) => Object.entries(byLocale).map(([locale, mapping]) => ({ type, locale, mapping })));
