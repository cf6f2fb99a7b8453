import type { EmailSettings } from "@carillon/shared/channels";
import type { Configuration, Message, Outcome } from "@carillon/worker/channels/channel";
import { email } from "@carillon/worker/channels/email";

/** What the runtimes' test asks this entry to do: `send` over one session, or `test` to the first message's address. */
export type Order = { configuration: Configuration<EmailSettings>; messages: Message[]; pauseMs?: number };
export type Report = { outcomes: Outcome[]; ms: number };

/** The adapter behind HTTP, in the shape that both `workerd serve` and `deno serve` take. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/ready") return new Response("ready");
    const { configuration, messages, pauseMs = 0 } = (await request.json()) as Order;
    if (pathname === "/test") return Response.json(await Array.fromAsync(email.test(configuration, messages[0]?.to.address ?? "")));
    const session = email.open(configuration);
    const outcomes: Outcome[] = [];
    const startedAt = performance.now();
    for (const message of messages) {
      outcomes.push(await session.send(message));
      if (pauseMs) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    const ms = performance.now() - startedAt;
    await session.close();
    return Response.json({ outcomes, ms } satisfies Report);
  },
};
