import type { PushPayload } from "@carillon/shared/push-settings";
import { expect, test } from "vitest";
import type { Message } from "../channel.ts";
import { MAX_PLAIN, SHORT_PLAIN, payloadOf, topicOf } from "./payload.ts";

const message = (title: string, body: string, more: Partial<Message> = {}): Message => ({
  deliveryId: "0.d1",
  org: "acme",
  to: { id: "u1", name: "Ada", address: "", locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "high" },
  texts: { title, body, action: "Open", locale: "en" },
  link: "/tasks/77",
  ...more,
});
const read = (one: Message, max?: number) => JSON.parse(payloadOf(one, "https://notify.example.com", max)) as PushPayload;

test("what a service worker needs stands in it", () => {
  expect(read(message("New task", "Call Acme", { reportUrl: "https://notify.example.com/hooks/push/x" }))).toEqual({
    carillon: 1,
    id: "0.d1",
    tag: topicOf(message("", "")),
    title: "New task",
    body: "Call Acme",
    link: "https://notify.example.com/tasks/77",
    report: "https://notify.example.com/hooks/push/x",
    urgent: true,
  });
});

test.each(["a", "ж", "世", "😀", "🧑‍🧑‍🧒‍🧒", '"', "\u0001", "e\u0301"])(
  "a long text of %j is cut at a whole character within 3,993 bytes",
  (character) => {
    for (const max of [MAX_PLAIN, SHORT_PLAIN]) {
      const text = payloadOf(message("Title", character.repeat(6_000)), "https://notify.example.com", max);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(max);
      expect(Buffer.byteLength(text)).toBeGreaterThan(max - 60);
      const { body } = JSON.parse(text) as PushPayload;
      expect(body.endsWith("…")).toBe(true);
      expect(body.slice(0, -1).replaceAll(character, "")).toBe("");
      expect(text.isWellFormed()).toBe(true);
    }
  },
);

test("the body gives way first, then the link, then the title", () => {
  const long = `https://crm.example.com/${"x".repeat(3_000)}`;
  expect(read(message("Title", "b".repeat(3_000), { link: long }))).toMatchObject({ title: "Title", link: long });
  const unlinked = read(message("Title", "b".repeat(3_000), { link: long }), SHORT_PLAIN);
  expect(unlinked).not.toHaveProperty("link");
  expect(unlinked.body).toMatch(/^b+…$/);
  expect(read(message("t".repeat(9_000), "body"))).toMatchObject({ body: "", title: expect.stringMatching(/^t+…$/) });
});

test("a topic is 32 characters of base64url, the same for the same key of the same organisation", () => {
  const topic = (collapseKey: string | null, deliveryId = "0.d1", org = "acme") => topicOf({ collapseKey, deliveryId, org });
  expect(topic("task:77")).toMatch(/^[\w-]{32}$/);
  expect(topic("task:77", "0.d2")).toBe(topic("task:77"));
  expect(topic("task:78")).not.toBe(topic("task:77"));
  expect(topic("task:77", "0.d1", "other")).not.toBe(topic("task:77"));
  expect(topic(null, "0.d2")).not.toBe(topic(null));
});
