import type { EmailSettings } from "@carillon/shared/channels";
import { simpleParser } from "mailparser";
import { describe, expect, test } from "vitest";
import { htmlPart, safeLink, textPart } from "./layout.ts";
import { buildMail, type Mail } from "./message.ts";

const settings: EmailSettings = {
  host: "smtp.example.com",
  port: 587,
  username: "user",
  encryption: "tls",
  fromAddress: "crm@example.com",
  fromName: "Müller & Söhne",
  replyTo: "support@example.com",
  auth: "password",
};
const sender = { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" };
const mail = (more: Partial<Mail> = {}): Mail => ({
  deliveryId: "0.d1",
  org: "acme",
  to: { name: "Zoë 世界", address: "zoe@example.com" },
  texts: { title: "Grüße 🎉 an alle", body: "Erste Zeile\nzweite\n\nNeuer Absatz mit <b>Zeichen</b> & so", action: "Öffnen", locale: "de" },
  link: "/tasks/77?a=1&b=2",
  ...more,
});
const read = (more: Partial<Mail> = {}, publicUrl = sender.publicUrl) =>
  simpleParser(buildMail(mail(more), settings, { ...sender, publicUrl }));

describe("a mail", () => {
  test("comes out as it went in, in any script", async () => {
    const parsed = await read();
    expect(parsed).toMatchObject({ subject: "Grüße 🎉 an alle", messageId: "<0.d1.acme@notify.example.com>" });
    expect(parsed.from?.value).toEqual([{ name: "Müller & Söhne", address: "crm@example.com" }]);
    expect(parsed.to).toMatchObject({ value: [{ name: "Zoë 世界", address: "zoe@example.com" }] });
    expect(parsed.replyTo?.value).toMatchObject([{ address: "support@example.com" }]);
    expect(parsed.headers.get("auto-submitted")).toBe("auto-generated");
    expect(parsed.headers.get("x-carillon-delivery")).toBe("0.d1");
    expect(parsed.date).toBeInstanceOf(Date);
    expect(parsed.text).toBe(
      "Grüße 🎉 an alle\n\nErste Zeile\nzweite\n\nNeuer Absatz mit <b>Zeichen</b> & so\n\nÖffnen: https://notify.example.com/tasks/77?a=1&b=2\n\n-- \nMüller GmbH",
    );
    expect(parsed.html).toContain("Neuer Absatz mit &lt;b&gt;Zeichen&lt;/b&gt; &amp; so");
    expect(parsed.html).toContain('href="https://notify.example.com/tasks/77?a=1&amp;b=2"');
  });

  test("holds to the lengths and characters of the standard, whatever the text", async () => {
    const long = "x".repeat(5_000);
    const raw = buildMail(
      mail({
        texts: { title: `Long ${"wörter ".repeat(200)}`, body: `${long}\u0000\u0007\n.\n..\nFrom here`, action: "Open", locale: "en" },
      }),
      settings,
      sender,
    ).toString("latin1");
    for (const line of raw.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
    expect(raw.replaceAll("\r\n", "")).toMatch(/^[\x20-\x7e\t]*$/);
    const parsed = await simpleParser(raw);
    expect(parsed.text).toContain(`${long}\u0000\u0007\n.\n..\nFrom here`);
    expect(parsed.subject).toBe(`Long ${"wörter ".repeat(200)}`.trim());
  });

  test("is a page in letters of ASCII, whatever its script, and lines that end by CRLF alone, whatever its values", async () => {
    const hostile = "a\r.\rb\n.\nc\u2028d =?utf-8?q?e?= \ud800 f";
    for (const title of ["Grüße 🎉", hostile]) {
      const texts = { title, body: `${hostile}\n\n世界 & <🎉>`, action: hostile, locale: hostile };
      const to = { name: hostile, address: "zoe@exämple.com" };
      const raw = buildMail(mail({ texts, to, deliveryId: hostile, org: hostile }), { ...settings, fromName: hostile }, sender).toString();
      expect(raw).toMatch(/^(?:[\x20-\x7e\t]*\r\n)*$/);
      expect(raw.split("\r\n").every((line) => line.length <= 998)).toBe(true);
      expect(raw).toMatch(/text\/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit/);
      expect((await simpleParser(raw)).subject).toBe(title.replace(/[\r\n\u2028]+/g, " ").replace("\ud800", "\ufffd"));
      expect(raw).toContain("&#19990;&#30028; &amp; &lt;&#127881;&gt;");
    }
  });

  test("has folded heads where they are long", () => {
    const to = { name: "A name that is quite long, ".repeat(4).trim(), address: "zoe@example.com" };
    const raw = buildMail(mail({ to, texts: { ...mail().texts, title: "word ".repeat(60) } }), settings, sender).toString();
    const heads = raw.slice(0, raw.indexOf("\r\n\r\n")).split("\r\n");
    expect(heads.filter((line) => line.length > 78)).toEqual([]);
    expect(raw.replaceAll("\r\n ", " ")).toContain(`Subject: ${"word ".repeat(60).trim()}`);
    expect(raw.replaceAll("\r\n ", " ")).toContain(`To: "${to.name}" <zoe@example.com>`);
  });

  test("has the same Message-ID at every attempt, with the sender's domain where the server has no public name", async () => {
    expect((await read()).messageId).toBe((await read()).messageId);
    for (const publicUrl of ["http://localhost:8787", "http://127.0.0.1:8787"])
      expect((await read({}, publicUrl)).messageId).toBe("<0.d1.acme@example.com>");
  });

  test("its reader may mute has the way out in its head, unfolded, and in its foot (RFC 8058)", async () => {
    const unsubscribeUrl = `https://notify.example.com/u/acme~${"u".repeat(60)}~task_assigned~AAAAAAAAAAAAAAAAAAAAAA`;
    const raw = buildMail(mail({ unsubscribeUrl }), settings, sender).toString();
    const headers = raw.slice(0, raw.indexOf("\r\n\r\n")).split("\r\n");
    expect(headers).toContain(`List-Unsubscribe: <${unsubscribeUrl}>`);
    expect(headers).toContain("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
    const read = await simpleParser(raw);
    expect(read.text).toContain(`Stop emails of this kind: ${unsubscribeUrl}`);
    expect(read.html).toContain(`href="${unsubscribeUrl}"`);
    expect(buildMail(mail(), settings, sender).toString()).not.toMatch(/unsubscribe|of this kind/i);
  });

  test("line breaks in names and titles begin no header", () => {
    const raw = buildMail(
      mail({ to: { name: "A\r\nBcc: x@example.com", address: "zoe@example.com" }, texts: { ...mail().texts, title: "T\r\n\r\n<script>" } }),
      settings,
      sender,
    ).toString();
    const headers = raw.slice(0, raw.indexOf("\r\n\r\n"));
    expect(headers).not.toMatch(/^bcc:/im);
    expect(headers).toContain("Subject: T <script>");
  });
});

describe("the layout", () => {
  const texts = { title: "<i>", body: '"quoted" & <script>alert(1)</script>', action: "<b>Go</b>", locale: 'en" onload="x' };

  test("escapes every value", () => {
    const html = htmlPart({ texts, link: 'https://example.com/?a="><script>', orgName: "<Org> & Co" });
    expect(html).not.toMatch(/<script|<i>|<b>|<Org>|onload="x"/);
    expect(html).toContain("&lt;Org&gt; &amp; Co");
  });

  test("has no button without a link, and reads from right to left where the language does", () => {
    expect(htmlPart({ texts, link: null, orgName: "O" })).not.toContain("<a ");
    expect(textPart({ texts, link: null, orgName: "O" })).not.toContain("<b>Go</b>");
    expect(htmlPart({ texts: { ...texts, locale: "ar-EG" }, link: null, orgName: "O" })).toContain('dir="rtl"');
  });

  test.each([
    ["https://crm.example.com/a", "https://crm.example.com/a"],
    ["http://localhost:3000/a", "http://localhost:3000/a"],
    ["/tasks/1", "https://notify.example.com/tasks/1"],
    ["http://crm.example.com/a", null],
    ["//evil.example.com/a", null],
    ["/\\evil.example.com", null],
    ["javascript:alert(1)", null],
    ["data:text/html,x", null],
    ["https://a b", null],
    ["https://crm.example.com/\r\nx", null],
    ["not a link", null],
  ])("the link %j becomes %j", (link, expected) => {
    expect(safeLink(link, "https://notify.example.com")).toBe(expected);
  });
});
