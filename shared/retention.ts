import * as z from "zod";

/** What may be kept for so many days only; null is for ever. What is not settled is never touched. */
export type Retention = {
  version: number;
  /** Items of the bell, with their marks. */
  inbox: number | null;
  /** Events with their decisions, deliveries, tries and receipts. The sums of the balance stay for ever. */
  log: number | null;
  /** What admins did. */
  audit: number | null;
  /** Settings that are no longer in force. */
  settingsHistory: number | null;
};
export type RetentionDays = Omit<Retention, "version">;

export const initialRetention = (): Retention => ({ version: 1, inbox: null, log: null, audit: null, settingsHistory: null });

/** A day at least, because so long an event's id stands for it. */
const days = z.int().min(1).max(3_650).nullable();

export const retentionSchema = z
  .strictObject({ version: z.int(), inbox: days, log: days, audit: days, settingsHistory: days })
  .refine(({ inbox, log }) => log === null || (inbox !== null && inbox <= log), {
    path: ["inbox"],
    message: "An item's words are the event's: the bell can't keep them for longer than the log does",
  });
