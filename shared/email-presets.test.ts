import { expect, test } from "vitest";
import { emailSettingsSchema } from "./channels.ts";
import { EMAIL_PRESETS, portEncryptionMismatch, presetHost } from "./email-presets.ts";

test("each preset makes settings that can be saved, with port and encryption that belong together", () => {
  expect(EMAIL_PRESETS.map(({ name }) => name)).toEqual(["Gmail", "Microsoft 365", "Amazon SES", "SendGrid", "Resend"]);
  for (const preset of EMAIL_PRESETS) {
    const settings = emailSettingsSchema.parse({
      host: presetHost(preset, preset.regions?.[0] ?? ""),
      port: preset.port,
      encryption: preset.encryption,
      auth: preset.auth,
      username: preset.username ?? "user",
      fromAddress: "crm@example.com",
    });
    expect(settings.host).not.toContain("{");
    expect(portEncryptionMismatch(preset.port, preset.encryption)).toBeNull();
  }
});

test("the manual's notes stand word for word", () => {
  expect(Object.fromEntries(EMAIL_PRESETS.map(({ id, note }) => [id, note]))).toMatchObject({
    gmail: "Requires App Password (not regular password)",
    "microsoft-365": "Requires OAuth or App Password",
    "amazon-ses": "Use IAM SMTP credentials",
    sendgrid: "Use API key as password",
  });
});

test.each([
  [587, "tls", null],
  [465, "ssl", null],
  [1025, "none", null],
  [465, "tls", /choose SSL/],
  [465, "none", /choose SSL/],
  [587, "ssl", /choose TLS/],
  [2525, "ssl", /choose TLS/],
  [587, "none", /choose TLS/],
] as const)("port %i with %s: %s", (port, encryption, warning) => {
  const said = portEncryptionMismatch(port, encryption);
  if (warning === null) expect(said).toBeNull();
  else expect(said).toMatch(warning);
});
