import type { EventType } from "@carillon/shared/event-types";

/** An event that the demo can post: how it is called, what its text field means, and the data that a CRM would send with it. */
export type Kind = {
  type: EventType;
  name: string;
  field: string;
  example: string;
  link: string;
  data(text: string, actorName: string): Record<string, unknown>;
};

const DAY = 86_400_000;

export const KINDS: Kind[] = [
  {
    type: "task_assigned",
    name: "Task assigned",
    field: "Task",
    example: "Call Acme about the renewal",
    link: "/demo#task-77",
    data: (title, actorName) => ({ task: { title, dueAt: new Date(Date.now() + DAY).toISOString() }, actorName }),
  },
  {
    type: "task_overdue",
    name: "Task overdue",
    field: "Task",
    example: "Send the revised offer to Globex",
    link: "/demo#task-78",
    data: (title) => ({ task: { title, dueAt: new Date(Date.now() - DAY).toISOString() } }),
  },
  {
    type: "lead_assigned",
    name: "Lead assigned",
    field: "Lead",
    example: "Initech, trade fair contact",
    link: "/demo#lead-12",
    data: (name, actorName) => ({ lead: { name, stage: "New" }, actorName }),
  },
  {
    type: "deal_stage_change",
    name: "Deal moved",
    field: "Deal",
    example: "Umbrella, 40 seats",
    link: "/demo#deal-31",
    data: (name, actorName) => ({ deal: { name, stage: "Negotiation", amount: 18_400, currency: "EUR" }, actorName }),
  },
  {
    type: "deal_closed_won",
    name: "Deal won",
    field: "Deal",
    example: "Stark Industries, yearly plan",
    link: "/demo#deal-32",
    data: (name, actorName) => ({ deal: { name, stage: "Won", amount: 96_000, currency: "EUR" }, actorName }),
  },
  {
    type: "mention",
    name: "Mention",
    field: "Comment",
    example: "can you look at the discount before noon?",
    link: "/demo#note-5",
    data: (text, actorName) => ({ text, record: { name: "Hooli" }, actorName }),
  },
  {
    type: "approval_requested",
    name: "Approval requested",
    field: "Approval",
    example: "15 % discount for Wayne Enterprises",
    link: "/demo#approval-3",
    data: (title, actorName) => ({ approval: { title }, actorName }),
  },
  {
    type: "target_milestone",
    name: "Target milestone",
    field: "Target",
    example: "New business, fourth quarter",
    link: "/demo#target-q4",
    data: (name) => ({ target: { id: "q4", name, percent: 75 } }),
  },
  {
    type: "import_completed",
    name: "Import completed",
    field: "Import",
    example: "contacts-november.csv",
    link: "/demo#import-9",
    data: (name) => ({ import: { name, created: 412, failed: 3 } }),
  },
];
