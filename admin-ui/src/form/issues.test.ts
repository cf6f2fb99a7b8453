import { emailSettingsSchema } from "@carillon/shared/channels";
import { expect, test } from "vitest";
import { byField, issuesIn } from "./issues.ts";

const settings = { host: "smtp.example.com", port: 587, fromAddress: "crm@example.com" };

test("valid settings have no issues", () => {
  expect(issuesIn(emailSettingsSchema, settings)).toEqual({});
});

test("each field has the first complaint about it", () => {
  expect(issuesIn(emailSettingsSchema, { ...settings, host: "https://smtp", port: "x", fromAddress: "" })).toEqual({
    host: "A host name such as smtp.example.com, without https:// and without a port",
    port: "A port is a whole number",
    fromAddress: "An address such as notifications@example.com",
  });
});

test("the server's paths land on the form's fields", () => {
  expect(
    byField([
      { path: "settings.oauth.tokenUrl", message: "one" },
      { path: "secrets.password", message: "two" },
      { path: "port", message: "three" },
      { path: "port", message: "four" },
    ]),
  ).toEqual({ "oauth.tokenUrl": "one", password: "two", port: "three" });
});
