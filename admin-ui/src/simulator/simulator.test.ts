import { EVENT_DATA, EVENT_TYPES } from "@carillon/shared/event-types";
import { eventSchema } from "@carillon/shared/events";
import { expect, test } from "vitest";
import type { SimulatedDecision } from "../api.ts";
import { outcomeOf, untilOf, valuesOf, whyOf } from "./answer.ts";
import { everybody, offered, stepped } from "./people.ts";
import { toRequest } from "./request.ts";

const AT = Date.parse("2026-11-23T21:00:00Z");
const held: SimulatedDecision = {
  user: "u1",
  channel: "email",
  do: "hold",
  until: "2026-11-24T07:00:00.000Z",
  why: "quiet-hours",
  details: {
    cell: { when: "on", locked: false },
    preference: null,
    gate: "on",
    address: "yes",
    timeZone: "Europe/Berlin",
    localTime: "mon 22:00",
    quiet: true,
  },
};

test.each(EVENT_TYPES)("%s is posted with its title where its texts look for it", (type) => {
  const { at, ...event } = toRequest({ type, recipients: ["u1"], actor: null, priority: "high", title: " Acme " }, AT) as { at: string };
  const posted = eventSchema.parse(event);
  expect(at).toBe("2026-11-23T21:00:00.000Z");
  expect(posted).toMatchObject({ type, recipients: ["u1"], priority: "high" });
  expect(posted.actor).toBeUndefined();
  expect(JSON.stringify(EVENT_DATA[type].parse(posted.data))).toContain('"Acme"');
});

test("people are chosen, or typed by their ids apart by commas, blanks or lines; each once", () => {
  expect(everybody([], " u1, u2;u3\nu1 ")).toEqual(["u1", "u2", "u3"]);
  expect(everybody(["u2", "u4"], "u1 u2")).toEqual(["u2", "u4", "u1"]);
  expect(
    offered(
      [
        { id: "u1", name: "Ada", email: null },
        { id: "u2", name: null, email: null },
      ],
      ["u1"],
    ).map(({ id }) => id),
  ).toEqual(["u2"]);
  expect([stepped(-1, 1, 3), stepped(2, 1, 3), stepped(0, -1, 3), stepped(-1, 1, 0)]).toEqual([0, 2, 0, -1]);
});

test("a held message is told on both clocks, or on one where they are the same", () => {
  expect(outcomeOf(held).word).toBe("Held");
  expect(whyOf(held)).toBe("Quiet hours.");
  expect(untilOf(held, "Asia/Kolkata")).toEqual(["Tue 24 Nov, 08:00 Europe/Berlin", "Tue 24 Nov, 12:30 Asia/Kolkata"]);
  expect(untilOf(held, "Europe/Berlin")).toEqual(["Tue 24 Nov, 08:00 Europe/Berlin"]);
});

test("the values that it was taken from are told in words", () => {
  expect(valuesOf(held)).toEqual([
    ["Routing", "On, users may change it"],
    ["Person's choice", "none"],
    ["Email channel", "on"],
    ["Address", "known"],
    ["Person's clock", "Mon 22:00 Europe/Berlin"],
    ["Quiet there", "yes"],
  ]);
});

test("a silent item is sent, and says why it makes no sound", () => {
  const silent = { do: "send", silent: true, why: "matrix" } as const;
  expect(outcomeOf(silent).word).toBe("Sent silently");
  expect(whyOf(silent)).toContain("quiet");
});
