import type { EmailSettings, TestStage } from "@carillon/shared/channels";
import type { Configuration, Message } from "@carillon/worker/channels/channel";
import { startSandbox, type Sandbox } from "@carillon/worker/local/sandbox/sandbox";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  hangUpAll,
  makeCertificates,
  smtpError,
  startMailServer,
  startPlainServer,
  type TestCertificates,
  type TestServer,
} from "../channels/mail-server.ts";
import type { Order, Report } from "./email-entry.ts";
import { RUNTIMES, startRuntime, type Runtime } from "./start-runtime.ts";

const ENTRY = join(import.meta.dirname, "email-entry.ts");

describe.each(RUNTIMES)("email in %s", (name) => {
  let folder: string;
  let certificates: TestCertificates;
  let runtime: Runtime;
  const servers: { stop(): Promise<void> }[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "email-runtime-"));
    certificates = await makeCertificates();
    const caFile = join(folder, "test-ca.pem");
    writeFileSync(caFile, certificates.ca);
    runtime = await startRuntime(name, ENTRY, folder, caFile);
  }, 30_000);
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });
  afterAll(async () => {
    await runtime.stop();
    rmSync(folder, { recursive: true });
  });

  async function serve(options: Parameters<typeof startMailServer>[0] = {}): Promise<TestServer> {
    const server = await startMailServer({ ...certificates.good, ...options });
    servers.push(server);
    return server;
  }
  async function ask<T>(path: string, order: Order): Promise<T> {
    const answer = await fetch(`${runtime.url}${path}`, { method: "POST", body: JSON.stringify(order) });
    return (await answer.json()) as T;
  }
  const send = async (configuration: Order["configuration"], addresses: string[] = ["ada@example.com"], pauseMs = 0) => {
    const messages = addresses.map((address, n) => message(address, n));
    return (await ask<Report>("/send", { configuration, messages, pauseMs })).outcomes;
  };
  const stages = async (configuration: Order["configuration"]) => {
    const all = await ask<TestStage[]>("/test", { configuration, messages: [message("admin@example.com", 0)] });
    return all.map(({ stage, ok }) => `${stage} ${ok ? "ok" : "failed"}`).join(", ");
  };

  test.each([
    ["tls", {}, {}],
    ["ssl", { secure: true }, { encryption: "ssl" as const }],
    ["none", { allowInsecureAuth: true, disabledCommands: ["STARTTLS"] }, { encryption: "none" as const }],
  ])("many mails go over one connection with %s, in one request after the other", async (_title, options, more) => {
    const server = await serve(options);
    for (let round = 0; round < 2; round += 1) {
      const outcomes = await send(
        configure(server.port, more),
        Array.from({ length: 10 }, () => "ada@example.com"),
      );
      expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 10 }, () => "ok"));
    }
    expect(server.received).toHaveLength(20);
    expect(new Set(server.received.map(({ session }) => session)).size).toBe(2);
    expect(server.received[0]?.raw).toContain("Subject: =?UTF-8?");
  });

  test("a connection that the server ended while idle is opened again", async () => {
    const server = await serve();
    let seen = 0;
    const hangingUp = setInterval(() => {
      if (server.received.length > seen) setTimeout(() => hangUpAll(server), 150);
      seen = server.received.length;
    }, 20);
    const outcomes = await send(configure(server.port), ["a@example.com", "b@example.com", "c@example.com"], 500);
    clearInterval(hangingUp);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["ok", "ok", "ok"]);
    expect(new Set(server.received.map(({ session }) => session)).size).toBe(3);
  });

  test("after a refused address the same connection goes on", async () => {
    const server = await serve({
      onRcptTo: ({ address }, _session, callback) =>
        address.startsWith("gone") ? callback(smtpError(550, "5.1.1 No such user")) : callback(),
    });
    const outcomes = await send(configure(server.port), ["gone@example.com", "ada@example.com", "gone@example.com", "eve@example.com"]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["gone", "ok", "gone", "ok"]);
    expect(new Set(server.received.map(({ session }) => session)).size).toBe(1);
  });

  test.each(["otherName", "unknownAuthority"] as const)("a certificate that is %s is refused", async (which) => {
    const starttls = await serve(certificates[which]);
    const implicit = await serve({ ...certificates[which], secure: true });
    const outcomes = [...(await send(configure(starttls.port))), ...(await send(configure(implicit.port, { encryption: "ssl" })))];
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ kind: "retry", unreachable: true, code: expect.stringMatching(/^(certificate|tls)$/) });
    expect([...starttls.received, ...implicit.received]).toEqual([]);
    expect(await stages(configure(starttls.port))).toBe("name ok, tcp ok, tls failed, done failed");
  });

  test("wrong password, refused, unknown name, SSL on the wrong port, no mail server", async () => {
    const server = await serve();
    const closed = await startPlainServer(null);
    await closed.stop();
    const ssh = await startPlainServer("SSH-2.0-OpenSSH_9.2\r\n");
    servers.push(ssh);
    expect(await send({ ...configure(server.port), secrets: { password: "wrong" } })).toMatchObject([{ kind: "fault", code: "535 5.7.8" }]);
    expect(await send(configure(closed.port))).toMatchObject([{ kind: "retry", code: "refused", unreachable: true }]);
    expect(await send(configure(587, { host: "nowhere.invalid" }))).toMatchObject([
      { kind: "retry", code: expect.stringMatching(/^(name|refused)$/), unreachable: true },
    ]);
    expect(await send(configure(server.port, { encryption: "ssl" }))).toMatchObject([{ kind: "retry", code: "tls", unreachable: true }]);
    expect(await send(configure(ssh.port))).toMatchObject([{ kind: "retry", code: "not-smtp" }]);
    expect(await send({ ...configure(server.port), allowPrivateHosts: false })).toMatchObject([{ kind: "fault", code: "host-policy" }]);
  });

  test("broken off before the body is tried again, after it ambiguous", async () => {
    const before = await serve({ onRcptTo: () => hangUpAll(before) });
    expect(await send(configure(before.port))).toMatchObject([{ kind: "retry", code: "lost" }]);
    const after = await serve({ onData: (stream) => stream.on("end", () => hangUpAll(after)).resume() });
    expect(await send(configure(after.port))).toMatchObject([{ kind: "ambiguous" }]);
  });

  test("the staged test goes through with TLS and with SSL", async () => {
    const green = "name ok, tcp ok, tls ok, login ok, sender ok, recipient ok, accepted ok, done ok";
    expect(await stages(configure((await serve()).port))).toBe(green);
    expect(await stages(configure((await serve({ secure: true })).port, { encryption: "ssl" }))).toBe(green);
    expect(await stages({ ...configure((await serve()).port), secrets: { password: "wrong" } })).toBe(
      "name ok, tcp ok, tls ok, login failed, done failed",
    );
  });
});

