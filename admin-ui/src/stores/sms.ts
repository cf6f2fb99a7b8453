import { smsSettingsSchema, type SmsSettings } from "@carillon/shared/sms-settings";
import { defineStore } from "pinia";
import { withPace } from "../form/pace.ts";
import { useChannelForm } from "./channel-form.ts";
import { useChannelSwitch } from "./channel-switch.ts";
import { useFormTest } from "./form-test.ts";

type SmsDraft = Omit<SmsSettings, "pace">;

export const useSms = defineStore("sms", () => {
  const form = useChannelForm(withPace<SmsDraft>({ channel: "sms", schema: smsSettingsSchema, toDraft, toSettings: (draft) => draft }));
  const testing = useFormTest(form, { firstTo: "", missing: "A number with its country, such as +15551234567" });
  return { ...form, ...useChannelSwitch("sms", form.view, form.setView), ...testing };
});

const toDraft = (stored: Record<string, unknown>): SmsDraft => ({
  accountSid: "",
  from: "",
  messagingServiceSid: "",
  ...(stored as Partial<SmsSettings>),
});
