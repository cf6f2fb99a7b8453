import { SAMPLE_TEMPLATES } from "@carillon/shared/whatsapp-samples";
import { EVENT_TYPES } from "@carillon/shared/event-types";
import { checkMapping, type TemplateMapping, type WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import { describe, expect, test } from "vitest";
import { reactive } from "vue";
import { isLocale, localesOf, mismatchesOf, newMapping, previewOf, toTemplates, withValueAt, type MappingDraft } from "./mapping.ts";
import { nameInWords, variablesOf } from "./variables.ts";

const template = (text: string, more: Partial<WhatsAppTemplate> = {}): WhatsAppTemplate => ({
  id: "1",
  name: "hello",
  language: "en",
  status: "APPROVED",
  category: "UTILITY",
  quality: "GREEN",
  text,
  parameters: { header: [], body: [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]!), button: [] },
  ...more,
});
const mapping = (more: Partial<TemplateMapping> = {}): TemplateMapping => ({ name: "hello", language: "en", variables: [], ...more });

describe("a mapping that the page proposes", () => {
  test("of a sample is the sample's own, for every event", () => {
    for (const type of EVENT_TYPES) {
      const sample = SAMPLE_TEMPLATES[type];
      const listed = template(sample.body, { name: sample.name });
      expect(newMapping(listed, variablesOf(type, false), sample.mapping)).toEqual(sample.mapping);
    }
  });

  test.each([
    ["Hi {{1}}: {{2}}, {{3}}, {{4}}, {{5}}, {{6}}, {{7}}", {}],
    ["Hi {{name}}, {{task_title}}", {}],
    ["Hi", { parameters: { header: ["1"], body: [], button: ["1"] } }],
    ["Nothing", {}],
  ])("of %j fits it", (text, more) => {
    const listed = template(text, more);
    expect(checkMapping(newMapping(listed, variablesOf("task_assigned", false), null), listed)).toEqual([]);
  });

  test("takes a variable that the template names by its name", () => {
    expect(newMapping(template("{{task_dueAt}} {{recipient_name}}"), variablesOf("task_assigned", false), null).variables).toEqual([
      { name: "task_dueAt", value: "task_dueAt" },
      { name: "recipient_name", value: "recipient_name" },
    ]);
  });
});

test("an event has its own variables and what every message has; an own event may have any", () => {
  expect(variablesOf("deal_closed_won", false)).toEqual([
    "recipient_name",
    "title",
    "body",
    "link",
    "org_name",
    "actorName",
    "deal_name",
    "deal_stage",
    "deal_amount",
    "deal_currency",
  ]);
  expect(variablesOf("mention", false)).toContain("record_name");
  expect(variablesOf("import_completed", false)).not.toContain("actorName");
  expect(variablesOf("visit_planned", true)).toContain("import_failed");
});

test("a variable is named in words", () => {
  expect((["task_dueAt", "recipient_name", "actorName"] as const).map(nameInWords)).toEqual([
    "task due at",
    "recipient name",
    "actor name",
  ]);
});

test("the preview reads as a person would, and leaves a variable that stands for nothing", () => {
  expect(previewOf(template("Hello {{1}}: {{2}}!"), mapping({ variables: ["recipient_name"] }))).toEqual([
    { text: "Hello ", variable: null },
    { text: "Ada", variable: "recipient_name" },
    { text: ": ", variable: null },
    { text: "{{2}}", variable: null },
    { text: "!", variable: null },
  ]);
  const named = mapping({ variables: [{ name: "who", value: "actorName" }] });
  expect(previewOf(template("{{who}}"), { ...named, variables: withValueAt(named, 0, "recipient_name") })).toEqual([
    { text: "Ada", variable: "recipient_name" },
  ]);
});

test("what was removed is not sent, and English comes first", () => {
  const draft: MappingDraft = {
    task_assigned: { de: mapping(), en: mapping({ header: undefined }) },
    mention: { en: undefined },
    note_added: { en: mapping({ name: "" }) },
  };
  expect(localesOf(draft, "task_assigned")).toEqual(["en", "de"]);
  expect(toTemplates(draft)).toEqual({ task_assigned: { en: mapping(), de: mapping() } });
  const named = mapping({ variables: [{ name: "who", value: "actorName" }] });
  expect(structuredClone(toTemplates(reactive({ mention: { en: named } })))).toEqual({ mention: { en: named } });
});

test("a mismatch stands at the field that a save would name", () => {
  const draft: MappingDraft = { mention: { en: mapping({ variables: ["title"] }), de: mapping({ name: "gone" }) } };
  expect(mismatchesOf(draft, [template("Hi {{1}} {{2}}", { status: "PAUSED" })])).toEqual({
    "templates.mention.en.name": "The template is paused, not approved",
    "templates.mention.en.variables": "The template has 2 variables, 1 are given",
    "templates.mention.de.name": "There is no template gone in en",
  });
});

test.each(["de", "en-GB", "zh-Hant-TW", "fil"])("%s is a language", (text) => expect(isLocale(text)).toBe(true));
test.each(["", "german language", "DE", "de_DE", "d"])("%j is none", (text) => expect(isLocale(text)).toBe(false));
