import type { PushSettings } from "@carillon/shared/push-settings";
import type { ChannelAdapter } from "./channel.ts";
import { showPush } from "./push/payload.ts";
import { PATIENCE, openSession, type Patience } from "./push/session.ts";
import { testPush } from "./push/stages.ts";

/** Browser push over Web Push with VAPID. Its `patience` is for tests that wait for a silent service. */
export const createPush = (patience: Patience): ChannelAdapter<PushSettings> => ({
  show: showPush,
  open: (configuration) => openSession(configuration, patience),
  test: (configuration, to) => testPush(configuration, to, patience),
});

export const push = createPush(PATIENCE);
