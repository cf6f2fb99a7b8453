import type { EmailSettings } from "@carillon/shared/channels";
import type { ChannelAdapter } from "./channel.ts";
import { showMail } from "./email/message.ts";
import { openSession } from "./email/session.ts";
import { PATIENCE, type Patience } from "./email/socket.ts";
import { testEmail } from "./email/stages.ts";

/** Email over SMTP. The sender's own `patience` is for tests that wait for a silent server. */
export const createEmail = (patience: Patience): ChannelAdapter<EmailSettings> => ({
  show: showMail,
  open: (configuration) => openSession(configuration, patience),
  test: (configuration, to) => testEmail(configuration, to, patience),
});

export const email = createEmail(PATIENCE);
