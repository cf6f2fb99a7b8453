import type { ChannelView } from "@carillon/shared/settings";
import { expect, test } from "vitest";
import { nextStep } from "./next-step.ts";

const view = (fields: Partial<ChannelView>): ChannelView => ({
  channel: "email",
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
  ...fields,
});

test("a new channel leads from the form over the test to the switch", () => {
  const steps = [
    view({ configured: false, enabled: false, health: { state: "unconfigured" } }),
    view({ enabled: false, health: { state: "untested" } }),
    view({ enabled: false }),
    view({}),
  ].map((each) => nextStep(each, "Test Connection"));
  expect(steps).toEqual([
    "Not set up yet. Fill in the fields below, click Test Connection, click Save, then switch the channel on.",
    "Click Test Connection below, then switch the channel on.",
    "Switch the channel on. Until then nothing is sent on it.",
    null,
  ]);
});

test("a channel that sends untested asks for its test; one that somebody switched off or that has a fault is told of elsewhere", () => {
  expect(nextStep(view({ health: { state: "untested" } }), "Test Connection")).toMatch(/^Click Test Connection below: always/);
  expect(nextStep(view({ enabled: false, switched: { at: "2026-11-23T12:00:00Z", by: "Kim" } }), "Test Connection")).toBeNull();
  expect(nextStep(view({ health: { state: "fault" } }), "Test Connection")).toBeNull();
});
