import { expect, test } from "vitest";
import { STATES } from "@carillon/shared/ledger";
import type { MyEvent } from "@carillon/shared/my-event";
import { REASONS } from "@carillon/shared/reasons";
import { STRINGS } from "../strings.ts";
import { explain } from "./explain.ts";
import { WHY_STRINGS } from "./strings.ts";

const NOW = Date.parse("2026-11-23T21:00:00Z");
const text = { ...WHY_STRINGS, ...STRINGS };

function said(fields: Partial<MyEvent["deliveries"][number]>, { isSilent = false, event = {}, words = text, locale = "en" } = {}) {
  const delivery = {
    id: "0-8",
    event: "e1",
    type: "task_assigned",
    user: "u1",
    channel: "email" as const,
    state: "sent" as const,
    reason: "matrix",
    at: "2026-11-23T21:00:00Z",
    attempts: [],
    receipts: [],
    ...fields,
  };
  const answer: MyEvent = {
    id: "e1",
    type: "task_assigned",
    priority: "normal",
    timeZone: "Europe/Berlin",
    deliveries: [delivery],
    ...event,
  };
  const [{ channel, did, why } = { channel: "", did: "", why: "" }] = explain(words, answer, isSilent, locale, NOW);
  return `${channel}: ${did}. ${why}`;
}

test("a channel is told with what was done there and why, with the values that it was taken from", () => {
  expect(said({})).toBe("Email: Sent. “task assigned” is set to reach you here.");
  expect(said({ state: "skipped", reason: "user-muted" })).toBe("Email: Not sent. You muted “task assigned” here.");
  expect(said({ channel: "sms", state: "skipped", reason: "matrix-off" })).toBe(
    "SMS: Not sent. Your organisation has switched “task assigned” off here.",
  );
  expect(said({ channel: "sms", state: "skipped", reason: "urgent-only" }, { event: { priority: "low" } })).toBe(
    "SMS: Not sent. Only urgent notifications come here, and this one was of low priority.",
  );
  expect(said({ state: "skipped", reason: "no-address" })).toContain("knows no address of yours");
  expect(said({ channel: "push", state: "skipped", reason: "no-address" })).toContain("No browser of yours");
});

test("until when it is held is told on the person's clock, with the date where that is far", () => {
  const held = { state: "held", reason: "quiet-hours", until: "2026-11-24T07:00:00Z", localUntil: "2026-11-24T08:00" } as const;
  expect(said(held)).toBe("Email: Held. Your quiet hours last until Tue 08:00 Europe/Berlin.");
  expect(said(held, { locale: "de" })).toContain("Di., 08:00 Europe/Berlin");
  expect(said({ state: "held", reason: "scheduled", until: "2026-12-24T07:00:00Z", localUntil: "2026-12-24T08:00" })).toBe(
    "Email: Held. It is meant for Thu, Dec 24, 08:00 Europe/Berlin.",
  );
  expect(said({ state: "queued", until: "2026-11-23T21:05:00Z", localUntil: "2026-11-23T22:05" })).toBe(
    "Email: On its way. A first try did not get through; the next one is at Mon 22:05 Europe/Berlin.",
  );
});

test("an item without a sound says so, and only the item", () => {
  expect(said({ channel: "in-app", state: "read" }, { isSilent: true })).toBe(
    "In-app: Read. It came without a sound, because it was in your quiet hours.",
  );
  expect(said({}, { isSilent: true })).not.toContain("sound");
  expect(said({ channel: "in-app", state: "parked", reason: "channel-off" }, { isSilent: true })).not.toContain("sound");
});

test("what a provider refused is told as the server put it", () => {
  expect(said({ state: "failed", reason: "gave-up" })).toBe("Email: Failed. It could not be delivered: gave up.");
});

test("every reason and every state has words, and no hole is left in them", () => {
  const times = { until: "2026-11-24T07:00:00Z", localUntil: "2026-11-24T08:00" };
  for (const reason of REASONS) {
    const words = said({ state: "held", reason, ...times });
    expect(words, reason).not.toMatch(/[{}]|could not be delivered/);
  }
  for (const state of STATES) expect(said({ state }), state).toMatch(/^Email: [A-Z][a-z ]+\. /);
});

test("is translated: channels, events, states and reasons", () => {
  const words = { ...text, "channel-email": "E-Mail", "event-task_assigned": "Aufgabe", "did-skipped": "Nicht gesendet" };
  words["why-user-muted"] = "Sie haben „{type}“ hier abgestellt.";
  expect(said({ state: "skipped", reason: "user-muted" }, { words })).toBe("E-Mail: Nicht gesendet. Sie haben „Aufgabe“ hier abgestellt.");
});
