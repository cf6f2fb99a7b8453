import type { Delivery } from "@carillon/shared/ledger";
import { expect, test } from "vitest";
import { goneWords, mayRetry, timelineOf, whyOf } from "./timeline.ts";

const delivery = (fields: Partial<Delivery>): Delivery => ({
  id: "0.1",
  event: "crm-1",
  type: "mention",
  user: "u1",
  channel: "email",
  state: "sent",
  reason: "matrix",
  at: "2026-11-23T12:00:00Z",
  attempts: [],
  receipts: [],
  ...fields,
});

test("attempts and receipts stand in the order in which they happened", () => {
  const steps = timelineOf(
    delivery({
      state: "delivered",
      attempts: [
        { n: 1, at: "2026-11-23T12:00:01Z", outcome: "ambiguous", said: "connection lost", ambiguous: true, ms: 900 },
        { n: 2, at: "2026-11-23T12:05:00Z", outcome: "ok", code: "250", ambiguous: false, ms: 80 },
      ],
      receipts: [{ at: "2026-11-23T12:01:00Z", state: "queued", said: "tried again by hand" }],
    }),
  );
  expect(steps.map((step) => step.title)).toEqual([
    "Accepted",
    "Decision: send",
    "Attempt 1: no clear answer",
    "Queued",
    "Attempt 2: accepted by the provider",
  ]);
  expect(steps[2]).toMatchObject({ isAmbiguous: true, said: "connection lost", ms: 900 });
});

test("a decision that sends nothing says so and why", () => {
  expect(timelineOf(delivery({ state: "skipped", reason: "user-muted" }))[1]).toMatchObject({
    title: "Decision: skipped",
    text: "The person muted this event on this channel.",
  });
});

test("a decision tells what it was taken from, and stands where it was taken", () => {
  const from = {
    cell: { when: "on", locked: true },
    preference: null,
    gate: "fault",
    address: "yes",
    timeZone: "Europe/Berlin",
    localTime: "mon 22:00",
    quiet: true,
  } as const;
  const steps = timelineOf(
    delivery({
      state: "parked",
      reason: "channel-fault",
      attempts: [{ n: 1, at: "2026-11-23T12:00:01Z", outcome: "retry", ambiguous: false, ms: 9 }],
      decided: { at: "2026-11-23T12:01:00Z", settingsVersion: 7, from },
    }),
  );
  expect(steps.map(({ title }) => title)).toEqual(["Accepted", "Attempt 1: failed for now, will be tried again", "Decision: parked"]);
  expect(steps[2]!.values).toEqual([
    "The route was on and locked; the channel was stopped by a fault.",
    "The person has an address, and has chosen nothing.",
    "It was Mon 22:00 in Europe/Berlin, quiet. Settings version 7.",
  ]);
  expect(timelineOf(delivery({ decided: { at: "2026-11-23T12:00:00Z", settingsVersion: 7, from: null } }))[1]!.values).toEqual([]);
});

test("an address that takes nothing more says why, and what ends that", () => {
  const gone = { channel: "sms", address: "+15550100", why: "unknown number", since: "2026-11-23T12:00:00Z" };
  expect(goneWords(gone)).toMatch(/^Nothing more is sent to \+15550100 since .+, until the CRM changes it: unknown number$/);
  expect(goneWords({ ...gone, optedOut: true })).toContain("a reply of START takes it back");
  expect(goneWords({ ...gone, until: "2026-12-23T12:00:00Z" })).toContain("it is tried again from");
});

test("a reason the page does not know is shown as it came", () => {
  expect(whyOf(delivery({ state: "failed", reason: "550 user unknown" }))).toBe("550 user unknown");
});

test("only what failed or had no address may be retried", () => {
  expect(mayRetry(delivery({ state: "failed" }))).toBe(true);
  expect(mayRetry(delivery({ state: "skipped", reason: "no-address" }))).toBe(true);
  expect(mayRetry(delivery({ state: "skipped", reason: "user-muted" }))).toBe(false);
  expect(mayRetry(delivery({ state: "sent" }))).toBe(false);
});
