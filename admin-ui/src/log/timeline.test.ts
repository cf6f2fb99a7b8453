import type { Delivery } from "@carillon/shared/ledger";
import { expect, test } from "vitest";
import { mayRetry, timelineOf, whyOf } from "./timeline.ts";

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

test("a reason the page does not know is shown as it came", () => {
  expect(whyOf(delivery({ state: "failed", reason: "550 user unknown" }))).toBe("550 user unknown");
});

test("only what failed or had no address may be retried", () => {
  expect(mayRetry(delivery({ state: "failed" }))).toBe(true);
  expect(mayRetry(delivery({ state: "skipped", reason: "no-address" }))).toBe(true);
  expect(mayRetry(delivery({ state: "skipped", reason: "user-muted" }))).toBe(false);
  expect(mayRetry(delivery({ state: "sent" }))).toBe(false);
});
