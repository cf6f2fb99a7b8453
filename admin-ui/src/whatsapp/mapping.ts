import { checkMapping, type TemplateMapping, type WhatsAppTemplate, type WhatsAppVariable } from "@carillon/shared/whatsapp-settings";
import { exampleOf } from "./variables.ts";

/** Mappings as the form holds them: by event, then by the reader's language. One that was removed is gone or has no name. */
export type MappingDraft = Record<string, Record<string, TemplateMapping | undefined>>;

export const keyOf = ({ name, language }: { name: string; language: string }): string => `${name} ${language}`;
export const pathOf = (type: string, locale: string): string => `templates.${type}.${locale}`;

export const mappingAt = (draft: MappingDraft, type: string, locale: string): TemplateMapping | null => {
  const mapping = draft[type]?.[locale];
  return mapping?.name ? mapping : null;
};

/** The languages of an event that have a template, the fallback first. */
export const localesOf = (draft: MappingDraft, type: string): string[] =>
  Object.keys(draft[type] ?? {})
    .filter((locale) => mappingAt(draft, type, locale))
    .sort((a, b) => Number(b === "en") - Number(a === "en") || a.localeCompare(b));

/** What is sent: without what was removed. */
export function toTemplates(draft: MappingDraft): Record<string, Record<string, TemplateMapping>> {
  const kept = Object.keys(draft).map((type) => {
    const byLocale = localesOf(draft, type).map((locale) => [locale, withoutEmpty(mappingAt(draft, type, locale)!)] as const);
    return [type, Object.fromEntries(byLocale)] as const;
  });
  return Object.fromEntries(kept.filter(([, byLocale]) => Object.keys(byLocale).length > 0));
}

/** Plain through and through: what a form holds may be reactive, and can't be cloned then. */
const withoutEmpty = ({ name, language, variables, header, button }: TemplateMapping): TemplateMapping => ({
  name,
  language,
  variables: variables.map((variable) => (typeof variable === "string" ? variable : { ...variable })),
  ...(header ? { header } : {}),
  ...(button ? { button } : {}),
});

/**
 * A mapping to this template that fits it as far as one can know: the sample's variables where it is the sample, by name where the
 * template names its variables, else those of the event in turn. `offered` are the event's variables, the recipient's name first.
 */
export function newMapping(
  { name, language, parameters }: WhatsAppTemplate,
  offered: readonly WhatsAppVariable[],
  sample: TemplateMapping | null,
): TemplateMapping {
  const inTurn = ["recipient_name", ...offered.filter((variable) => !COMMON.has(variable))] as WhatsAppVariable[];
  const isNamed = parameters.body.some((parameter) => !/^\d+$/.test(parameter));
  const guess = (index: number): WhatsAppVariable => sampleAt(sample, name, index) ?? inTurn[index] ?? "title";
  return {
    name,
    language,
    variables: parameters.body.map((parameter, index) =>
      isNamed ? { name: parameter, value: offered.find((variable) => variable === parameter) ?? guess(index) } : guess(index),
    ),
    ...(parameters.header.length > 0 ? { header: "org_name" as const } : {}),
    ...(parameters.button.length > 0 ? { button: "link" as const } : {}),
  };
}
const COMMON: ReadonlySet<string> = new Set(["recipient_name", "title", "body", "link", "org_name"]);

function sampleAt(sample: TemplateMapping | null, name: string, index: number): WhatsAppVariable | undefined {
  const variable = sample?.name === name ? sample.variables[index] : undefined;
  return typeof variable === "string" ? variable : undefined;
}

export const valueAt = (mapping: TemplateMapping, index: number): WhatsAppVariable | undefined => {
  const variable = mapping.variables[index];
  return typeof variable === "string" ? variable : variable?.value;
};

/** The same list with one variable standing for something else. */
export const withValueAt = (mapping: TemplateMapping, index: number, value: WhatsAppVariable): TemplateMapping["variables"] =>
  mapping.variables.map((variable, at) => (at !== index ? variable : typeof variable === "string" ? value : { ...variable, value }));

/** A template's text in pieces: what stands there, and what a person would read for a variable. */
export type Piece = { text: string; variable: WhatsAppVariable | null };

export function previewOf(template: WhatsAppTemplate, mapping: TemplateMapping): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of template.text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)) {
    if (match.index > end) pieces.push({ text: template.text.slice(end, match.index), variable: null });
    const variable = valueAt(mapping, template.parameters.body.indexOf(match[1]!));
    pieces.push(variable ? { text: exampleOf(variable), variable } : { text: match[0], variable: null });
    end = match.index + match[0].length;
  }
  if (end < template.text.length) pieces.push({ text: template.text.slice(end), variable: null });
  return pieces;
}

/** What speaks against each mapping by the account's own list: by the path of its field, as a save would name it. */
export function mismatchesOf(draft: MappingDraft, templates: readonly WhatsAppTemplate[]): Record<string, string> {
  const listed = new Map(templates.map((template) => [keyOf(template), template]));
  const found: Record<string, string> = {};
  for (const type of Object.keys(draft)) {
    for (const locale of localesOf(draft, type)) {
      const mapping = mappingAt(draft, type, locale)!;
      for (const { path, message } of checkMapping(mapping, listed.get(keyOf(mapping)) ?? null)) {
        found[`${pathOf(type, locale)}.${path}`] ??= message;
      }
    }
  }
  return found;
}

/** A reader's language as an event's `locale` names it; what else was typed is none. */
export const isLocale = (text: string): boolean => /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(text);
