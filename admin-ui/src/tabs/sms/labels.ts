import { PACE_LABELS } from "../../words/pace.ts";

/** The manual's words for the fields. */
export const SMS_LABELS = {
  accountSid: "Account SID",
  authToken: "Auth Token",
  from: "Phone Number",
  messagingServiceSid: "Messaging Service SID",
  ...PACE_LABELS,
};
