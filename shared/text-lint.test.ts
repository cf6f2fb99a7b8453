import { expect, test } from "vitest";
import { EVENT_TYPES } from "./event-types.ts";
import { TEXT_CHANNELS } from "./templates.ts";
import { variablesOf } from "./template-variables.ts";
import { hasErrors, lintText, withFallback, withPlace, type LintedVariable } from "./text-lint.ts";
import { TEXTS, builtInText, type TextChannel } from "./texts.ts";

const VARIABLES: LintedVariable[] = [
  { name: "eventName", kind: "text", mayBeMissing: false },
  { name: "actorName", kind: "text", mayBeMissing: true },
  { name: "task_title", kind: "text", mayBeMissing: true },
  { name: "task_dueAt", kind: "time", mayBeMissing: true },
  { name: "count", kind: "count", mayBeMissing: true },
];
/** What is said of a body, in the order of the places. */
const lintBody = (body: string, channel: TextChannel = "in-app") =>
  lintText({ title: "Hello", body, action: "Open" }, channel, VARIABLES).filter(({ part }) => part === "body");
const said = (body: string, channel?: TextChannel) => lintBody(body, channel).map(({ message }) => message);

test("no built-in text gives rise to a remark", () => {
  for (const type of EVENT_TYPES) {
    for (const channel of TEXT_CHANNELS) expect(lintText(TEXTS.en[type][channel], channel, variablesOf(type, null)), type).toEqual([]);
  }
  for (const channel of TEXT_CHANNELS)
    expect(lintText(builtInText("visit", channel, "en"), channel, variablesOf("visit", null))).toEqual([]);
});

test("an unknown variable is named with its place and the one that was probably meant", () => {
  const [found] = lintBody("Hello\nyou, {task_titel}!");
  expect(found).toEqual({
    part: "body",
    severity: "error",
    message: "There is no {task_titel}; did you mean {task_title}?",
    offset: 12,
    length: 10,
    line: 2,
    column: 7,
    fix: { label: "Write task_title", text: "task_title" },
  });
  expect(withPlace(found!)).toBe("Line 2, column 7: There is no {task_titel}; did you mean {task_title}?");
  expect(said("{zebra}")).toEqual(["There is no {zebra}"]);
  expect(said("{ACTORNAME}")).toEqual(["There is no {ACTORNAME}; did you mean {actorName}?"]);
  expect(said("{zebra, select, other {{horse}}}")).toEqual(["There is no {zebra}", "There is no {horse}"]);
});

test("what other template languages write is understood and put right", () => {
  expect(lintBody("Hi {{ task_title }}")[0]).toMatchObject({
    message: "One pair of braces is enough",
    offset: 3,
    length: 16,
    fix: { text: "{task_title}" },
  });
  expect(lintBody("{task.title}")[0]).toMatchObject({
    message: "There is no {task.title}; did you mean {task_title}?",
    fix: { text: "{task_title}" },
  });
  expect(said("{#if x}")).toEqual(["This is not the name of a variable"]);
});

test.each([
  ["{actorName", "The closing } is missing"],
  ["Hi {", "The closing } is missing"],
  ["{}", "Write a variable between the braces"],
  ["{actorName,}", "After the comma stands select or plural"],
  ["{actorName, list}", "After the comma stands select or plural"],
  ["{actorName, select}", "select needs its cases: none {…} other {…}"],
  ["{actorName, select, none}", "After the name of a case stands its text in braces"],
  ["{actorName, select, none {Hi}}", "The case other is missing: it stands for every value that has no case of its own"],
  ["{count, plural, one {Hi}}", "The case other is missing: it stands for every value that has no case of its own"],
  ["{actorName, select, other {a} other {b}}", "This case is there twice"],
])("%s is broken: %s", (body, message) => {
  const [found] = lintBody(body);
  expect(found).toMatchObject({ severity: "error", message });
  expect(body.slice(found!.offset).length).toBeGreaterThan(0);
});

