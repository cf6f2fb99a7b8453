import { VARIABLES } from "@carillon/shared/variables";
import { WHATSAPP_VARIABLES, type WhatsAppVariable } from "@carillon/shared/whatsapp-settings";

/** What each variable stands for in a preview. */
const EXAMPLES: Record<WhatsAppVariable, string> = {
  recipient_name: "Ada",
  title: "New task: Call Acme",
  body: "Kim assigned you “Call Acme”.",
  link: "https://crm.example.com/tasks/77",
  org_name: "Acme CRM",
  actorName: "Kim",
  task_title: "Call Acme",
  task_dueAt: "Nov 24, 2026, 9:00 AM",
  lead_name: "Stark Industries",
  lead_stage: "Qualified",
  lead_previousStage: "New",
  deal_name: "Stark, yearly plan",
  deal_stage: "Negotiation",
  deal_amount: "€12,000",
  deal_currency: "EUR",
  text: "See page 4",
  record_name: "Stark Industries",
  approval_title: "Discount of 20 %",
  approval_decision: "approved",
  target_name: "Q4 revenue",
  target_percent: "75%",
  import_name: "leads.csv",
  import_created: "1,200",
  import_failed: "3",
};
export const exampleOf = (variable: WhatsAppVariable): string => EXAMPLES[variable];

/** "task due at" for `task_dueAt`. */
export const nameInWords = (variable: WhatsAppVariable): string =>
  variable.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("_", " ");

const EVENT_VARIABLES = Object.keys(VARIABLES) as WhatsAppVariable[];
const COMMON = WHATSAPP_VARIABLES.filter((variable) => !EVENT_VARIABLES.includes(variable));
const OF_NOTES: WhatsAppVariable[] = ["text", "record_name"];

/** Which variables an event has a value for. An event of the organisation's own may have any. */
export function variablesOf(type: string, isOwn: boolean): WhatsAppVariable[] {
  if (isOwn) return [...WHATSAPP_VARIABLES];
  const kind =
    type === "note_added" || type === "mention" ? OF_NOTES : EVENT_VARIABLES.filter((name) => name.startsWith(`${type.split("_")[0]}_`));
  const hasActor = !/^(target|import)_/.test(type);
  return [...COMMON, ...(hasActor ? (["actorName"] as const) : []), ...kind];
}
