import { isEventType, type EventType } from "./event-types.ts";
import type { Variable } from "./variables.ts";

/** The languages that have built-in texts, the fallback first. */
export const LANGUAGES = ["en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The channels with built-in texts. */
export type TextChannel = "in-app" | "email" | "sms" | "push";

/** ICU MessageFormat, one for each part; `title` is the subject of a mail and not sent as SMS, `action` the label of the link's button. */
export type TextSource = { title: string; body: string; action: string };

/** One wording when the value is missing, another when it is there. */
const when = (name: Variable, missing: string, present: string): string => `{${name}, select, none {${missing}} other {${present}}}`;

const taskSentence = `${when("actorName", "You were assigned", "{actorName} assigned you")} ${when("task_title", "a task", "“{task_title}”")}`;
const leadOrDealMoves = (kind: "lead" | "deal"): string =>
  when(
    "actorName",
    `${when(`${kind}_name`, `A ${kind}`, `The ${kind} “{${kind}_name}”`)} moved`,
    `{actorName} moved ${when(`${kind}_name`, `a ${kind}`, `the ${kind} “{${kind}_name}”`)}`,
  );
const dealCloses = (end: "won" | "lost"): string =>
  when(
    "actorName",
    `${when("deal_name", "A deal", "The deal “{deal_name}”")} was ${end}`,
    `{actorName} closed ${when("deal_name", "a deal", "the deal “{deal_name}”")} as ${end}`,
  );
const worth = when("deal_amount", "", ", worth {deal_amount}");
const noteTitle = `${when("actorName", "New note", "{actorName} added a note")}${when("record_name", "", " on {record_name}")}`;
const mentionTitle = `${when("actorName", "You were mentioned", "{actorName} mentioned you")}${when("record_name", "", " in {record_name}")}`;
const importCounts = when(
  "import_created",
  when("import_failed", "", ": {import_failed, plural, one {# record failed} other {# records failed}}"),
  `: {import_created, plural, =0 {no records created} one {# record created} other {# records created}}${when("import_failed", "", ", {import_failed, plural, =0 {none failed} other {# failed}}")}`,
);

const TASK_ASSIGNED = `${taskSentence}${when("task_dueAt", "", ", due {task_dueAt}")}.`;
const TASK_DUE_SOON = `${when("task_title", "One of your tasks", "“{task_title}”")} is due ${when("task_dueAt", "within 24 hours", "{task_dueAt}")}.`;
const TASK_OVERDUE = `${when("task_title", "One of your tasks", "“{task_title}”")} ${when("task_dueAt", "has passed its due date", "was due {task_dueAt}")}.`;
const LEAD_ASSIGNED = `${when("actorName", "You were assigned", "{actorName} assigned you")} ${when("lead_name", "a lead", "the lead “{lead_name}”")}${when("lead_stage", "", ", stage “{lead_stage}”")}.`;
const LEAD_MOVED = `${leadOrDealMoves("lead")}${when("lead_previousStage", "", " from “{lead_previousStage}”")} to ${when("lead_stage", "another stage", "“{lead_stage}”")}.`;
const DEAL_MOVED = `${leadOrDealMoves("deal")} to ${when("deal_stage", "another stage", "“{deal_stage}”")}${worth}.`;
const APPROVAL_ASKED = `${when("actorName", "Your approval", "{actorName} asks for your approval")}${when("approval_title", "", " of “{approval_title}”")}${when("actorName", " is requested", "")}.`;
const APPROVAL_DECIDED = `${when("actorName", "There is a decision", "{actorName} decided")} on ${when("approval_title", "your request", "“{approval_title}”")}${when("approval_decision", "", ": {approval_decision}")}.`;
const TARGET_REACHED = `${when("target_name", "A target", "The target “{target_name}”")} has reached ${when("target_percent", "a milestone", "{target_percent}")}.`;
const IMPORT_FINISHED = `${when("import_name", "Your import", "The import “{import_name}”")} is finished${importCounts}.`;

/** Curly quotes would make two SMS of one: they are not in the alphabet that fits 160 to one. */
const plain = (source: string): string => source.replace(/[“”]/g, '"');

/** SMS and push from what the bell says; an SMS has no title, so its text says all. */
const shortOnes = (source: TextSource, sms: string): Pick<Record<TextChannel, TextSource>, "sms" | "push"> => ({
  sms: { ...source, body: plain(sms) },
  push: source,
});
/** Texts whose subject reads as their title does in the bell. */
const alike = (source: TextSource): Record<TextChannel, TextSource> => ({
  "in-app": source,
  email: source,
  ...shortOnes(source, source.body),
});
/** A mail that says it otherwise than the bell. */
const mailed = (source: TextSource, email: TextSource, sms = source.body): Record<TextChannel, TextSource> => ({
  "in-app": source,
  email,
  ...shortOnes(source, sms),
});

const ENGLISH: Record<EventType, Record<TextChannel, TextSource>> = {
  task_assigned: mailed(
    { title: when("task_title", "New task", "New task: {task_title}"), body: TASK_ASSIGNED, action: "Open task" },
    {
      title: `${when("actorName", "New task", "{actorName} assigned you a task")}${when("task_title", "", ": {task_title}")}`,
      body: `${taskSentence}.${when("task_dueAt", "", "\n\nDue {task_dueAt}")}`,
      action: "Open task",
    },
  ),
  task_due_soon: alike({
    title: when("task_title", "A task is due soon", "Due soon: {task_title}"),
    body: TASK_DUE_SOON,
    action: "Open task",
  }),
  task_overdue: alike({ title: when("task_title", "A task is overdue", "Overdue: {task_title}"), body: TASK_OVERDUE, action: "Open task" }),
  lead_assigned: mailed(
    { title: when("lead_name", "New lead", "New lead: {lead_name}"), body: LEAD_ASSIGNED, action: "Open lead" },
    {
      title: `${when("actorName", "New lead", "{actorName} assigned you a lead")}${when("lead_name", "", ": {lead_name}")}`,
      body: LEAD_ASSIGNED,
      action: "Open lead",
    },
  ),
  lead_stage_change: alike({
    title: `${when("lead_name", "A lead", "{lead_name}")} moved to ${when("lead_stage", "another stage", "{lead_stage}")}`,
    body: LEAD_MOVED,
    action: "Open lead",
  }),
  deal_stage_change: alike({
    title: `${when("deal_name", "A deal", "{deal_name}")} moved to ${when("deal_stage", "another stage", "{deal_stage}")}`,
    body: DEAL_MOVED,
    action: "Open deal",
  }),
  deal_closed_won: alike({
    title: when("deal_name", "A deal was won", "Deal won: {deal_name}"),
    body: `${dealCloses("won")}${worth}.`,
    action: "Open deal",
  }),
  deal_closed_lost: alike({
    title: when("deal_name", "A deal was lost", "Deal lost: {deal_name}"),
    body: `${dealCloses("lost")}${worth}.`,
    action: "Open deal",
  }),
  note_added: mailed(
    {
      title: noteTitle,
      body: when("text", when("record_name", "A note was added.", "A note was added to “{record_name}”."), "{text}"),
      action: "Open note",
    },
    { title: noteTitle, body: `${noteTitle}${when("text", ".", ":\n\n{text}")}`, action: "Open note" },
    `${noteTitle}${when("text", ".", ": {text}")}`,
  ),
  mention: mailed(
    { title: mentionTitle, body: when("text", `${mentionTitle}.`, "{text}"), action: "Open note" },
    { title: mentionTitle, body: `${mentionTitle}${when("text", ".", ":\n\n{text}")}`, action: "Open note" },
    `${mentionTitle}${when("text", ".", ": {text}")}`,
  ),
  approval_requested: alike({
    title: when("approval_title", "Your approval is requested", "Approval requested: {approval_title}"),
    body: APPROVAL_ASKED,
    action: "Review request",
  }),
  approval_completed: alike({
    title: `${when("approval_title", "Your request", "{approval_title}")}: ${when("approval_decision", "decided", "{approval_decision}")}`,
    body: APPROVAL_DECIDED,
    action: "Open request",
  }),
  target_milestone: alike({
    title: `${when("target_name", "A target", "{target_name}")} reached ${when("target_percent", "a milestone", "{target_percent}")}`,
    body: TARGET_REACHED,
    action: "Open target",
  }),
  import_completed: alike({
    title: when("import_name", "Import finished", "Import finished: {import_name}"),
    body: IMPORT_FINISHED,
    action: "Open import",
  }),
};

/** The built-in texts. Each holds the title, name or text in full; a missing value never leaves a gap. */
export const TEXTS: Record<Language, Record<EventType, Record<TextChannel, TextSource>>> = { en: ENGLISH };

/** How an event of an organisation's own reads before anybody has written a text for it. `eventName` is the type's name. */
const OWN: TextSource = {
  title: "{eventName}{title, select, none {} other {: {title}}}",
  body: "{text, select, none {} other {{text}}}",
  action: "Open",
};
const OWN_TEXTS: Record<TextChannel, TextSource> = {
  "in-app": OWN,
  email: OWN,
  // An SMS has no title beside its text.
  sms: { ...OWN, body: `${OWN.title}{text, select, none {} other {: {text}}}` },
  push: OWN,
};

/** What is said of an event as long as no admin has written it otherwise. */
export const builtInText = (type: string, channel: TextChannel, language: Language): TextSource =>
  isEventType(type) ? TEXTS[language][type][channel] : OWN_TEXTS[channel];