test("a variable that may be missing wants a fallback, but not in a case where it is there", () => {
  const missing = (name: string) => `{${name}} may be missing; nothing stands here then`;
  expect(lintBody("{task_title}")[0]).toMatchObject({
    severity: "warning",
    message: missing("task_title"),
    offset: 0,
    length: 12,
    fix: { text: withFallback("task_title") },
  });
  expect(said(withFallback("task_title"))).toEqual([]);
  expect(said("{eventName}")).toEqual([]);
  expect(said("{task_title, select, other {{task_title}}}")).toEqual([missing("task_title")]);
  expect(said("{task_title, select, none {{task_title}} other {{actorName}}}")).toEqual([missing("task_title"), missing("actorName")]);
  expect(said("{task_title, select, urgent {{task_title}} other {}}")).toEqual([]);
  expect(said("{count, plural, one {#} other {#}}")).toEqual(["{count} may be missing; it then counts as 0"]);
  expect(said("{count, select, none {} other {{count, plural, one {#} other {#}}}}")).toEqual([]);
});

test("plural counts numbers only, and no format of its own is given to what is written for the reader", () => {
  expect(said("{task_dueAt, plural, other {#}}")).toEqual(["{task_dueAt} is no count: plural needs a number"]);
  expect(lintBody("{task_dueAt, date, short}")[0]).toMatchObject({
    severity: "error",
    message: "Write {task_dueAt} alone: times and numbers are written for the reader already",
    length: 25,
    fix: { text: "{task_dueAt}" },
  });
});

test("what a channel can't do without is asked for, and what it does not show is not looked at", () => {
  const empty = { title: " ", body: "", action: "" };
  const messages = (channel: TextChannel) => lintText(empty, channel, VARIABLES).map(({ part, message }) => `${part}: ${message}`);
  expect(messages("in-app")).toEqual(["title: Write a title"]);
  expect(messages("email")).toEqual(["title: Write a subject", "action: Name the button"]);
  expect(messages("sms")).toEqual(["body: Write the message"]);
  expect(messages("push")).toEqual(["title: Write a title"]);
  expect(lintText({ title: "{", body: "Hi", action: "{" }, "sms", VARIABLES)).toEqual([]);
});

test("a text that no value could make short enough is too long", () => {
  expect(said("x".repeat(1_601), "sms")).toEqual(["Too long: at most 1600 characters, and these are 1601 before any value"]);
  expect(said("x".repeat(1_600), "sms")).toEqual([]);
  const cases = `{actorName, select, none {${"x".repeat(1_700)}} other {Hi}}`;
  expect(said(cases, "sms")).toEqual([]);
  expect(said("x".repeat(5_000), "email")).toEqual([]);
  expect(said("x".repeat(6_001), "email")).toEqual(["At most 6000 characters with all cases; these are 6001"]);
  expect(lintText({ title: "x".repeat(201), body: "", action: "" }, "push", [])[0]).toMatchObject({ part: "title", severity: "error" });
});

test("an SMS is told which character makes it longer", () => {
  expect(lintBody("Hi “you”", "sms")[0]).toMatchObject({
    severity: "warning",
    message: "“ is not in the SMS alphabet: 70 characters fit one SMS instead of 160",
    offset: 3,
    length: 1,
    fix: { text: '"' },
  });
  expect(said("{actorName, select, none {Hi 🎉} other {Hi}}", "sms")).toEqual([
    "🎉 is not in the SMS alphabet: 70 characters fit one SMS instead of 160",
  ]);
  expect(said("Hi “you”", "push")).toEqual([]);
});

test("apostrophes and braces that are not what they look like are pointed out", () => {
  expect(said("it's Kim's")).toEqual([]);
  expect(lintBody("the task '{task_title}'")[0]).toMatchObject({ severity: "warning", offset: 10, length: 12 });
  expect(lintBody("Hi } there")[0]).toMatchObject({ severity: "warning", offset: 3, length: 1 });
  expect(hasErrors(lintBody("Hi } there"))).toBe(false);
});

test("nothing that can be typed makes it throw", () => {
  const pieces = [
    "{",
    "}",
    "'",
    "#",
    "<b>",
    "task_title",
    "actorName",
    ", select, ",
    ", plural, ",
    "none {",
    "other {",
    "=0 {",
    "\n",
    "é🎉",
    "=",
    " ",
  ];
  let seed = 7;
  const pick = () => pieces[(seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % pieces.length]!;
  for (let round = 0; round < 5_000; round++) {
    const body = Array.from({ length: 1 + (round % 14) }, pick).join("");
    for (const { offset, length, line, column } of lintBody(body, "sms")) {
      expect(offset + length, body).toBeLessThanOrEqual(body.length);
      expect(Math.min(offset, line - 1, column - 1), body).toBeGreaterThanOrEqual(0);
    }
  }
});
