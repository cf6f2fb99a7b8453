import type { ChannelAdapter, Configuration, Message, Outcome } from "@carillon/worker/channels/channel";
import { createPush } from "@carillon/worker/channels/push";
import { generateKeys, isPair } from "@carillon/worker/channels/push/keys";
import { createWhatsApp } from "@carillon/worker/channels/whatsapp";
import { isFromMeta } from "@carillon/worker/channels/whatsapp/webhook";
import { createSms } from "@carillon/worker/channels/sms";
import { isFromTwilio } from "@carillon/worker/channels/sms/callbacks";

const PATIENCE = { answer: 2_000 };
const CHANNELS = { sms: createSms(PATIENCE), whatsapp: createWhatsApp(PATIENCE), push: createPush(PATIENCE) };
export type ChannelName = keyof typeof CHANNELS;

/** What the runtimes' test asks this entry to do with one channel: send messages over one session, or run its test. */
export type Order = { channel: ChannelName; configuration: Configuration<unknown>; messages?: Message[]; to?: string };
/** A signature to be checked as a route would. */
export type Check = { authToken: string; signature: string; url: string; form: string };

/** The adapters behind HTTP, in the shape that both `workerd serve` and `deno serve` take. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/ready") return new Response("ready");
    if (pathname.startsWith("/hooks/")) return new Response(null, { status: 204 });
    if (pathname === "/keys") {
      const pair = generateKeys();
      return Response.json({ ...pair, isPair: isPair(pair) && !isPair({ ...pair, privateKey: generateKeys().privateKey }) });
    }
    if (pathname === "/signature") {
      const { authToken, signature, url, form } = (await request.json()) as Check;
      return Response.json(isFromTwilio(authToken, signature, url, new URLSearchParams(form)));
    }
    if (pathname === "/meta-signature") {
      const { authToken, signature, form } = (await request.json()) as Check;
      return Response.json(isFromMeta(authToken, signature, new TextEncoder().encode(form)));
    }
    const { channel, configuration, messages = [], to = "" } = (await request.json()) as Order;
    const adapter = CHANNELS[channel] as ChannelAdapter<unknown>;
    if (pathname === "/test") return Response.json(await Array.fromAsync(adapter.test(configuration, to)));
    const session = adapter.open(configuration);
    const outcomes: Outcome[] = [];
    for (const message of messages) outcomes.push(await session.send(message));
    await session.close();
    return Response.json(outcomes);
  },
};
