import type { SmsSettings } from "@carillon/shared/sms-settings";
import type { ChannelAdapter } from "./channel.ts";
import { PATIENCE, bodyOf, openSession, type Patience } from "./sms/session.ts";
import { testSms } from "./sms/stages.ts";

/** SMS through Twilio. Its `patience` is for tests that wait for a silent provider. */
export const createSms = (patience: Patience): ChannelAdapter<SmsSettings> => ({
  show: (message, sender) => ({ title: "", text: bodyOf(message, sender) }),
  open: (configuration) => openSession(configuration, patience),
  test: (configuration, to) => testSms(configuration, to, patience),
});

export const sms = createSms(PATIENCE);
