import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { isFromTwilio, parseReply, parseStatusCallback } from "./callbacks.ts";

const URL_OF = "https://notify.example.com/hooks/twilio/acme?delivery=0-1j.2";
const form = (fields: Record<string, string>) => new URLSearchParams(fields);

function sign(token: string, url: string, fields: Record<string, string>): string {
  const data = Object.keys(fields)
    .sort()
    .reduce((all, name) => all + name + fields[name], url);
  return createHmac("sha1", token).update(data).digest("base64");
}

describe("Twilio's signature", () => {
  // https://www.twilio.com/docs/usage/security#validating-requests: the example of its documentation.
  test("holds against the vendor's own example", () => {
    const fields = { CallSid: "CA1234567890ABCDE", Caller: "+14158675309", Digits: "1234", From: "+14158675309", To: "+18005551212" };
    const url = "https://mycompany.com/myapp.php?foo=1&bar=2";
    expect(isFromTwilio("12345", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, form(fields))).toBe(true);
  });

  test("is over address, every field and the token", () => {
    const fields = { MessageSid: "SM1", MessageStatus: "delivered", Note: "Grüße +/&=" };
    const good = sign("token", URL_OF, fields);
    expect(isFromTwilio("token", good, URL_OF, form(fields))).toBe(true);
    expect(isFromTwilio("token", good, `${URL_OF}x`, form(fields))).toBe(false);
    expect(isFromTwilio("token", good, URL_OF, form({ ...fields, MessageStatus: "failed" }))).toBe(false);
    expect(isFromTwilio("token", good, URL_OF, form({ ...fields, More: "1" }))).toBe(false);
    expect(isFromTwilio("other", good, URL_OF, form(fields))).toBe(false);
    expect(isFromTwilio("token", null, URL_OF, form(fields))).toBe(false);
    expect(isFromTwilio("token", "", URL_OF, form(fields))).toBe(false);
    expect(isFromTwilio("token", "ü", URL_OF, form(fields))).toBe(false);
    expect(isFromTwilio("token", good, "no address", form(fields))).toBe(false);
  });

  test("an empty token signs nothing", () => {
    expect(isFromTwilio("", sign("token", URL_OF, {}), URL_OF, form({}))).toBe(false);
  });

  test("fields named like an object's own parts are fields", () => {
    const fields = new URLSearchParams([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    const signed = createHmac("sha1", "token").update(`${URL_OF}__proto__xconstructory`).digest("base64");
    expect(isFromTwilio("token", signed, URL_OF, fields)).toBe(true);
  });
});

describe("a status callback", () => {
  test.each([
    ["sent", "sent"],
    ["delivered", "delivered"],
    ["read", "read"],
  ])("%s is a receipt", (status, state) => {
    expect(parseStatusCallback(URL_OF, form({ MessageSid: "SM1", MessageStatus: status }))).toEqual({
      deliveryId: "0-1j",
      attempt: 2,
      state,
      code: null,
      providerId: "SM1",
      outcome: null,
    });
  });

  test.each([
    ["undelivered", "30003", { kind: "retry", code: "30003" }],
    ["undelivered", "30005", { kind: "gone", code: "30005" }],
    ["failed", "30036", { kind: "permanent", expired: true }],
    ["failed", "30034", { kind: "fault" }],
    ["failed", "99999", { kind: "retry", code: "99999" }],
    ["failed", "", { kind: "permanent", code: "failed" }],
    ["canceled", "", { kind: "permanent", code: "canceled" }],
  ])("%s with %s says what that means", (status, code, expected) => {
    const receipt = parseStatusCallback(URL_OF, form({ MessageSid: "SM1", MessageStatus: status, ErrorCode: code }));
    expect(receipt).toMatchObject({ state: "failed", code: code || null, outcome: expected });
  });

  test.each(["queued", "accepted", "sending", "scheduled", "toString", ""])("%s is no news", (status) => {
    expect(parseStatusCallback(URL_OF, form({ MessageStatus: status }))).toBeNull();
  });

  test("without a delivery it is of no use", () => {
    expect(parseStatusCallback("https://notify.example.com/hooks/twilio/acme", form({ MessageStatus: "sent" }))).toBeNull();
    expect(parseStatusCallback("nonsense", form({ MessageStatus: "sent" }))).toBeNull();
  });
});

test.each([
  ["STOP", "stop"],
  [" stop ", "stop"],
  ["Unsubscribe", "stop"],
  ["START", "start"],
  ["unstop", "start"],
  ["Please stop calling", null],
  ["", null],
])("the reply %j means %s", (text, optOut) => {
  expect(parseReply(form({ From: "+4915112345601", Body: text }))).toEqual({ from: "+4915112345601", text, optOut });
});

test("Twilio's own word for a reply goes before ours; a callback is no reply", () => {
  expect(parseReply(form({ From: "+1", Body: "arrêt", OptOutType: "STOP" }))).toMatchObject({ optOut: "stop" });
  expect(parseReply(form({ From: "+1", MessageStatus: "sent" }))).toBeNull();
});
