import type { Ledger } from "./ledger.ts";
import type { ChannelView } from "./settings.ts";

/** A channel with the balance of what it was given since the hour that the overview names. */
export type ChannelOverview = ChannelView & { volume: Ledger };

/** `GET /admin/api/overview`. `saved` tells which rules somebody has looked at and saved at least once. */
export type Overview = { since: string; channels: ChannelOverview[]; saved: { routing: boolean; quietHours: boolean } };
