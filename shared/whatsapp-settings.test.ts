import { describe, expect, test } from "vitest";
import { EVENT_TYPES } from "./event-types.ts";
import { SAMPLE_TEMPLATES } from "./whatsapp-samples.ts";
import {
  checkMapping,
  mappingFor,
  templateMappingSchema,
  whatsappSettingsSchema,
  type TemplateMapping,
  type WhatsAppTemplate,
} from "./whatsapp-settings.ts";

const mapping = (more: Partial<TemplateMapping> = {}): TemplateMapping => ({ name: "t", language: "en", variables: [], ...more });
const template = (parameters: Partial<WhatsAppTemplate["parameters"]> = {}, status = "APPROVED"): WhatsAppTemplate => ({
  id: "1",
  name: "t",
  language: "en",
  status,
  category: "UTILITY",
  quality: "GREEN",
  text: "",
  parameters: { header: [], body: [], button: [], ...parameters },
});
const settings = (templates: Record<string, Record<string, TemplateMapping>>) =>
  whatsappSettingsSchema.parse({ phoneNumberId: "106540352242922", businessAccountId: "102290129340398", templates });

describe("a mapping", () => {
  test("fits a template with as many variables", () => {
    expect(checkMapping(mapping({ variables: ["title", "link"] }), template({ body: ["1", "2"] }))).toEqual([]);
    expect(checkMapping(mapping({ header: "title", button: "link" }), template({ header: ["1"], button: ["1"] }))).toEqual([]);
    expect(checkMapping(mapping({ variables: [{ name: "who", value: "actorName" }] }), template({ body: ["who"] }))).toEqual([]);
  });

  test.each([
    ["no template", mapping(), null, ["name"]],
    ["one that is paused", mapping(), template({}, "PAUSED"), ["name"]],
    ["too few", mapping(), template({ body: ["1"] }), ["variables"]],
    ["too many", mapping({ variables: ["title"] }), template(), ["variables"]],
    ["a name for a number", mapping({ variables: [{ name: "a", value: "title" }] }), template({ body: ["1"] }), ["variables.0"]],
    ["a number for a name", mapping({ variables: ["title"] }), template({ body: ["who"] }), ["variables", "variables.0"]],
    ["another name", mapping({ variables: [{ name: "a", value: "title" }] }), template({ body: ["who"] }), ["variables", "variables.0"]],
    ["a header without value", mapping(), template({ header: ["1"] }), ["header"]],
    ["a value without button", mapping({ button: "link" }), template(), ["button"]],
  ])("with %s is refused where it is wrong", (_title, of, against, paths) => {
    expect(checkMapping(of, against).map(({ path }) => path)).toEqual(paths);
  });

  test("is checked where an admin types it", () => {
    expect(templateMappingSchema.parse({ name: "crm_task", language: "en_US", variables: ["task_title"] })).toEqual({
      name: "crm_task",
      language: "en_US",
      variables: ["task_title"],
    });
    for (const bad of [
      { name: "CRM task", language: "en" },
      { name: "x", language: "english" },
      { name: "x", language: "en", variables: ["nonsense"] },
      { name: "x", language: "en", variables: ["constructor"] },
    ])
      expect(templateMappingSchema.safeParse(bad).success).toBe(false);
    expect(whatsappSettingsSchema.safeParse({ phoneNumberId: "+49", businessAccountId: "102290129340398" }).success).toBe(false);
  });
});

test("the reader's locale chooses, then the language, then English, then any", () => {
  const one = (language: string) => ({ ...mapping(), language });
  const all = settings({ mention: { "de-AT": one("de_AT"), de: one("de"), en: one("en") }, note_added: { fr: one("fr") } });
  expect(["de-AT", "de-CH", "de", "ja", "en-GB"].map((locale) => mappingFor(all, "mention", locale)?.language)).toEqual([
    "de_AT",
    "de",
    "de",
    "en",
    "en",
  ]);
  expect(mappingFor(all, "note_added", "de")?.language).toBe("fr");
  expect(mappingFor(all, "constructor", "en")).toBeNull();
  expect(mappingFor(all, "mention", "constructor")?.language).toBe("en");
});

test.each(EVENT_TYPES)("the sample for %s is one that Meta takes and that its mapping fits", (type) => {
  const { name, body, examples, mapping: own } = SAMPLE_TEMPLATES[type];
  expect(name).toMatch(/^[a-z0-9_]{1,512}$/);
  expect(body.length).toBeLessThanOrEqual(1_024);
  expect(body).not.toMatch(/^\s*\{\{|\}\}\s*$|\}\}\s*\{\{/);
  const names = [...new Set([...body.matchAll(/\{\{(\d+)\}\}/g)].map((match) => match[1] ?? ""))];
  expect(names).toEqual(own.variables.map((_, index) => String(index + 1)));
  expect(examples).toHaveLength(names.length);
  expect(checkMapping(templateMappingSchema.parse(own), { ...template({ body: names }), name })).toEqual([]);
});
