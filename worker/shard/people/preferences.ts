import type { Channel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import { quietFor } from "@carillon/shared/decide";
import type { Issue } from "@carillon/shared/events";
import { cellsInForce, checkAgainstLocks, preferencesSchema, type Preferences } from "@carillon/shared/preferences";
import { checkAgainstBounds } from "@carillon/shared/quiet-bounds";
import type { PreferencesView } from "../calls.ts";
import { preferencesOf, toDecided, type Person } from "./people.ts";

const NOTHING_CHOSEN: Preferences = preferencesSchema.parse({});

/** What is in force of a person's choices: a cell that was locked since no longer counts, so it is not shown as chosen. */
export function viewPreferences(rules: Rules, person: Person, now: number): PreferencesView {
  const chosen = preferencesOf(person) ?? NOTHING_CHOSEN;
  const quiet = quietFor(rules, toDecided(person, now));
  const until = quiet?.calendar.isQuiet(now) ? quiet.calendar.until(now) : null;
  return {
    ...chosen,
    cells: cellsInForce(chosen.cells, rules.cells),
    routing: rules.cells,
    organisation: { quietHours: rules.quietHours, quietNow: until === null ? null : { until: new Date(until).toISOString() } },
  };
}

/**
 * What stands against these choices, locks before bounds; null if nothing does. Quiet hours that stay as they were are not asked again:
 * bounds that tightened since cut them anyway, and must not keep a person from muting an event.
 */
export function checkPreferences(rules: Rules, before: Person | null, preferences: Preferences): { code: string; issues: Issue[] } | null {
  const locked = checkAgainstLocks(preferences.cells, rules.cells);
  if (locked.length > 0) return { code: "preferences.locked", issues: locked };
  const isUnchanged = JSON.stringify(preferences.quietHours) === JSON.stringify(before && preferencesOf(before)?.quietHours);
  const outside = preferences.quietHours === null || isUnchanged ? [] : checkAgainstBounds(preferences.quietHours, rules.quietHours);
  return outside.length > 0 ? { code: "preferences.outside-bounds", issues: outside } : null;
}

/** A person's choices with a type muted on a channel, or no longer; null where the cell is locked, so that it is not theirs to choose. */
export function muted(rules: Rules, person: Person, type: string, channel: Channel, isMuted: boolean): Preferences | null {
  if (rules.cells[type]?.[channel]?.locked ?? true) return null;
  const chosen = preferencesOf(person) ?? NOTHING_CHOSEN;
  const { [channel]: _, ...others } = chosen.cells[type] ?? {};
  return { ...chosen, cells: { ...chosen.cells, [type]: isMuted ? { ...others, [channel]: false } : others } };
}
