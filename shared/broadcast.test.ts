import { expect, test } from "vitest";
import { addCounts, countPerson, leaving, noCounts } from "./broadcast.ts";
import type { Decision } from "./decide.ts";
import { costOf } from "./prices.ts";

const NOW = 1_000;
const SEND: Decision = { do: "send", why: "matrix" };
const skip = (why: "matrix-off" | "no-address"): Decision => ({ do: "skip", why });

/** In-app and SMS at once, mail held until 5,000, WhatsApp parked, push off. */
const told: Decision[] = [
  SEND,
  { do: "hold", why: "quiet-hours", until: 5_000 },
  SEND,
  { do: "park", why: "channel-off" },
  skip("matrix-off"),
];
const untold: Decision[] = [...Array(4).fill(skip("matrix-off")), skip("no-address")];

test("each channel's sends, and the others by their reasons; who is told nowhere is not reached", () => {
  const counts = noCounts();
  countPerson(counts, told, "en", NOW);
  countPerson(counts, untold, "en", NOW);
  expect(counts).toEqual({
    people: 2,
    reached: 1,
    channels: {
      "in-app": { send: 1, hold: {}, park: {}, skip: { "matrix-off": 1 } },
      email: { send: 0, hold: { "quiet-hours": 1 }, park: {}, skip: { "matrix-off": 1 } },
      sms: { send: 1, hold: {}, park: {}, skip: { "matrix-off": 1 } },
      whatsapp: { send: 0, hold: {}, park: { "channel-off": 1 }, skip: { "matrix-off": 1 } },
      push: { send: 0, hold: {}, park: {}, skip: { "matrix-off": 1, "no-address": 1 } },
    },
    sms: { en: 1 },
    firstAt: NOW,
    lastAt: 5_000,
  });
  expect(Object.values(counts.channels).map(leaving)).toEqual([1, 1, 1, 0, 0]);
});

test("counting in parts and adding up is counting at once", () => {
  const [whole, one, other] = [noCounts(), noCounts(), noCounts()];
  for (const [person, part] of [
    [told, one],
    [untold, other],
    [told, other],
  ] as const) {
    countPerson(whole, person, "en", NOW);
    countPerson(part, person, "en", NOW);
  }
  const sum = noCounts();
  addCounts(sum, one);
  addCounts(sum, other);
  addCounts(sum, noCounts());
  expect(sum).toEqual(whole);
});

test("SMS and WhatsApp cost by the message, and nothing else does", () => {
  expect(costOf("sms", 1_204)).toEqual({ low: 9.632, high: 120.4, currency: "USD" });
  expect(costOf("whatsapp", 3)).toEqual({ low: 0.009, high: 0.21, currency: "USD" });
  expect(costOf("email", 1_000)).toBeNull();
});
