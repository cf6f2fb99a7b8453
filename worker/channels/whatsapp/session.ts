import { mappingFor, type WhatsAppSettings } from "@carillon/shared/whatsapp-settings";
import type { Configuration, Message, Outcome, Session } from "../channel.ts";
import { NoAnswer } from "../provider.ts";
import { GraphRefusal, createClient } from "./client.ts";
import { outcomeOfCode, outcomeOfSilence, outcomeOfStatus } from "./errors.ts";
import { buildMessage } from "./message.ts";

/** How long one answer may take, ms; inside the shard's lease of 60 s. */
export type Patience = { answer: number };
export const PATIENCE: Patience = { answer: 20_000 };

/** One request for each message. Whether a template is approved is known to whoever keeps the list; here Meta says so. */
export function openSession(configuration: Configuration<WhatsAppSettings>, patience: Patience): Session {
  const client = createClient(configuration, patience.answer);

  async function deliver(message: Message): Promise<Outcome> {
    const mapping = mappingFor(configuration.settings, message.event.type, message.to.locale);
    if (!mapping) return { kind: "permanent", code: "no-template", remedy: `No template is chosen for ${message.event.type}.` };
    try {
      const { id, status } = await client.send(buildMessage(message, mapping, configuration.sender));
      return { kind: "ok", code: status, providerId: id };
    } catch (error) {
      return outcomeOf(error, { name: mapping.name, language: mapping.language });
    }
  }

  return {
    send: deliver,
    async close() {},
  };
}

/** Whatever a request can end in. Anything unforeseen may have been sent. */
export function outcomeOf(error: unknown, template?: { name: string; language: string }): Outcome {
  if (error instanceof GraphRefusal) {
    const { status, code, said, retryAfterMs } = error;
    return code === null ? outcomeOfStatus(status, said, retryAfterMs) : outcomeOfCode(code, said, template, retryAfterMs);
  }
  if (error instanceof NoAnswer) return outcomeOfSilence(error.isSent, error.message);
  return outcomeOfSilence(true, "Meta's answer could not be read");
}
