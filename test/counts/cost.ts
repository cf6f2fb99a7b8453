import type { ShardCalls } from "@carillon/worker/shard/calls";

/** What one or more calls did to the database, by the counters that Cloudflare bills. An alarm that is set counts as a row. */
export type Cost = { statements: number; rowsRead: number; rowsWritten: number; alarms: number };
/** `times` repeats a call with `#` in its arguments replaced by the number of the repeat. */
export type Step = { call: keyof ShardCalls; args: unknown[]; times?: number };
/** What the last repeat answered, and what all of them cost. */
export type Done = { answer: unknown; cost: Cost };
