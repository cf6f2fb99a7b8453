import type { Rules } from "@carillon/shared/decide";
import type { TemplateName } from "@carillon/shared/whatsapp-settings";
import { tellOfFault } from "./alerts.ts";
import type { Fault } from "./ledger/gates.ts";
import type { Parts } from "./parts.ts";
import { replan } from "./plan.ts";

/** A template can't be used from now on: the admins are told, and all that would be sent with it waits at once. The others go on. */
export function stopTemplate(parts: Parts, template: TemplateName, fault: Fault, now: number): void {
  const { templateFaults, gates } = parts;
  const isNews = !templateFaults.has(template);
  templateFaults.note(template, fault);
  if (!isNews) return;
  tellOfFault(parts, "whatsapp", fault, now, template);
  const rules = gates.rules();
  if (rules) replan(parts, rules, null, now);
}

/** The types that a template tells of, in any language. */
export function typesOf({ templates = {} }: Rules, { name, language }: TemplateName): string[] {
  const isIt = (one: TemplateName) => one.name === name && one.language === language;
  return Object.keys(templates).filter((type) => Object.values(templates[type]!).some(isIt));
}
