import { expect, test } from "vitest";
import { EVENT_DATA, EVENT_TYPES } from "./event-types.ts";
import { sampleData, variablesOf } from "./template-variables.ts";

const namesOf = (type: string) => variablesOf(type, null).map(({ name }) => name);

test("an event has the variables that its data may carry, and no others", () => {
  expect(namesOf("task_assigned")).toEqual(["actorName", "task_title", "task_dueAt"]);
  expect(namesOf("deal_closed_won")).toEqual(["actorName", "deal_name", "deal_stage", "deal_amount", "deal_currency"]);
  expect(namesOf("import_completed")).toEqual(["import_name", "import_created", "import_failed"]);
});

test.each(EVENT_TYPES)("the sample of %s is data that such an event may have", (type) => {
  expect(EVENT_DATA[type].safeParse(sampleData(type, variablesOf(type, null))).success).toBe(true);
});

test("an own type has what its schema names, besides what every one has", () => {
  const schema = {
    type: "object",
    required: ["site"],
    properties: {
      site: { type: "string", title: "The site", examples: ["Dock 4"] },
      visitors: { type: ["integer", "null"], description: "How many come" },
      day: { type: "string", format: "date" },
      title: { type: "string" },
      inner: { type: "object" },
      list: { type: "array" },
      "not a name": { type: "string" },
      urgent: { type: "boolean" },
      kind: { enum: ["audit", "repair"] },
    },
  };
  const variables = variablesOf("site_visit", { name: "Site visit", schema });
  expect(variables.map(({ name, kind, mayBeMissing }) => [name, kind, mayBeMissing])).toEqual([
    ["eventName", "text", false],
    ["title", "text", true],
    ["text", "text", true],
    ["site", "text", false],
    ["visitors", "count", true],
    ["day", "time", true],
    ["urgent", "text", true],
    ["kind", "text", true],
  ]);
  expect(variables[3]).toMatchObject({ description: "The site", sample: "Dock 4" });
  expect(sampleData("site_visit", variables)).toMatchObject({ site: "Dock 4", visitors: 3, urgent: true, kind: "audit" });
});

test("a schema that says nothing of properties adds none", () => {
  for (const schema of [null, {}, { properties: 1 }, { properties: { a: null, b: true } }, { required: "a" }]) {
    expect(variablesOf("visit", { name: "Visit", schema }).map(({ name }) => name)).toEqual(["eventName", "title", "text"]);
  }
});
