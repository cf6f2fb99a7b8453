import { expect, test } from "vitest";
import { billOf, leaving } from "./release.ts";

const parked = { parked: 120, oldestParked: "2026-11-23T12:00:00Z", urgent: 20, people: 30, segments: 180 };

test("each choice says how many messages it lets go", () => {
  expect((["all", "urgent", "digest", "drop"] as const).map((choice) => leaving(parked, choice))).toEqual([
    "120 messages",
    "20 messages",
    "50 messages",
    "",
  ]);
});

test("what it costs is told for channels that cost by the message, in segments for SMS", () => {
  expect(billOf("sms", parked, "all")).toBe("Twilio counts about 180 SMS: some $1.44 to $18, by country.");
  expect(billOf("sms", parked, "urgent")).toBe("Twilio counts about 30 SMS: some $0.24 to $3.00, by country.");
  expect(billOf("whatsapp", { ...parked, segments: null }, "drop")).toBe(
    "At most: Meta counts 120 template messages: some $0.36 to $8.40, by country.",
  );
  expect(billOf("email", parked, "all")).toBeNull();
  expect(billOf("sms", { ...parked, urgent: 0 }, "urgent")).toBeNull();
});
