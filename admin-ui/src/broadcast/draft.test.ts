import { EVENT_DATA, EVENT_TYPES } from "@carillon/shared/event-types";
import { eventSchema } from "@carillon/shared/events";
import { ownTypeRow, viewEventTypes, type EventTypeView } from "@carillon/shared/own-events";
import { expect, test } from "vitest";
import { audienceWords, byDraftField, draftIssues, fieldsOf, newDraft, toEvent, type Draft } from "./draft.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const BUILT_IN = viewEventTypes({ version: 1, own: [], priorities: {} }).types;
const own: EventTypeView = {
  type: "visit_planned",
  name: "Visit planned",
  description: "",
  priority: "normal",
  schema: { type: "object", properties: { dock: { type: "integer" }, isUrgent: { type: "boolean" } }, required: ["dock"] },
  defaults: ownTypeRow(),
  archived: false,
  builtIn: false,
};
const draft = (more: Partial<Draft>): Draft => ({ ...newDraft("Europe/Berlin"), type: "task_assigned", ...more });

test.each(EVENT_TYPES)("%s with every field filled in is an event that the server takes", (type) => {
  const fields = fieldsOf(BUILT_IN.find((one) => one.type === type));
  const typed = (kind: string) => (kind === "text" ? "words" : kind === "time" ? "2026-12-01T09:00" : "12.5");
  const data = Object.fromEntries(fields.map(({ name, kind }) => [name, typed(kind)]));
  const filled = draft({ type, data, link: "/deals/1", priority: "high", deliverAt: "2026-11-25T09:00" });
  expect(draftIssues(filled, fields, NOW)).toEqual({});
  const event = eventSchema.parse({ id: "x", ...toEvent(filled, fields) });
  expect(event).toMatchObject({ type, audience: { kind: "all" }, link: "/deals/1", deliverAt: "2026-11-25T08:00:00.000Z" });
  EVENT_DATA[type].parse(event.data);
  expect(JSON.stringify(event.data).match(/words|12\.5|2026-12-01T08:00:00/g)).toHaveLength(fields.length);
});

test("what is left empty is left out", () => {
  const fields = fieldsOf(BUILT_IN[0]);
  expect(toEvent(draft({ kind: "team", group: " North ", data: { task_title: " ", actorName: "" } }), fields)).toEqual({
    type: "task_assigned",
    audience: { kind: "team", name: "North" },
    data: {},
  });
});

test("an own type asks for what its schema names, as numbers and as yes or no, and for nothing that only texts know", () => {
  const fields = fieldsOf(own);
  expect(fields.map(({ name }) => name)).toEqual(["title", "text", "dock", "isUrgent"]);
  const filled = draft({ type: "visit_planned", data: { dock: "4", isUrgent: "no", title: "A visit" } });
  expect(toEvent(filled, fields)).toMatchObject({ data: { dock: 4, isUrgent: false, title: "A visit" } });
  expect(draftIssues(draft({ type: "visit_planned", data: { dock: "four" } }), fields, NOW)).toEqual({ dock: "A number such as 12.5" });
  expect(Object.keys(draftIssues(draft({ type: "visit_planned" }), fields, NOW))).toEqual(["dock"]);
});

test("a group, an event and times that can be are asked for before anything is sent", () => {
  const issues = (more: Partial<Draft>) => Object.keys(draftIssues(draft(more), [], NOW));
  expect(issues({ kind: "list" })).toEqual(["group"]);
  expect(issues({ type: "" })).toEqual(["type"]);
  expect(issues({ deliverAt: "2026-11-25T09:00", expiresAt: "2026-11-25T08:00" })).toEqual(["expiresAt"]);
  expect(issues({ expiresAt: "2026-11-24T12:30" })).toEqual(["expiresAt"]);
  expect(issues({ expiresAt: "2026-11-24T13:30" })).toEqual([]);
  expect(issues({ deliverAt: "2026-11-25T09:00", zone: "Nowhere" })).toEqual(["deliverAt"]);
});

test("what the server refuses stands at its field", () => {
  const issues = [
    { path: "data.task.title", message: "Too long" },
    { path: "audience.name", message: "Too long" },
    { path: "link", message: "An https address" },
  ];
  expect(byDraftField(issues, "task_assigned")).toEqual({ task_title: "Too long", group: "Too long", link: "An https address" });
  expect(byDraftField([{ path: "data.dock", message: "Too high" }], "visit_planned")).toEqual({ dock: "Too high" });
});

test("an audience in words", () => {
  expect([audienceWords({ kind: "all" }), audienceWords({ kind: "list", name: "beta" })]).toEqual(["Everybody", "List beta"]);
});
