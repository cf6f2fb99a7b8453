import { LIMITS } from "@carillon/shared/limits";
import type { WebhookRequest } from "../channels/channel.ts";
import { log } from "../log.ts";
import { record } from "../pipeline/record.ts";
import { webhookRequest } from "./guard.ts";
import { route, type Ask, type Route } from "./route.ts";

/** TwiML that says nothing in return. */
const NO_ANSWER = `<?xml version="1.0" encoding="UTF-8"?><Response/>`;

/**
 * What providers call. 2xx once everything is written down, also for what was told before and for ids that were never ours; 503 when
 * a shard can't be reached, so that the provider comes again.
 */
export const hookRoutes: Route[] = [
  route({
    method: "POST",
    path: "/hooks/twilio/:org",
    caller: { kind: "provider", channel: "sms" },
    summary: "Twilio: how far a message has come, and what people reply.",
    answer: { type: "text/xml", description: "Noted" },
    async handle(ask) {
      await take(ask, "sms");
      return ask.c.body(NO_ANSWER, 200, { "content-type": "text/xml; charset=utf-8" });
    },
  }),
  route({
    method: "GET",
    path: "/hooks/whatsapp/:org",
    caller: { kind: "provider", channel: "whatsapp" },
    summary: "Meta checks the webhook's address.",
    answer: { type: "text/plain", description: "The challenge" },
    handle: ({ c }) => c.text(c.req.query("hub.challenge") ?? ""),
  }),
  route({
    method: "POST",
    path: "/hooks/whatsapp/:org",
    caller: { kind: "provider", channel: "whatsapp" },
    summary: "Meta: how far messages have come, what people reply, and changes of templates.",
    maxBytes: LIMITS.webhookBytes,
    answer: { description: "Noted" },
    async handle(ask) {
      await take(ask, "whatsapp");
      return ask.c.json({ noted: true });
    },
  }),
];

async function take({ c, ports, who, raw }: Ask<unknown, unknown>, channel: "sms" | "whatsapp"): Promise<void> {
  const request: WebhookRequest = webhookRequest(c, ports, raw);
  const news = ports.channels[channel].webhook.read(request);
  if (news.unread > 0) log("warn", "a provider's news in no known shape", { channel, org: who.org, count: news.unread });
  await record(ports, who, channel, news);
}
