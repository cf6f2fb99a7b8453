import type { RoutingCells } from "@carillon/shared/event-types";
import type { Preferences } from "@carillon/shared/preferences";
import type { QuietHours } from "@carillon/shared/quiet-hours";

/** What `/v1/me/preferences` answers: the person's choices and, beside them, what the organisation says. */
export type PreferencesView = Preferences & {
  routing: RoutingCells;
  organisation: { quietHours: QuietHours; quietNow: { until: string } | null };
};
