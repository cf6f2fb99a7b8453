import { inAppSettingsSchema, type InAppSettings } from "@carillon/shared/channels";
import { defineStore } from "pinia";
import { useChannelForm } from "./channel-form.ts";
import { useChannelSwitch } from "./channel-switch.ts";
import { useChannelTest } from "./channel-test.ts";

export const useInApp = defineStore("in-app", () => {
  const form = useChannelForm<InAppSettings>({ channel: "in-app", schema: inAppSettingsSchema, toDraft, toSettings });
  const { draft, view } = form;

  // The test writes to the admin's own inbox; nothing of the form has a part in it.
  const testing = useChannelTest(
    "in-app",
    () => ({}),
    () => void form.refresh(),
  );

  const addOrigin = () => void draft.value.allowedOrigins.push("");
  const removeOrigin = (index: number) => void draft.value.allowedOrigins.splice(index, 1);

  /** A pasted page address becomes its origin. */
  function tidyOrigin(index: number): void {
    const typed = draft.value.allowedOrigins[index]?.trim() ?? "";
    if (URL.canParse(typed) && /^https?:/i.test(typed)) draft.value.allowedOrigins[index] = new URL(typed).origin;
  }

  return { ...form, ...useChannelSwitch("in-app", view, form.setView), ...testing, addOrigin, removeOrigin, tidyOrigin };
});

const toDraft = (stored: Record<string, unknown>): InAppSettings => {
  const { allowedOrigins = [], silentInQuietHours = true } = stored as Partial<InAppSettings>;
  return { allowedOrigins: [...allowedOrigins], silentInQuietHours };
};

/** A line that was added and left empty is no origin. */
const toSettings = (draft: InAppSettings): object => ({
  ...draft,
  allowedOrigins: draft.allowedOrigins.filter((origin) => origin.trim() !== ""),
});
