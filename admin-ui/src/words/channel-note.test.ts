import type { ChannelView } from "@carillon/shared/settings";
import { expect, test } from "vitest";
import { channelNote } from "./channel-note.ts";

const view = (changes: Partial<ChannelView> = {}): ChannelView => ({
  channel: "sms",
  version: 1,
  enabled: true,
  configured: true,
  health: { state: "ok" },
  parked: 0,
  oldestParked: null,
  settings: {},
  secrets: {},
  switched: null,
  tested: null,
  ...changes,
});

test("a channel that sends needs no words", () => {
  expect(channelNote(view())).toBeNull();
});

test("one that was never set up skips, one that is off or faulty lets wait", () => {
  expect(channelNote(view({ configured: false, enabled: false }))?.text).toContain("skipped");
  expect(channelNote(view({ enabled: false }))).toEqual({
    word: "Off",
    text: "SMS is switched off: its messages wait and are delivered when it is switched on again.",
  });
  expect(channelNote(view({ health: { state: "fault" } }))?.word).toBe("Fault");
});
