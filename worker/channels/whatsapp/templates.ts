import type { WhatsAppSettings, WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import type { Configuration, Outcome } from "../channel.ts";
import { createClient } from "./client.ts";
import { PATIENCE, outcomeOf, type Patience } from "./session.ts";

/** All templates of the account with their state and quality, page by page; or why they could not be fetched. Never throws. */
export async function fetchTemplates(
  configuration: Configuration<WhatsAppSettings>,
  patience: Patience = PATIENCE,
): Promise<{ templates: WhatsAppTemplate[] } | { outcome: Outcome }> {
  try {
    return { templates: await createClient(configuration, patience.answer).templates() };
  } catch (error) {
    return { outcome: outcomeOf(error) };
  }
}
