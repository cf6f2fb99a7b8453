import { smsSettingsSchema, type SmsSettings } from "@carillon/shared/sms-settings";
import { defineStore } from "pinia";
import { useChannelForm } from "./channel-form.ts";
import { useChannelSwitch } from "./channel-switch.ts";
import { useFormTest } from "./form-test.ts";

export const useSms = defineStore("sms", () => {
  const form = useChannelForm<SmsSettings>({ channel: "sms", schema: smsSettingsSchema, toDraft, toSettings: (draft) => ({ ...draft }) });
  const testing = useFormTest(form, { firstTo: "", missing: "A number with its country, such as +15551234567" });
  return { ...form, ...useChannelSwitch("sms", form.view, form.setView), ...testing };
});

const toDraft = (stored: Record<string, unknown>): SmsSettings => ({
  accountSid: "",
  from: "",
  messagingServiceSid: "",
  ...(stored as Partial<SmsSettings>),
});
