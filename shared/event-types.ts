import * as z from "zod";
import { CHANNELS, type Channel } from "./channels.ts";

/** The built-in event types of the CRM, in the manual's order. */
export const EVENT_TYPES = [
  "task_assigned",
  "task_due_soon",
  "task_overdue",
  "lead_assigned",
  "lead_stage_change",
  "deal_stage_change",
  "deal_closed_won",
  "deal_closed_lost",
  "note_added",
  "mention",
  "approval_requested",
  "approval_completed",
  "target_milestone",
  "import_completed",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
export const isEventType = (type: string): type is EventType => (EVENT_TYPES as readonly string[]).includes(type);

/** What Carillon itself tells admins in the bell: never posted, never routed. */
export const ALERT_TYPE = "carillon_alert";

export const PRIORITIES = ["low", "normal", "high"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const EVENT_DESCRIPTIONS: Record<EventType, string> = {
  task_assigned: "A task is assigned to a user",
  task_due_soon: "A task is due within 24 hours",
  task_overdue: "A task has passed its due date",
  lead_assigned: "A lead is assigned to a user",
  lead_stage_change: "A lead moves to a new pipeline stage",
  deal_stage_change: "A deal/opportunity changes stage",
  deal_closed_won: "A deal is marked as won",
  deal_closed_lost: "A deal is marked as lost",
  note_added: "A note is added to a record",
  mention: "A user is @mentioned in a note or comment",
  approval_requested: "An approval is requested from a user",
  approval_completed: "An approval decision is made",
  target_milestone: "A target reaches 50%, 75%, or 100%",
  import_completed: "A batch import job finishes",
};

/** Only here is the actor told about what the actor did: whoever starts an import waits for its end. */
export const TELLS_ACTOR: ReadonlySet<string> = new Set<EventType>(["import_completed"]);

const text = z.string().max(10_000);
const number = z.union([z.number(), z.string().max(100)]);
const task = z.looseObject({
  task: z.looseObject({ title: text.optional(), dueAt: text.nullish() }).optional(),
  actorName: text.optional(),
});
const lead = z.looseObject({
  lead: z.looseObject({ name: text.optional(), stage: text.optional(), previousStage: text.optional() }).optional(),
  actorName: text.optional(),
});
const deal = z.looseObject({
  deal: z.looseObject({ name: text.optional(), stage: text.optional(), amount: number.optional(), currency: text.optional() }).optional(),
  actorName: text.optional(),
});
const note = z.looseObject({
  text: text.optional(),
  record: z.looseObject({ name: text.optional() }).optional(),
  actorName: text.optional(),
});
const approval = z.looseObject({
  approval: z.looseObject({ title: text.optional(), decision: text.optional() }).optional(),
  actorName: text.optional(),
});

/** What the texts of a type use of `data`. Unknown keys are allowed, missing ones never break a text. */
export const EVENT_DATA = {
  task_assigned: task,
  task_due_soon: task,
  task_overdue: task,
  lead_assigned: lead,
  lead_stage_change: lead,
  deal_stage_change: deal,
  deal_closed_won: deal,
  deal_closed_lost: deal,
  note_added: note,
  mention: note,
  approval_requested: approval,
  approval_completed: approval,
  target_milestone: z.looseObject({
    target: z.looseObject({ id: text.optional(), name: text.optional(), percent: number.optional() }).optional(),
  }),
  import_completed: z.looseObject({
    import: z.looseObject({ name: text.optional(), created: number.optional(), failed: number.optional() }).optional(),
  }),
} as const satisfies Record<EventType, z.ZodType>;

/** One cell of the routing matrix: `urgent` sends only what has priority high. */
export const routingCellSchema = z.strictObject({ when: z.enum(["on", "off", "urgent"]), locked: z.boolean() });
export type RoutingCell = z.infer<typeof routingCellSchema>;
export type RoutingCells = Record<string, Record<Channel, RoutingCell>>;

/** I in-app, E email, S SMS, W WhatsApp, P push; capital letters are on. The manual's own four rows are kept to the letter. */
const DEFAULTS: Record<EventType, string> = {
  task_assigned: "IEswP",
  task_due_soon: "IeswP",
  task_overdue: "IEswP",
  lead_assigned: "IEswP",
  lead_stage_change: "Ieswp",
  deal_stage_change: "Ieswp",
  deal_closed_won: "IESwP",
  deal_closed_lost: "IEswp",
  note_added: "Ieswp",
  mention: "IEswP",
  approval_requested: "IEswP",
  approval_completed: "IEswP",
  target_milestone: "IEswp",
  import_completed: "Ieswp",
};

/** The matrix of a new organisation. Off cells of SMS and WhatsApp are locked: they cost money. */
export function defaultRouting(): RoutingCells {
  const cells: RoutingCells = {};
  for (const type of EVENT_TYPES) {
    const row = {} as Record<Channel, RoutingCell>;
    CHANNELS.forEach((channel, index) => {
      const letter = DEFAULTS[type][index]!;
      const on = letter === letter.toUpperCase();
      row[channel] = { when: on ? "on" : "off", locked: !on && (channel === "sms" || channel === "whatsapp") };
    });
    cells[type] = row;
  }
  return cells;
}
