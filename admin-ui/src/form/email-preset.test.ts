import { expect, test } from "vitest";
import { presetOf } from "./email-preset.ts";

test("a provider is known by its host, Amazon SES with its region", () => {
  expect(presetOf("smtp.gmail.com")?.preset.name).toBe("Gmail");
  const found = presetOf("email-smtp.eu-central-1.amazonaws.com");
  expect([found?.preset.name, found?.region]).toEqual(["Amazon SES", "eu-central-1"]);
});

test("any other host is no preset", () => {
  expect(presetOf("mail.example.com")).toBeNull();
  expect(presetOf("email-smtp..amazonaws.com")).toBeNull();
  expect(presetOf("")).toBeNull();
});
