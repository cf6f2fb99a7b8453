import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { ChannelOverview, Overview } from "@carillon/shared/overview";
import { expect, test } from "vitest";
import { firstRun } from "./first-run.ts";

const AT = "2026-11-23T12:00:00.000Z";
const channel = (name: Channel, more: Partial<ChannelOverview> = {}): ChannelOverview =>
  ({
    channel: name,
    enabled: name === "in-app",
    configured: name === "in-app",
    health: { state: name === "in-app" ? "ok" : "unconfigured" },
    tested: null,
    ...more,
  }) as ChannelOverview;
const overview = (changed: Partial<Record<Channel, Partial<ChannelOverview>>> = {}, saved: Partial<Overview["saved"]> = {}): Overview => ({
  since: AT,
  channels: CHANNELS.map((name) => channel(name, changed[name])),
  saved: { routing: false, quietHours: false, ...saved },
});
const on = { enabled: true, configured: true, health: { state: "untested" } } as const;
const tested = { ...on, health: { state: "ok" }, tested: { at: AT, ok: true } } as const;
const done = (one: Overview) => firstRun(one).map(({ isDone }) => isDone);

test("a new organisation has everything before it, in the manual's order", () => {
  expect(firstRun(overview()).map(({ title, to, isDone }) => [title, to, isDone])).toEqual([
    ["Enable in-app and email first", "/email", false],
    ["Test every channel", "/email", false],
    ["Review event routing", "/event-routing", false],
    ["Set sensible DND hours", "/dnd", false],
  ]);
});

test("each step is done when it is so, and open again when it is no longer", () => {
  expect(done(overview({ email: on }))).toEqual([true, false, false, false]);
  expect(done(overview({ email: tested }, { routing: true }))).toEqual([true, true, true, false]);
  expect(done(overview({ email: tested, sms: on }, { quietHours: true }))).toEqual([true, false, false, true]);
  expect(done(overview({ email: { ...tested, enabled: false } }))).toEqual([false, false, false, false]);
  expect(firstRun(overview({ "in-app": { enabled: false }, email: tested }))[0]).toMatchObject({ to: "/in-app", isDone: false });
});

test("what is not tested is named, and the step leads there", () => {
  expect(
    firstRun(overview({ email: tested, sms: on, push: { ...on, health: { state: "fault" }, tested: { at: AT, ok: true } } }))[1],
  ).toMatchObject({
    text: "Not tested with the values that are saved: SMS, Browser Push.",
    to: "/sms",
  });
});
