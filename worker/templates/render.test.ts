import { describe, expect, test } from "vitest";
import { EVENT_TYPES, type EventType } from "@carillon/shared/event-types";
import { countSegments } from "@carillon/shared/sms-segments";
import type { TextChannel } from "@carillon/shared/texts";
import type { ChangedTexts } from "@carillon/shared/templates";
import { cut } from "./cut.ts";
import { languageOf, renderTexts, renderValues } from "./render.ts";

const CHANNELS: TextChannel[] = ["in-app", "email", "sms", "push"];
const NAUGHTY = [
  "Call {Acme}",
  "it's 'quoted' {task_title}",
  "<b>bold</b>",
  "none",
  "other",
  "constructor",
  "__proto__",
  "{",
  "}",
  "#",
  "'{'",
  "🧑‍🧑‍🧒‍🧒 family",
  "العربية \u202e",
  "Zürich ß 東京",
  "a\u0300\u0301",
  "%s ${x} {{y}}",
  "-1",
  "  spaced  ",
  "|",
  "\\u0000",
];

const nested = (name: unknown, more: unknown = null): Record<string, unknown> => ({
  task: { title: name, dueAt: more },
  lead: { name, stage: more, previousStage: more },
  deal: { name, stage: more, amount: more, currency: more },
  text: name,
  record: { name: more },
  approval: { title: name, decision: more },
  target: { name, percent: more },
  import: { name, created: more, failed: more },
  actorName: more,
});

test("a task says who, what and when", () => {
  const event = { type: "task_assigned" as const, data: { task: { title: "Call Acme", dueAt: "2026-11-24T09:00:00Z" }, actorName: "Kim" } };
  expect(renderTexts(event, "in-app", "en")).toEqual({
    title: "New task: Call Acme",
    body: "Kim assigned you “Call Acme”, due Nov 24, 2026, 9:00 AM UTC.",
    action: "Open task",
    locale: "en",
  });
  expect(renderTexts(event, "email", "en-GB", "Europe/Berlin")).toEqual({
    title: "Kim assigned you a task: Call Acme",
    body: "Kim assigned you “Call Acme”.\n\nDue 24 Nov 2026, 10:00",
    action: "Open task",
    locale: "en",
  });
});

test("a time without an offset is UTC on every machine, what is no time stays as it is", () => {
  const body = (dueAt: unknown) => renderTexts({ type: "task_overdue", data: { task: { title: "A", dueAt } } }, "in-app", "en").body;
  expect(body("2026-11-24T09:00")).toBe("“A” was due Nov 24, 2026, 9:00 AM UTC.");
  expect(body("2026-11-24T09:00:00+02:00")).toBe("“A” was due Nov 24, 2026, 7:00 AM UTC.");
  expect(body("yesterday")).toBe("“A” was due yesterday.");
});

test("amounts are written with their currency, percentages and counts as numbers", () => {
  const body = (type: EventType, data: Record<string, unknown>) => renderTexts({ type, data }, "in-app", "en").body;
  expect(body("deal_closed_won", { deal: { name: "Big", amount: 12000, currency: "EUR" }, actorName: "Kim" })).toBe(
    "Kim closed the deal “Big” as won, worth €12,000.",
  );
  expect(body("deal_closed_won", { deal: { name: "Big", amount: "12000.50", currency: "bananas" } })).toBe(
    "The deal “Big” was won, worth 12,000.5 bananas.",
  );
  expect(body("deal_stage_change", { deal: { name: "Big", amount: 5, currency: "USD", stage: "Offer" } })).toBe(
    "The deal “Big” moved to “Offer”, worth $5.",
  );
  expect(body("target_milestone", { target: { name: "Q4", percent: "75%" } })).toBe("The target “Q4” has reached 75%.");
  expect(body("import_completed", { import: { name: "leads.csv", created: 1200, failed: 1 } })).toBe(
    "The import “leads.csv” is finished: 1,200 records created, 1 failed.",
  );
  expect(body("import_completed", { import: { failed: "1" } })).toBe("Your import is finished: 1 record failed.");
});

