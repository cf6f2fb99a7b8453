/** What of Twilio's published contract (OpenAPI 2010-04-01, Messages) the sandbox checks; what it refuses, Twilio refuses. */
export type Refusal = { status: number; code: number; message: string };

const FIELDS = new Set(["To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod", "SmartEncoded"]);
const PHONE = /^\+[1-9]\d{6,14}$/;
const MAX_BODY = 1_600;
const MAX_VALIDITY = 36_000;

export type TwilioAccount = { accountSid: string; authToken: string; from: string; mute: string; messagingServiceSid: string };

/** Null when Twilio would take this request for a message. */
export function refuseMessage(form: URLSearchParams, account: TwilioAccount): Refusal | null {
  const bad = (code: number, message: string): Refusal => ({ status: 400, code, message });
  for (const name of form.keys()) if (!FIELDS.has(name)) return bad(20001, `Parameter ${name} is not in the contract`);
  const get = (name: string) => form.get(name) ?? "";
  if (!get("To")) return bad(21604, "A 'To' phone number is required.");
  if (!PHONE.test(get("To"))) return bad(21211, `The 'To' number ${get("To")} is not a valid phone number.`);
  if (!get("Body")) return bad(21602, "Message body is required.");
  if (get("Body").length > MAX_BODY) return bad(21617, "The concatenated message body exceeds the 1600 character limit.");
  if (!form.has("From") && !form.has("MessagingServiceSid")) return bad(21603, "A 'From' phone number is required.");
  if (form.has("MessagingServiceSid") && get("MessagingServiceSid") !== account.messagingServiceSid) {
    return bad(21701, "The Messaging Service does not exist.");
  }
  if (form.has("From")) {
    if (!PHONE.test(get("From"))) return bad(21212, `The 'From' number ${get("From")} is not a valid phone number.`);
    if (get("From") === account.mute) return bad(21606, `The 'From' phone number ${get("From")} is not SMS-capable.`);
    if (get("From") !== account.from) return bad(21659, `${get("From")} is not a Twilio phone number or short code of this account.`);
  }
  const validity = form.get("ValidityPeriod");
  if (validity !== null && !(/^\d+$/.test(validity) && Number(validity) >= 1 && Number(validity) <= MAX_VALIDITY)) {
    return bad(21623, "ValidityPeriod is a whole number from 1 to 36000.");
  }
  const callback = form.get("StatusCallback");
  if (callback !== null && !/^https?:$/.test(URL.parse(callback)?.protocol ?? ""))
    return bad(21609, "The 'StatusCallback' URL is not valid.");
  return null;
}
