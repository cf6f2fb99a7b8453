import { TEXT_CHANNELS } from "@carillon/shared/templates";
import type { TextChannel } from "@carillon/shared/texts";

/** What the parts of a text are called on each channel, and what to know of them. */
export const PART_LABELS: Record<
  TextChannel,
  Partial<Record<"title" | "body" | "action", { label: string; rows: number; hint?: string }>>
> = {
  "in-app": { title: { label: "Title", rows: 3 }, body: { label: "Text", rows: 5 } },
  email: {
    title: { label: "Subject", rows: 3, hint: "The mail's headline too." },
    body: { label: "Text", rows: 7, hint: "An empty line begins a new paragraph." },
    action: { label: "Button", rows: 1, hint: "Shown when the event has a link." },
  },
  sms: { body: { label: "Message", rows: 6, hint: "The event's link follows on a line of its own." } },
  push: { title: { label: "Title", rows: 3 }, body: { label: "Text", rows: 4 } },
};

export const isTextChannel = (name: unknown): name is TextChannel => TEXT_CHANNELS.some((channel) => channel === name);
