import { noCounts, type EventPreview } from "@carillon/shared/broadcast";
import { expect, test } from "vitest";
import { channelRows, costWords, messagesOf, reachWords, timeWords } from "./preview-words.ts";

const AT = "2026-11-24T12:00:00.000Z";
const TEXT = { title: "", text: "" };
const { channels } = noCounts();
const preview: EventPreview = {
  people: 1_204,
  reached: 1_192,
  channels: {
    ...channels,
    "in-app": { send: 1_192, hold: {}, park: {}, skip: { "matrix-off": 12 } },
    sms: { send: 200, hold: { "quiet-hours": 1_000 }, park: {}, skip: { "user-muted": 1, "no-address": 3 }, segments: 2_400 },
    whatsapp: { send: 0, hold: {}, park: { "channel-off": 1_204 }, skip: {} },
  },
  cost: { sms: { low: 19.2, high: 240, currency: "USD" }, whatsapp: { low: 0.8, high: 10, currency: "USD" } },
  firstAt: AT,
  lastAt: "2026-11-25T07:00:00.000Z",
  decidedAt: AT,
  text: { "in-app": TEXT, email: TEXT, sms: TEXT, push: TEXT },
};

test("every channel says how many at once, later, parked and not, with the reasons, the commonest first", () => {
  const told = channelRows(preview).map(({ channel, parts, bill }) => [
    channel,
    parts.map(({ words, why }) => (why ? `${words}: ${why}` : words)),
    bill,
  ]);
  expect(told).toEqual([
    ["in-app", ["1,192 at once", "12 not sent: the routing matrix has this channel off for this event"], null],
    ["email", [], null],
    [
      "sms",
      [
        "200 at once",
        "1,000 later: quiet hours",
        "3 not sent: the person has no address on this channel",
        "1 not sent: the person muted this event on this channel",
      ],
      "Twilio counts about 2,400 SMS: some $19 to $240, by country.",
    ],
    ["whatsapp", ["1,204 parked: the channel is switched off"], null],
    ["push", [], null],
  ]);
  expect(messagesOf(preview)).toEqual([
    { channel: "in-app", messages: 1_192, later: 0 },
    { channel: "sms", messages: 1_200, later: 1_000 },
  ]);
});

test("whom it reaches, when, and at what cost", () => {
  expect(reachWords(preview)).toBe("1,204 people, of whom 12 are told on no channel now.");
  expect(reachWords({ ...preview, people: 1, reached: 1 })).toBe("1 person, each told on at least one channel.");
  expect(reachWords({ ...preview, people: 0, reached: 0 })).toBe("Nobody belongs to it.");
  expect(timeWords(preview, "Europe/Berlin")).toBe("The first leave at once, the last on Wed 25 Nov, 08:00.");
  expect(timeWords({ ...preview, lastAt: AT }, "Europe/Berlin")).toBe("All leave at once.");
  expect(timeWords({ ...preview, firstAt: preview.lastAt }, "Europe/Berlin")).toBe("All leave on Wed 25 Nov, 08:00.");
  expect(timeWords({ ...preview, firstAt: null, lastAt: null }, "Europe/Berlin")).toBeNull();
  expect(costWords(preview)).toBe("$20 to $250");
  expect(costWords({ ...preview, cost: {} })).toBeNull();
});
