import { createHash } from "node:crypto";
import type { PushPayload } from "@carillon/shared/push-settings";
import type { Message, SenderIdentity, Shown } from "../channel.ts";
import { absoluteLink } from "../provider.ts";

/** RFC 8291 4: a push service takes 4,096 bytes, of which encryption needs 103. */
export const MAX_PLAIN = 3_993;
/** What is tried once when a service finds even that too large. */
export const SHORT_PLAIN = 700;

/** RFC 8030 5.4: at most 32 characters of base64url. Of two waiting messages with one topic the newer remains. */
export const topicOf = (message: Pick<Message, "deliveryId" | "org" | "collapseKey">): string =>
  createHash("sha256")
    .update(`${message.org}\n${message.collapseKey ?? message.deliveryId}`)
    .digest("base64url")
    .slice(0, 32);

/** The service worker's payload as JSON, at most `max` bytes: the body gives way first, then the link, then the title. */
export function payloadOf(message: Message, publicUrl: string, max = MAX_PLAIN): string {
  const link = absoluteLink(message.link, publicUrl);
  const whole: PushPayload = {
    carillon: 1,
    id: message.deliveryId,
    tag: topicOf(message),
    title: message.texts.title,
    body: message.texts.body,
    ...(link ? { link } : {}),
    ...(message.reportUrl ? { report: message.reportUrl } : {}),
    urgent: message.event.priority === "high",
  };
  const linked = shorten(whole, "body", max);
  if (linked) return JSON.stringify(linked);
  const { link: _link, ...bare } = whole;
  const unlinked = shorten(bare, "body", max) ?? shorten({ ...bare, body: "" }, "title", max);
  return JSON.stringify(unlinked ?? { ...bare, title: "", body: "" });
}

/** The notification as a browser shows it. */
export function showPush({ texts, link }: Pick<Message, "texts" | "link">, { publicUrl }: SenderIdentity): Shown {
  const event = { id: "", type: "", priority: "normal" } as const;
  const to = { id: "", name: null, address: "", locale: texts.locale };
  const { title, body } = JSON.parse(payloadOf({ deliveryId: "", org: "", to, event, texts, link }, publicUrl)) as PushPayload;
  return { title, text: body };
}

const bytesOf = (payload: PushPayload): number => Buffer.byteLength(JSON.stringify(payload));

/** As much of the field as fits, or null when nothing of it does. */
function shorten(payload: PushPayload, field: "title" | "body", max: number): PushPayload | null {
  if (bytesOf(payload) <= max) return payload;
  const text = payload[field];
  const shortened = (length: number): PushPayload => ({ ...payload, [field]: cutAt(text, length) });
  if (bytesOf(shortened(0)) > max) return null;
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (bytesOf(shortened(middle)) <= max) fits = middle;
    else tooLong = middle;
  }
  return shortened(fits);
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** At most `length` UTF-16 units and an ellipsis, ending at a whole character. */
function cutAt(text: string, length: number): string {
  const last = graphemes.segment(text).containing(length);
  return `${text.slice(0, last?.index ?? length).trimEnd()}…`;
}
