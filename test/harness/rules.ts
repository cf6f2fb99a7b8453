import type { Channel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import { initialSettings } from "@carillon/shared/settings";
import { rulesOf } from "@carillon/worker/settings/rules";

/** A new organisation's rules, but with these channels set up and on for every event, and the others not set up. */
export function rulesWith(...channels: Channel[]): Rules {
  const settings = initialSettings();
  const rules = rulesOf({ ...settings, version: 1 });
  for (const channel of Object.keys(rules.gates) as Channel[]) rules.gates[channel] = channels.includes(channel) ? "on" : "unset";
  for (const row of Object.values(rules.cells)) for (const channel of channels) row[channel] = { when: "on", locked: false };
  return rules;
}
