import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { magicOf } from "./magic.ts";
import { startSandbox, type Sandbox } from "./sandbox.ts";

let folder: string;
let sandbox: Sandbox;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sandbox-"));
  sandbox = await startSandbox({ dataDir: folder, httpPort: 0, smtpPort: 0, smtpsPort: 0 });
});
afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});

const transport = (more: Record<string, unknown> = {}) => {
  const { host, port, username, password, caFile } = sandbox.smtp;
  return createTransport({
    host,
    port,
    requireTLS: true,
    auth: { user: username, pass: password },
    tls: { ca: readFileSync(caFile) },
    ...more,
  });
};
const messages = async (query: string) => {
  const answer = await fetch(`${sandbox.httpUrl}/messages?${query}`);
  return ((await answer.json()) as { data: Record<string, string>[] }).data;
};
const mail = (to: string, subject = "Hello") => ({ from: "crm@example.com", to, subject, text: "Grüße, 世界", html: "<p>Grüße</p>" });

describe("the sandbox's mail server", () => {
  test("keeps what it took, newest first, decoded, by channel and recipient", async () => {
    await transport().sendMail(mail("a@example.com", "Erste Grüße"));
    await transport({ port: sandbox.smtp.tlsPort, secure: true, requireTLS: false }).sendMail(mail("b@example.com", "second"));
    expect((await messages("channel=email")).map(({ to, subject }) => [to, subject])).toEqual([
      ["b@example.com", "second"],
      ["a@example.com", "Erste Grüße"],
    ]);
    const [only] = await messages("channel=email&to=A@example.com");
    expect(only).toMatchObject({
      channel: "email",
      to: "a@example.com",
      text: "Grüße, 世界",
      html: "<p>Grüße</p>",
      raw: expect.stringContaining("Message-ID"),
    });
    expect(await messages("channel=sms")).toEqual([]);
  });

  test("asks for the right password", async () => {
    await expect(transport({ auth: { user: sandbox.smtp.username, pass: "wrong" } }).sendMail(mail("a@example.com"))).rejects.toMatchObject(
      { responseCode: 535 },
    );
    await expect(transport({ auth: undefined }).sendMail(mail("a@example.com"))).rejects.toMatchObject({ responseCode: 530 });
  });

  test("takes a token from its own token endpoint", async () => {
    const form = { grant_type: "client_credentials", client_id: sandbox.smtp.username, client_secret: sandbox.smtp.password };
    const answer = await fetch(`${sandbox.httpUrl}/oauth/token`, { method: "POST", body: new URLSearchParams(form) });
    const { access_token: accessToken } = (await answer.json()) as { access_token: string };
    await transport({ auth: { type: "OAuth2", user: "crm@example.com", accessToken } }).sendMail(mail("token@example.com"));
    expect(await messages("to=token@example.com")).toHaveLength(1);
  });

  test.each([
    ["temporary@example.com", 451],
    ["eve+permanent@example.com", 554],
    ["gone@example.com", 550],
  ])("refuses %s with %i", async (to, responseCode) => {
    await expect(transport().sendMail(mail(to))).rejects.toMatchObject({ responseCode });
  });

  test("greylists once, hangs up on cut", async () => {
    await expect(transport().sendMail(mail("greylisted@example.com"))).rejects.toMatchObject({ responseCode: 450 });
    await transport().sendMail(mail("greylisted@example.com"));
    await expect(transport().sendMail(mail("cut@example.com"))).rejects.toMatchObject({ code: "ECONNECTION" });
    expect(await messages("to=cut@example.com")).toEqual([]);
  });

  test("an address is magic only for the whole last word", () => {
    expect(["cut@x.org", "a.cut@x.org", "a+CUT@x.org", "shortcut@x.org", "cute@x.org"].map(magicOf)).toEqual([
      "cut",
      "cut",
      "cut",
      "delivered",
      "delivered",
    ]);
  });
});

describe("the sandbox's page", () => {
  test("shows a mail's HTML without scripts, and answers only to this machine's names", async () => {
    const [newest] = await messages("channel=email&limit=1");
    const html = await fetch(`${sandbox.httpUrl}/messages/${newest?.["id"]}/html`);
    expect(html.headers.get("content-security-policy")).toMatch(/^sandbox; default-src 'none'/);
    const page = await fetch(sandbox.httpUrl);
    expect(await page.text()).toContain("greylisted@…");
    expect(await askAs("evil.example.com")).toMatch(/^HTTP\/1\.1 421/);
  });

  test("deletes one channel or all", async () => {
    await sandbox.store.add({ channel: "sms", to: "+4915112345678", at: 0, raw: "{}", text: "hi" });
    await fetch(`${sandbox.httpUrl}/messages?channel=email`, { method: "DELETE" });
    expect((await messages("")).map(({ channel }) => channel)).toEqual(["sms"]);
    await fetch(`${sandbox.httpUrl}/messages`, { method: "DELETE" });
    expect(await messages("")).toEqual([]);
  });

  test("keeps password, certificate and messages over a restart", async () => {
    const before = sandbox.smtp;
    await transport().sendMail(mail("kept@example.com"));
    await sandbox.stop();
    sandbox = await startSandbox({ dataDir: folder, httpPort: 0, smtpPort: 0, smtpsPort: 0 });
    expect(sandbox.smtp.password).toBe(before.password);
    await transport().sendMail(mail("after@example.com"));
    expect((await messages("")).map(({ to }) => to)).toEqual(["after@example.com", "kept@example.com"]);
  });
});

async function askAs(host: string): Promise<string> {
  const socket = net.connect(Number(new URL(sandbox.httpUrl).port), "127.0.0.1");
  socket.end(`GET /messages HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}