describe.each(RUNTIMES)("email by OAuth 2 against the sandbox in %s", (name) => {
  let folder: string;
  let sandbox: Sandbox;
  let runtime: Runtime;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "email-oauth-"));
    sandbox = await startSandbox({ dataDir: folder, httpPort: 0, smtpPort: 0, smtpsPort: 0 });
    runtime = await startRuntime(name, ENTRY, folder, sandbox.smtp.caFile);
  }, 30_000);
  afterAll(async () => {
    await runtime.stop();
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });

  test("a token is fetched, kept, and renewed once when the server refuses it", async () => {
    const { port, username, password } = sandbox.smtp;
    const oauth = { clientId: username, tokenUrl: `${sandbox.httpUrl}/oauth/token` };
    const order = (clientSecret: string): Order => ({
      configuration: { ...configure(port, { username: "crm@example.com", auth: "oauth2", oauth }), secrets: { clientSecret } },
      messages: [message("ada@example.com", 0)],
    });
    const send = async (clientSecret: string) => {
      const answer = await fetch(`${runtime.url}/send`, { method: "POST", body: JSON.stringify(order(clientSecret)) });
      return ((await answer.json()) as Report).outcomes;
    };
    expect(await send(password)).toMatchObject([{ kind: "ok" }]);
    expect(await send(password)).toMatchObject([{ kind: "ok" }]);
    sandbox.revokeTokens();
    expect(await send(password)).toMatchObject([{ kind: "ok" }]);
    expect(await send("not-the-secret")).toMatchObject([
      { kind: "fault", code: "oauth 401", said: "invalid_client: Client id or secret is wrong, said the sandbox" },
    ]);
  });
});

const configure = (port: number, more: Partial<EmailSettings> = {}): Configuration<EmailSettings> => ({
  settings: {
    host: "localhost",
    port,
    username: "user",
    encryption: "tls",
    fromAddress: "crm@example.com",
    fromName: "Müller",
    replyTo: "",
    auth: "password",
    ...more,
  },
  secrets: { password: "pass" },
  sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
  allowPrivateHosts: true,
});

const message = (address: string, n: number): Message => ({
  deliveryId: `0.d${n}`,
  org: "acme",
  to: { id: "u1", name: "Zoë", address, locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "normal" },
  texts: { title: "Grüße 世界", body: "Kim gave you a task.", action: "Open the task", locale: "en" },
  link: "https://crm.example.com/tasks/77",
});
