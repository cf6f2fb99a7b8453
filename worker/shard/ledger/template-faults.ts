import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Decision, Rules } from "@carillon/shared/decide";
import { mappingFor, type TemplateName } from "@carillon/shared/whatsapp-settings";
import type { Sql } from "../../ports.ts";
import type { Fault } from "./gates.ts";

export type TemplateFault = { template: TemplateName; fault: Fault };

/** WhatsApp templates that can't be used now. Only what would be sent with them waits. */
export class TemplateFaults {
  readonly #sql: Sql;
  /** Few, and asked for at every decision; null until they are read. */
  #known: Map<string, TemplateFault> | null = null;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  forget(): void {
    this.#known = null;
  }

  has(template: TemplateName): boolean {
    return this.#read().has(keyOf(template));
  }

  /** What would be sent with a template that can't be used waits for it; any other decision stays as it is. */
  hold(rules: Rules, type: string, channel: Channel, locale: string | null, decision: Decision): Decision {
    if (channel !== "whatsapp" || decision.do !== "send" || this.#read().size === 0) return decision;
    const template = templateFor(rules, type, locale);
    return template && this.has(template) ? { do: "park", why: "template-not-approved" } : decision;
  }

  /** The same for all decisions of one event for one person, in the order of CHANNELS. */
  holdAll(rules: Rules, type: string, locale: string | null, decisions: Decision[]): Decision[] {
    if (this.#read().size === 0) return decisions;
    return decisions.map((decision, channel) => this.hold(rules, type, CHANNELS[channel]!, locale, decision));
  }

  note(template: TemplateName, fault: Fault): void {
    const { name, language } = template;
    this.#sql.exec(
      `INSERT INTO template_fault VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fault = excluded.fault`,
      name,
      language,
      JSON.stringify(fault),
    );
    this.#read().set(keyOf(template), { template: { name, language }, fault });
  }

  /** One template is usable again, or all of them (null). */
  clear(template: TemplateName | null): void {
    if (template === null) this.#sql.exec(`DELETE FROM template_fault`);
    else this.#sql.exec(`DELETE FROM template_fault WHERE name = ? AND language = ?`, template.name, template.language);
    this.forget();
  }

  all(): TemplateFault[] {
    return [...this.#read().values()];
  }

  #read(): Map<string, TemplateFault> {
    if (this.#known) return this.#known;
    const rows = this.#sql.exec<TemplateName & { fault: string }>(`SELECT * FROM template_fault ORDER BY name, language`).toArray();
    const faults = rows.map(({ fault, ...template }): TemplateFault => ({ template, fault: JSON.parse(fault) as Fault }));
    return (this.#known = new Map(faults.map((one) => [keyOf(one.template), one])));
  }
}

/** The template that tells a reader of a type; null where none is chosen. */
export const templateFor = ({ templates }: Rules, type: string, locale: string | null): TemplateName | null =>
  templates ? mappingFor({ templates }, type, locale ?? "en") : null;

const keyOf = ({ name, language }: TemplateName): string => `${name} ${language}`;
