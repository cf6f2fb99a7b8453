import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { answerHandshake, isFromMeta, parseWebhook } from "./webhook.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const sign = (secret: string, body: string) => `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
const webhook = (field: string, value: unknown) => ({
  object: "whatsapp_business_account",
  entry: [{ id: "1", changes: [{ field, value }] }],
});
const statuses = (...all: Record<string, unknown>[]) =>
  webhook("messages", {
    messaging_product: "whatsapp",
    metadata: {},
    statuses: all.map((one) => ({ timestamp: "1", recipient_id: "49", ...one })),
  });

describe("Meta's signature", () => {
  test("is over the raw bytes", () => {
    const body = '{"object":"x","text":"Grüße"}';
    const good = sign("secret", body);
    expect(isFromMeta("secret", good, bytes(body))).toBe(true);
    expect(isFromMeta("secret", good, bytes(`${body} `))).toBe(false);
    expect(isFromMeta("other", good, bytes(body))).toBe(false);
    for (const bad of [null, "", "sha256=", good.slice(7), good.toUpperCase(), `${good}0`, "sha1=00"]) {
      expect(isFromMeta("secret", bad, bytes(body))).toBe(false);
    }
  });

  test("an empty secret signs nothing", () => expect(isFromMeta("", sign("", "x"), bytes("x"))).toBe(false));
});

test("the handshake gives the challenge back to whoever knows the token", () => {
  const ask = (token: string, mode = "subscribe") =>
    new URLSearchParams({ "hub.mode": mode, "hub.verify_token": token, "hub.challenge": "1158201444" });
  expect(answerHandshake(ask("token"), "token")).toBe("1158201444");
  expect(answerHandshake(ask("wrong"), "token")).toBeNull();
  expect(answerHandshake(ask("token", "unsubscribe"), "token")).toBeNull();
  expect(answerHandshake(ask(""), "")).toBeNull();
  expect(answerHandshake(new URLSearchParams(), "token")).toBeNull();
});

describe("a webhook", () => {
  test("brings receipts by our own id, in whatever order", () => {
    const news = parseWebhook(
      statuses(
        { id: "wamid.2", status: "read", biz_opaque_callback_data: "0-1k.3" },
        { id: "wamid.1", status: "sent", biz_opaque_callback_data: "0.d1" },
        { id: "wamid.3", status: "delivered" },
        { id: "wamid.4", status: "warning", biz_opaque_callback_data: "0.d4" },
      ),
    );
    expect(news).toEqual({
      receipts: [
        { deliveryId: "0-1k", attempt: 3, state: "read", code: null, providerId: "wamid.2", outcome: null },
        { deliveryId: "0.d1", attempt: null, state: "sent", code: null, providerId: "wamid.1", outcome: null },
      ],
      templates: [],
      replies: [],
      unread: 0,
    });
  });

  test("says why a message failed", () => {
    const failed = (errors?: unknown[]) =>
      parseWebhook(statuses({ id: "w", status: "failed", biz_opaque_callback_data: "0.d1", ...(errors ? { errors } : {}) })).receipts[0];
    expect(failed([{ code: 131026, title: "Message undeliverable", error_data: { details: "No WhatsApp" } }])).toMatchObject({
      state: "failed",
      code: "131026",
      outcome: { kind: "gone", said: "Message undeliverable: No WhatsApp", goneForMs: 30 * 86_400_000 },
    });
    expect(failed([{ code: 132015 }])).toMatchObject({ outcome: { kind: "fault", template: { name: "", language: "" } } });
    expect(failed()).toMatchObject({ code: null, outcome: { kind: "permanent", code: "failed" } });
  });

  // https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference
  test("brings a template's new status and quality", () => {
    const named = {
      message_template_id: 1689556908129832,
      message_template_name: "order_confirmation",
      message_template_language: "en-US",
    };
    const status = (event: string, more: object = {}) =>
      parseWebhook(webhook("message_template_status_update", { event, reason: "NONE", ...more, ...named })).templates;
    expect(status("APPROVED")).toEqual([
      { name: "order_confirmation", language: "en_US", status: "APPROVED", reason: "NONE", verdict: "usable" },
    ]);
    const description = "Your WhatsApp message template has been paused for 3 hours until Aug 31 at 12:47 AM UTC.";
    const other_info = { title: "FIRST_PAUSE", description };
    expect(status("PAUSED", { other_info })).toMatchObject([{ status: "PAUSED", verdict: { why: description.slice(0, -1) } }]);
    expect(
      parseWebhook(webhook("message_template_quality_update", { previous_quality_score: "GREEN", new_quality_score: "yellow", ...named }))
        .templates,
    ).toEqual([{ name: "order_confirmation", language: "en_US", quality: "YELLOW" }]);
  });

  test("brings what people write, and whether they want no more", () => {
    const messages = [
      { from: "4915112345601", id: "w1", timestamp: "1", type: "text", text: { body: " stop " } },
      { from: "4915112345601", id: "w2", timestamp: "1", type: "button", button: { text: "Stop promotions" } },
      { from: "4915112345601", id: "w3", timestamp: "1", type: "text", text: { body: "START" } },
      { from: "4915112345601", id: "w4", timestamp: "1", type: "image", image: { id: "1" } },
    ];
    expect(parseWebhook(webhook("messages", { messaging_product: "whatsapp", metadata: {}, messages })).replies).toEqual([
      { from: "+4915112345601", text: " stop ", optOut: "stop" },
      { from: "+4915112345601", text: "Stop promotions", optOut: "stop" },
      { from: "+4915112345601", text: "START", optOut: "start" },
      { from: "+4915112345601", text: "", optOut: null },
    ]);
  });

  test("in shapes that nobody knows is counted and harms nothing else", () => {
    for (const odd of [null, 1, "x", [], {}, { entry: 1 }, { entry: [{}] }])
      expect(parseWebhook(odd)).toMatchObject({ unread: 1, receipts: [] });
    expect(parseWebhook(webhook("messages", null)).unread).toBe(1);
    expect(parseWebhook(webhook("message_template_status_update", { event: 1 })).unread).toBe(1);
    expect(parseWebhook(webhook("group_lifecycle_update", { groups: [] })).unread).toBe(0);
    const half = parseWebhook(statuses({ status: 5 }, { id: "w", status: "sent", biz_opaque_callback_data: "0.d1" }));
    expect(half).toMatchObject({ unread: 1, receipts: [{ deliveryId: "0.d1" }] });
  });
});
