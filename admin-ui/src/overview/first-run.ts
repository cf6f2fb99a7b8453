import type { Overview } from "@carillon/shared/overview";
import { CHANNEL_NAMES } from "../words/channels.ts";

/** One thing to do on a first run, in the manual's order. `to` is where it is done. */
export type Step = { title: string; text: string; to: string; isDone: boolean };

/** What is left to do is read from how things stand, so that nobody ticks anything. */
export function firstRun({ channels, saved }: Overview): Step[] {
  const named = (name: string) => channels.find(({ channel }) => channel === name);
  const isOn = (name: string) => named(name)?.configured === true && named(name)?.enabled === true;
  const outside = channels.filter(({ channel, enabled, configured }) => channel !== "in-app" && enabled && configured);
  const untested = outside.filter(({ health, tested }) => health.state !== "ok" || !tested?.ok);
  return [
    {
      title: "Enable in-app and email first",
      text: "These are the most reliable and lowest-cost channels.",
      to: isOn("in-app") ? "/email" : "/in-app",
      isDone: isOn("in-app") && isOn("email"),
    },
    {
      title: "Test every channel",
      text:
        untested.length === 0
          ? "Always send a test notification after configuring a new channel."
          : `Not tested with the values that are saved: ${untested.map(({ channel }) => CHANNEL_NAMES[channel]).join(", ")}.`,
      to: `/${untested[0]?.channel ?? "email"}`,
      isDone: outside.length > 0 && untested.length === 0,
    },
    {
      title: "Review event routing",
      text: "Only notify for actionable events: too many notifications cause alert fatigue. Save it once to confirm.",
      to: "/event-routing",
      isDone: saved.routing,
    },
    {
      title: "Set sensible DND hours",
      text: "Respect your team's work-life balance.",
      to: "/dnd",
      isDone: saved.quietHours,
    },
  ];
}
