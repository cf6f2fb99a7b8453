import type { Audience, GroupKind } from "@carillon/shared/audience";
import { isEventType, type Priority } from "@carillon/shared/event-types";
import type { Issue } from "@carillon/shared/events";
import type { EventTypeView } from "@carillon/shared/own-events";
import { sampleData, variablesOf, type KnownVariable } from "@carillon/shared/template-variables";
import { fromLocalInput } from "../words/zoned-time.ts";

/** A broadcast as it is typed. Times are wall-clock times in `zone`; an empty text is none. */
export type Draft = {
  kind: Audience["kind"];
  /** Of the role, team or list. */
  group: string;
  type: string;
  /** By the variables of the type. */
  data: Record<string, string>;
  link: string;
  /** Empty: as the event type says. */
  priority: Priority | "";
  deliverAt: string;
  expiresAt: string;
  zone: string;
};

export const newDraft = (zone: string): Draft => ({
  kind: "all",
  group: "",
  type: "",
  data: {},
  link: "",
  priority: "",
  deliverAt: "",
  expiresAt: "",
  zone,
});

/** What the texts of a type take from the event's data. */
export function fieldsOf(type: EventTypeView | undefined): KnownVariable[] {
  if (!type) return [];
  return variablesOf(type.type, type.builtIn ? null : type).filter(({ name }) => name !== "eventName");
}

export const audienceOf = ({ kind, group }: Pick<Draft, "kind" | "group">): Audience =>
  kind === "all" ? { kind } : { kind, name: group.trim() };

/** The event as it is posted, but for its id. What is left empty is left out. */
export function toEvent(draft: Draft, fields: KnownVariable[]): object {
  const { type, link, priority, zone } = draft;
  /** What is no time goes as it was typed. */
  const time = (typed: string): string => {
    const instant = fromLocalInput(typed, zone);
    return instant === null ? typed : new Date(instant).toISOString();
  };
  const filled = fields.flatMap((field) => {
    const typed = draft.data[field.name]?.trim() ?? "";
    return typed === "" ? [] : [{ ...field, sample: valueOf(field, typed, time) }];
  });
  return {
    type,
    audience: audienceOf(draft),
    data: sampleData(type, filled),
    ...(link.trim() === "" ? {} : { link: link.trim() }),
    ...(priority === "" ? {} : { priority }),
    ...(draft.deliverAt === "" ? {} : { deliverAt: time(draft.deliverAt) }),
    ...(draft.expiresAt === "" ? {} : { expiresAt: time(draft.expiresAt) }),
  };
}

export const isYesOrNo = ({ sample }: KnownVariable): boolean => typeof sample === "boolean";
export const isNumber = ({ kind }: KnownVariable): boolean => kind !== "text" && kind !== "time";

/** What the page itself can tell, by field; all else the server says. */
export function draftIssues(draft: Draft, fields: KnownVariable[], now: number): Record<string, string> {
  const issues: Record<string, string> = {};
  if (draft.kind !== "all" && draft.group.trim() === "") issues["group"] = `Choose a ${draft.kind}`;
  if (draft.type === "") issues["type"] = "Choose an event";
  for (const field of fields) {
    const typed = draft.data[field.name]?.trim() ?? "";
    if (typed === "" && !field.mayBeMissing) issues[field.name] = "Every event of this type needs it";
    else if (typed !== "" && isNumber(field) && !Number.isFinite(Number(typed))) issues[field.name] = "A number such as 12.5";
    else if (typed !== "" && field.kind === "time" && fromLocalInput(typed, draft.zone) === null) issues[field.name] = TIME;
  }
  const [from, until] = [draft.deliverAt, draft.expiresAt].map((typed) => (typed === "" ? null : fromLocalInput(typed, draft.zone)));
  if (draft.deliverAt !== "" && from === null) issues["deliverAt"] = TIME;
  if (draft.expiresAt !== "" && until === null) issues["expiresAt"] = TIME;
  else if (until != null && until <= Math.max(now, from ?? 0)) issues["expiresAt"] = "By then nobody would have been told";
  return issues;
}
const TIME = "A date and time, and a zone such as Europe/Berlin";

/** The server's complaints by the fields of the form: `data.task.title` is the field `task_title`. */
export function byDraftField(issues: Issue[], type: string): Record<string, string> {
  const messages: Record<string, string> = {};
  for (const { path, message } of issues) messages[fieldAt(path, type)] ??= message;
  return messages;
}

function fieldAt(path: string, type: string): string {
  const [first, ...rest] = path.split(".");
  if (first === "audience") return "group";
  return first === "data" ? (isEventType(type) ? rest.join("_") : (rest[0] ?? "data")) : path;
}

function valueOf(field: KnownVariable, typed: string, time: (typed: string) => string): unknown {
  if (isYesOrNo(field)) return typed === "yes";
  if (isNumber(field)) return Number(typed);
  return field.kind === "time" ? time(typed) : typed;
}

const KIND_WORDS: Record<GroupKind, string> = { role: "Role", team: "Team", list: "List" };
/** "Everybody", "Team North". */
export const audienceWords = (audience: Audience): string =>
  audience.kind === "all" ? "Everybody" : `${KIND_WORDS[audience.kind]} ${audience.name}`;
