import type { EventType } from "./event-types.ts";
import type { TemplateMapping, WhatsAppVariable } from "./whatsapp-settings.ts";

/** A template to submit to Meta. `body` begins and ends with words, as Meta asks; `examples` go along with the submission. */
export type SampleTemplate = {
  name: string;
  language: string;
  category: "UTILITY";
  body: string;
  examples: string[];
  mapping: TemplateMapping;
};

const WORDS: Record<EventType, { says: string; variables: readonly WhatsAppVariable[] }> = {
  task_assigned: { says: "a task was assigned to you: {{2}}, by {{3}}", variables: ["task_title", "actorName"] },
  task_due_soon: { says: "your task {{2}} is due soon, at {{3}}", variables: ["task_title", "task_dueAt"] },
  task_overdue: { says: "your task {{2}} is overdue since {{3}}", variables: ["task_title", "task_dueAt"] },
  lead_assigned: { says: "a lead was assigned to you: {{2}}, by {{3}}", variables: ["lead_name", "actorName"] },
  lead_stage_change: { says: "the lead {{2}} moved to the stage {{3}}", variables: ["lead_name", "lead_stage"] },
  deal_stage_change: { says: "the deal {{2}} moved to the stage {{3}}", variables: ["deal_name", "deal_stage"] },
  deal_closed_won: { says: "the deal {{2}} was won, worth {{3}}", variables: ["deal_name", "deal_amount"] },
  deal_closed_lost: { says: "the deal {{2}} was lost, worth {{3}}", variables: ["deal_name", "deal_amount"] },
  note_added: { says: "there is a note on {{2}} by {{3}}: {{4}}", variables: ["record_name", "actorName", "text"] },
  mention: { says: "you were mentioned in {{2}} by {{3}}: {{4}}", variables: ["record_name", "actorName", "text"] },
  approval_requested: { says: "your approval is requested: {{2}}, by {{3}}", variables: ["approval_title", "actorName"] },
  approval_completed: { says: "there is a decision on {{2}}: {{3}}", variables: ["approval_title", "approval_decision"] },
  target_milestone: { says: "the target {{2}} has reached {{3}}", variables: ["target_name", "target_percent"] },
  import_completed: {
    says: "your import {{2}} is finished, {{3}} records created and {{4}} failed",
    variables: ["import_name", "import_created", "import_failed"],
  },
};

const EXAMPLES: Partial<Record<WhatsAppVariable, string>> = {
  recipient_name: "Ada",
  actorName: "Kim",
  task_title: "Call Acme",
  task_dueAt: "Nov 24, 2026, 9:00 AM",
  deal_amount: "€12,000",
  target_percent: "75%",
  import_created: "1,200",
  import_failed: "3",
  text: "See page 4",
  approval_decision: "approved",
};

/** One for each built-in event, in English. */
export const SAMPLE_TEMPLATES = Object.fromEntries(
  Object.entries(WORDS).map(([type, { says, variables }]) => {
    const name = `crm_${type}`;
    const all: WhatsAppVariable[] = ["recipient_name", ...variables];
    const sample: SampleTemplate = {
      name,
      language: "en",
      category: "UTILITY",
      body: `Hello {{1}}, ${says}. Open your CRM to see more.`,
      examples: all.map((variable) => EXAMPLES[variable] ?? "Acme"),
      mapping: { name, language: "en", variables: all },
    };
    return [type, sample];
  }),
) as Record<EventType, SampleTemplate>;
