import type { Sql } from "../../ports.ts";
import type { Fault } from "./gates.ts";

/** A template at the provider that can't be used now, and for which events and languages it was wanted. */
type Row = { type: string; language: string; name: string; template_language: string; fault: string };

/** WhatsApp templates with a fault. Only what would be sent with them waits. */
export class TemplateFaults {
  readonly #sql: Sql;
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  has(type: string, language: string): boolean {
    return this.#sql.exec(`SELECT 1 AS yes FROM template_fault WHERE type = ? AND language = ?`, type, language).toArray().length > 0;
  }

  note(type: string, language: string, template: { name: string; language: string }, fault: Fault): void {
    this.#sql.exec(
      `INSERT INTO template_fault (type, language, name, template_language, fault) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        name = excluded.name, template_language = excluded.template_language, fault = excluded.fault`,
      type,
      language,
      template.name,
      template.language,
      JSON.stringify(fault),
    );
  }

  /** One template is usable again, or all of them (null). */
  clear(template: { name: string; language: string } | null): void {
    if (template === null) this.#sql.exec(`DELETE FROM template_fault`);
    else this.#sql.exec(`DELETE FROM template_fault WHERE name = ? AND template_language = ?`, template.name, template.language);
  }

  all(): { type: string; language: string; name: string; templateLanguage: string; fault: Fault }[] {
    return this.#sql
      .exec<Row>(`SELECT * FROM template_fault ORDER BY type, language`)
      .toArray()
      .map(({ type, language, name, template_language: templateLanguage, fault }) => ({
        type,
        language,
        name,
        templateLanguage,
        fault: JSON.parse(fault) as Fault,
      }));
  }
}
