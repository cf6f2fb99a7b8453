import type { EmailSettings } from "@carillon/shared/channels";
import { describe, expect, test } from "vitest";
import { checkSmtpHost, isPublicAddress } from "./host-policy.ts";

const settings = (more: Partial<EmailSettings> = {}): EmailSettings => ({
  host: "smtp.example.com",
  port: 587,
  username: "user",
  encryption: "tls",
  fromAddress: "crm@example.com",
  fromName: "CRM",
  replyTo: "",
  auth: "password",
  ...more,
});
const pathsOf = (more: Partial<EmailSettings>) => checkSmtpHost(settings(more), false).map(({ path }) => path);

describe("the mail server's address", () => {
  test.each([
    "smtp.gmail.com",
    "smtp.office365.com",
    "email-smtp.us-east-1.amazonaws.com",
    "SMTP.SendGrid.NET",
    "mail.xn--bcher-kva.example",
  ])("%s is fine", (host) => {
    expect(pathsOf({ host })).toEqual([]);
  });

  test.each([
    "localhost",
    "mail.localhost",
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "10.0.0.5",
    "8.8.8.8",
    "::1",
    "[::1]",
    "[2606:4700::1111]",
    "169.254.169.254",
    "metadata.google.internal",
    "mailserver",
    "mail.lan",
    "mail.corp",
    "printer.local",
    "router.home.arpa",
  ])("%s is refused", (host) => {
    expect(pathsOf({ host })).toEqual(["host"]);
  });

  test.each([
    [465, []],
    [587, []],
    [2525, []],
    [25, ["port"]],
    [22, ["port"]],
    [6379, ["port"]],
  ])("port %i: %j", (port, paths) => expect(pathsOf({ port })).toEqual(paths));

  test("encryption is required, and a token comes from a public https address", () => {
    expect(pathsOf({ encryption: "none" })).toEqual(["encryption"]);
    const withToken = (tokenUrl: string) => pathsOf({ auth: "oauth2", oauth: { clientId: "c", tokenUrl } });
    expect(withToken("")).toEqual([]);
    expect(withToken("https://login.example.com/token")).toEqual([]);
    for (const tokenUrl of [
      "http://login.example.com/token",
      "https://localhost/token",
      "https://169.254.169.254/token",
      "https://a:b@login.example.com/",
    ]) {
      expect(withToken(tokenUrl), tokenUrl).toEqual(["oauth.tokenUrl"]);
    }
  });

  test("everything goes where private hosts are allowed", () => {
    expect(checkSmtpHost(settings({ host: "127.0.0.1", port: 1025, encryption: "none" }), true)).toEqual([]);
  });
});

describe("what a name resolves to", () => {
  test.each([
    "8.8.8.8",
    "1.1.1.1",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.0",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
  ])("%s is public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  test.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.53",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "fe80::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2002:7f00:1::",
    "not an address",
  ])("%s is not", (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});
