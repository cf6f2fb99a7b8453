import type { WhatsAppSettings } from "@carillon/shared/whatsapp-settings";
import type { ChannelAdapter } from "./channel.ts";
import { PATIENCE, openSession, type Patience } from "./whatsapp/session.ts";
import { testWhatsApp } from "./whatsapp/stages.ts";

/** WhatsApp over Meta's Cloud API, by approved templates only. Its `patience` is for tests that wait for a silent provider. */
export const createWhatsApp = (patience: Patience): ChannelAdapter<WhatsAppSettings> => ({
  open: (configuration) => openSession(configuration, patience),
  test: (configuration, to) => testWhatsApp(configuration, to, patience),
});

export const whatsapp = createWhatsApp(PATIENCE);
