/**
 * What a text may name, as a path into `data` with `_` between (`task_title` is `data.task.title`), and how it is written:
 * texts as they come, times, amounts (with their currency) and percentages for the reader's locale, counts as numbers for `plural`.
 * Whatever is missing has the value `none`, for `select`.
 */
export const VARIABLES = {
  actorName: "text",
  task_title: "text",
  task_dueAt: "time",
  lead_name: "text",
  lead_stage: "text",
  lead_previousStage: "text",
  deal_name: "text",
  deal_stage: "text",
  deal_amount: "amount",
  deal_currency: "text",
  text: "text",
  record_name: "text",
  approval_title: "text",
  approval_decision: "text",
  target_name: "text",
  target_percent: "percent",
  import_name: "text",
  import_created: "count",
  import_failed: "count",
} as const satisfies Record<string, "text" | "time" | "amount" | "percent" | "count">;
export type Variable = keyof typeof VARIABLES;
