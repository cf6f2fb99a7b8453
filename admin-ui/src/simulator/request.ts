import { isEventType, type EventType, type Priority } from "@carillon/shared/event-types";

export type SimulatorForm = {
  type: string;
  recipients: string[];
  /** Null: nobody in particular. */
  actor: string | null;
  /** Empty: as the event type says. */
  priority: Priority | "";
  title: string;
};

/** Where a type's texts look for what the event is about. */
const SUBJECTS: Record<EventType, (title: string) => object> = {
  task_assigned: (title) => ({ task: { title } }),
  task_due_soon: (title) => ({ task: { title } }),
  task_overdue: (title) => ({ task: { title } }),
  lead_assigned: (name) => ({ lead: { name } }),
  lead_stage_change: (name) => ({ lead: { name } }),
  deal_stage_change: (name) => ({ deal: { name } }),
  deal_closed_won: (name) => ({ deal: { name } }),
  deal_closed_lost: (name) => ({ deal: { name } }),
  note_added: (text) => ({ text }),
  mention: (text) => ({ text }),
  approval_requested: (title) => ({ approval: { title } }),
  approval_completed: (title) => ({ approval: { title } }),
  target_milestone: (name) => ({ target: { name } }),
  import_completed: (name) => ({ import: { name } }),
};

/** An event of the organisation's own is free in its data. */
const subjectOf = (type: string, title: string): object => (isEventType(type) ? SUBJECTS[type](title) : { title });

/** The event as the CRM would post it, and the instant to decide at. */
export function toRequest({ type, recipients, actor, priority, title }: SimulatorForm, at: number): object {
  return {
    type,
    recipients,
    ...(priority === "" ? {} : { priority }),
    ...(actor === null ? {} : { actor }),
    data: title.trim() === "" ? {} : subjectOf(type, title.trim()),
    at: new Date(at).toISOString(),
  };
}
