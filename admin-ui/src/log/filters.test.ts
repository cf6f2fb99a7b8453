import { expect, test } from "vitest";
import { filtersOf, NO_FILTERS, queryOf, searchOf } from "./filters.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");

test("filters go into the address and come back the same", () => {
  const filters = { ...NO_FILTERS, state: "failed", channel: "email", event: "crm-8841", user: "ada", range: "24h" as const };
  expect(queryOf(filters)).toEqual({ state: "failed", channel: "email", event: "crm-8841", user: "ada", range: "24h" });
  expect(filtersOf(queryOf(filters))).toEqual(filters);
});

test("words that are no filter are left out", () => {
  expect(filtersOf({ state: "broken", channel: ["email", "sms"], range: "9y", open: "0.1" })).toEqual(NO_FILTERS);
});

test("the question names only what is set, with the range as instants", () => {
  const search = searchOf({ ...NO_FILTERS, q: " acme ", event: "crm-8841", range: "1h" }, NOW, { limit: 50, cursor: "0.7" });
  expect(search.toString()).toBe("event=crm-8841&q=acme&from=2026-11-23T11%3A00%3A00.000Z&limit=50&cursor=0.7");
});

test("a custom range may be open at either end", () => {
  const search = searchOf({ ...NO_FILTERS, range: "custom", to: "2026-11-23T10:00:00Z", from: "" }, NOW, { limit: 50 });
  expect([search.get("from"), search.get("to")]).toEqual([null, "2026-11-23T10:00:00.000Z"]);
});