test.each(EVENT_TYPES)("%s without any data reads as a sentence", (type) => {
  for (const channel of CHANNELS) {
    const { title, body, action } = renderTexts({ type, data: {} }, channel, "en");
    for (const text of [title, body, action]) {
      expect(text).toMatch(/^[A-Z]/);
      expect(text).not.toMatch(/none|undefined|null|NaN|[{}]| {2}|“”| [.,:]|::/);
    }
    expect(body).toMatch(/[^.]\.$/);
  }
});

test.each(EVENT_TYPES)("%s holds its name literally and in full, whatever it is", (type) => {
  for (const channel of CHANNELS) {
    for (const name of [...NAUGHTY, "x".repeat(1_500)]) {
      for (const more of [null, "{", 7, "2026-11-24", "EUR"]) {
        expect(renderTexts({ type, data: nested(name, more) }, channel, "en").body).toContain(name);
      }
    }
  }
});

test("any JSON at any place makes a text within its limits", () => {
  const odd: unknown[] = [
    null,
    undefined,
    true,
    0,
    -1.5,
    NaN,
    [],
    ["a"],
    {},
    { toString: 1 },
    "",
    " ",
    "\ud800",
    "x".repeat(30_000),
    "2026-99-99T00:00:00Z",
    "+275760-09-13",
    "1e400",
    ...NAUGHTY,
  ];
  let seed = 20261123;
  const pick = <Item>(items: readonly Item[]): Item => items[(seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % items.length]!;
  for (let round = 0; round < 3_000; round++) {
    const data = pick([
      () => nested(pick(odd), pick(odd)),
      () => ({ task: pick(odd), lead: pick(odd), deal: pick(odd), text: pick(odd), target: pick(odd), import: pick(odd) }),
    ])();
    const texts = renderTexts(
      { type: pick(EVENT_TYPES), data },
      pick(CHANNELS),
      pick(["en", "en-US", "de-AT", "x", "", "en-"]),
      pick([null, "Europe/Berlin"]),
    );
    expect(texts.title.trim()).not.toBe("");
    expect(texts.body.trim()).not.toBe("");
    expect((texts.title + texts.body).isWellFormed()).toBe(true);
    expect(texts.title).not.toMatch(/\n/);
  }
});

test("the bell's texts end at a whole character", () => {
  const { title, body } = renderTexts(
    { type: "mention", data: { text: "👩‍👩‍👧".repeat(1_000), record: { name: "e\u0301".repeat(400) } } },
    "in-app",
    "en",
  );
  expect(title.length).toBeLessThanOrEqual(200);
  expect(title).toMatch(/e\u0301…$/);
  expect(body.length).toBeLessThanOrEqual(2_000);
  expect(body.endsWith("👩‍👩‍👧…")).toBe(true);
  expect(cut(`a${"\u0301".repeat(500)}`, 20)).toHaveLength(20);
  expect(cut("exactly", 7)).toBe("exactly");
});

test("an SMS says all in one text, in the alphabet that fits 160 characters", () => {
  const sms = (type: EventType, data: Record<string, unknown>) => renderTexts({ type, data }, "sms", "en").body;
  const data = {
    task: { title: "Call Acme", dueAt: "2026-11-24T09:00:00Z" },
    actorName: "Kim",
    text: "See page 4",
    record: { name: "Acme" },
  };
  expect(sms("task_assigned", data)).toBe('Kim assigned you "Call Acme", due Nov 24, 2026, 9:00 AM UTC.');
  expect(sms("mention", data)).toBe("Kim mentioned you in Acme: See page 4");
  expect(sms("note_added", data)).toBe("Kim added a note on Acme: See page 4");
  for (const type of EVENT_TYPES)
    for (const values of [{}, nested("Acme", "x"), nested("Acme", 7)]) {
      expect(countSegments(sms(type, values))).toMatchObject({ encoding: "GSM-7", segments: 1 });
    }
});

test("SMS and push end at a whole character when they are too long", () => {
  const text = "👩‍👩‍👧".repeat(1_000);
  const sms = renderTexts({ type: "mention", data: { text } }, "sms", "en").body;
  expect(sms.length).toBeLessThanOrEqual(1_600);
  expect(sms.endsWith("👩‍👩‍👧...")).toBe(true);
  expect(countSegments(renderTexts({ type: "mention", data: { text: "a".repeat(9_000) } }, "sms", "en").body).encoding).toBe("GSM-7");
  const full = `You were mentioned: ${"a".repeat(1_580)}`;
  expect(renderTexts({ type: "mention", data: { text: "a".repeat(1_580) } }, "sms", "en").body).toBe(full);
  const push = renderTexts({ type: "mention", data: { text } }, "push", "en");
  expect(push.body.length).toBeLessThanOrEqual(2_000);
  expect(push.body.endsWith("👩‍👩‍👧…")).toBe(true);
});

test("an organisation's own event says as SMS what it is called", () => {
  const event = { type: "invoice_paid", typeName: "Invoice paid", data: { title: "No. 7", text: "Acme paid 12 EUR" } };
  expect(renderTexts(event, "sms", "en").body).toBe("Invoice paid: No. 7: Acme paid 12 EUR");
  expect(renderTexts({ ...event, data: {} }, "sms", "en").body).toBe("Invoice paid");
  expect(renderTexts(event, "push", "en")).toMatchObject({ title: "Invoice paid: No. 7", body: "Acme paid 12 EUR" });
});

describe("a time", () => {
  const due = (channel: TextChannel, zone: string | null, dueAt = "2026-12-01T12:00:00Z") =>
    renderTexts({ type: "task_overdue", data: { task: { title: "A", dueAt } } }, channel, "en", zone).body.match(
      /due (?:at )?(.+?)\.?$/,
    )?.[1];

  test("is in the reader's zone, by the zone data that Carillon carries and not by the machine's", () => {
    expect(due("sms", "Europe/Berlin")).toBe("Dec 1, 2026, 1:00 PM");
    expect(due("sms", "Asia/Kolkata")).toBe("Dec 1, 2026, 5:30 PM");
    // Manitoba keeps its summer time from 2026 on.
    expect(due("sms", "America/Winnipeg")).toBe("Dec 1, 2026, 7:00 AM");
    expect(due("sms", "Pacific/Kiritimati", "2026-12-31T12:00:00Z")).toBe("Jan 1, 2027, 2:00 AM");
  });

  test.each([null, "UTC", "Etc/UTC", "Mars/Olympus_Mons", ""])("without a zone of its own (%j) is in UTC and says so", (zone) => {
    expect(due("sms", zone)).toBe("Dec 1, 2026, 12:00 PM UTC");
  });

  test.each([
    ["Europe/Berlin", "Dec 1, 2026, 1:00 PM GMT+1"],
    ["America/St_Johns", "Dec 1, 2026, 8:30 AM GMT-3:30"],
    ["Europe/London", "Dec 1, 2026, 12:00 PM GMT"],
  ])("in the bell, which readers of several zones share, says how far %s is from UTC", (zone, written) => {
    expect(due("in-app", zone)).toBe(written);
  });

  test("that is a day has no zone", () => {
    expect(due("sms", "Pacific/Kiritimati", "2026-12-01")).toBe("Dec 1, 2026");
    expect(due("in-app", "Pacific/Pago_Pago", "2026-12-01")).toBe("Dec 1, 2026");
  });

  test.each(["0000-01-01T00:00:00Z", "1900-06-01T00:00:00Z", "9999-12-31T23:59:59Z"])("as far away as %s is written", (dueAt) => {
    for (const zone of ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Africa/Monrovia"]) expect(due("in-app", zone, dueAt)).toContain("GMT");
  });
});

test("values for a provider's templates are written for the reader; what is missing is left out", () => {
  const data = {
    task: { title: "none", dueAt: "2026-11-24T09:00:00Z" },
    deal: { name: "{Big}", amount: 12_000, currency: "EUR", stage: " " },
    import: { created: 1_200, failed: "0" },
    target: { percent: 75 },
    text: ["a"],
  };
  expect(renderValues({ data }, "en", "Europe/Berlin")).toEqual({
    task_title: "none",
    task_dueAt: "Nov 24, 2026, 10:00 AM",
    deal_name: "{Big}",
    deal_amount: "€12,000",
    deal_currency: "EUR",
    import_created: "1,200",
    import_failed: "0",
    target_percent: "75%",
  });
  expect(renderValues({ data: {} }, "x")).toEqual({});
});

test("a language without texts reads English, dates and all", () => {
  expect(["en", "EN-gb", "de", null].map(languageOf)).toEqual(["en", "en", "en", "en"]);
  expect(renderTexts({ type: "task_overdue", data: { task: { title: "A", dueAt: "2026-11-24" } } }, "in-app", "de").body).toBe(
    "“A” was due Nov 24, 2026.",
  );
});

describe("a text that an admin has changed", () => {
  const changed: ChangedTexts = {
    task_assigned: { email: { en: { title: "Work for you: {task_title}" } }, push: { en: { title: "Task", body: "{task_title}" } } },
    site_visit: { sms: { en: { body: "{eventName} on {day}: {visitors, plural, one {# visitor} other {# visitors}} at {site}" } } },
  };
  const say = (type: string, channel: TextChannel, data: Record<string, unknown>, texts: ChangedTexts = changed) =>
    renderTexts({ type, typeName: "Site visit", data }, channel, "en", null, texts);

  test("goes before the built-in one, part by part, on its channel only", () => {
    const data = { task: { title: "Call Acme" }, actorName: "Kim" };
    expect(say("task_assigned", "email", data)).toMatchObject({ title: "Work for you: Call Acme", body: "Kim assigned you “Call Acme”." });
    expect(say("task_assigned", "in-app", data)).toMatchObject({ title: "New task: Call Acme" });
    expect(say("task_overdue", "email", data)).toMatchObject({ title: "Overdue: Call Acme" });
  });

  test("leaves no gap and no word of ours where a variable is missing", () => {
    expect(say("task_assigned", "email", {})).toMatchObject({ title: "Work for you: " });
    expect(say("task_assigned", "email", { task: { title: "none" } }).title).toBe("Work for you: none");
  });

  test("gives way to the built-in words where nothing would be left of it, but an empty one is meant", () => {
    expect(say("task_assigned", "push", {})).toMatchObject({ title: "Task", body: "You were assigned a task." });
    const empty: ChangedTexts = { task_assigned: { push: { en: { body: "" } } } };
    expect(say("task_assigned", "push", {}, empty)).toMatchObject({ title: "New task", body: "" });
  });

  test("gives way where it can't be used at all", () => {
    for (const title of ["{", "{task_dueAt, date, short}", "{task_title, number}"]) {
      const broken: ChangedTexts = { task_assigned: { "in-app": { en: { title } } } };
      expect(say("task_assigned", "in-app", { task: { title: "A", dueAt: "soon" } }, broken).title).toBe("New task: A");
    }
  });

  test("may name what an own event's data carry, written for the reader", () => {
    const sms = (data: Record<string, unknown>) => say("site_visit", "sms", data).body;
    expect(sms({ day: "2026-11-24", visitors: 1_200, site: "Dock 4" })).toBe("Site visit on Nov 24, 2026: 1,200 visitors at Dock 4");
    expect(sms({ day: "soon", visitors: "many", site: true })).toBe("Site visit on soon: 0 visitors at true");
    expect(sms({ day: { a: 1 }, visitors: null, site: "{day}" })).toBe("Site visit on : 0 visitors at {day}");
    expect(sms({ day: "2026-11-24T25:61", site: "__proto__" })).toBe("Site visit on 2026-11-24T25:61: 0 visitors at __proto__");
  });

  test("counts are written as the reader writes numbers, and choose by their value", () => {
    const texts: ChangedTexts = {
      import_completed: { "in-app": { en: { body: "{import_created} of {import_name, select, none {a file} a {A} other {B}}" } } },
    };
    const body = (data: object) => say("import_completed", "in-app", { import: data }, texts).body;
    expect(body({ created: 1_200, name: "a" })).toBe("1,200 of A");
    expect(body({ created: "7", name: "constructor" })).toBe("7 of B");
    expect(body({})).toBe(" of a file");
  });

  test("is looked up as data: a type that is called as something every object has has none", () => {
    expect(say("constructor", "in-app", { text: "x" })).toMatchObject({ title: "Site visit", body: "x" });
  });
});
