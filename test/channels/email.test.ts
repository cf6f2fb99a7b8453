import type { EmailSettings } from "@carillon/shared/channels";
import type { Configuration, Message, Outcome } from "@carillon/worker/channels/channel";
import { createEmail } from "@carillon/worker/channels/email";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  hangUpAll,
  makeCertificates,
  smtpError,
  startMailServer,
  startPlainServer,
  trust,
  type TestCertificates,
  type TestServer,
} from "./mail-server.ts";

const email = createEmail({ name: 1_000, connect: 1_000, greeting: 400, answer: 700, open: 3_000, send: 1_500 });

let certificates: TestCertificates;
const open: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  certificates = await makeCertificates();
  trust(certificates.ca);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.stop()));
});
afterAll(() => expect(open).toEqual([]));

async function serve(options: Parameters<typeof startMailServer>[0] = {}): Promise<TestServer> {
  const server = await startMailServer({ ...certificates.good, ...options });
  open.push(server);
  return server;
}
async function servePlain(...args: Parameters<typeof startPlainServer>) {
  const server = await startPlainServer(...args);
  open.push(server);
  return server;
}

const settings = (port: number, more: Partial<EmailSettings> = {}): EmailSettings => ({
  host: "localhost",
  port,
  username: "user",
  encryption: "tls",
  fromAddress: "crm@example.com",
  fromName: "Müller & Söhne",
  replyTo: "",
  auth: "password",
  ...more,
});
const configuration = (
  port: number,
  more: Partial<EmailSettings> = {},
  secrets: Record<string, string> = { password: "pass" },
): Configuration<EmailSettings> => ({
  settings: settings(port, more),
  secrets,
  sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
  allowPrivateHosts: true,
});
const message = (more: Partial<Message> = {}): Message => ({
  deliveryId: "0.d1",
  org: "acme",
  to: { id: "u1", name: "Ada", address: "ada@example.com", locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "normal" },
  texts: { title: "Call Acme", body: "Kim gave you a task.", action: "Open the task", locale: "en" },
  link: "/tasks/77",
  ...more,
});
async function sendOne(of: Configuration<EmailSettings>, more: Partial<Message> = {}): Promise<Outcome> {
  const session = email.open(of);
  try {
    return await session.send(message(more));
  } finally {
    await session.close();
  }
}
async function stagesOf(of: Configuration<EmailSettings>, to = "admin@example.com") {
  const stages = await Array.fromAsync(email.test(of, to));
  return stages.map(({ stage, ok }) => `${stage} ${ok ? "ok" : "failed"}`).join(", ") + `\n${stages.at(-2)?.remedy ?? ""}`;
}

describe("a session", () => {
  test("sends many mails over one connection and says goodbye", async () => {
    const server = await serve();
    const session = email.open(configuration(server.port));
    for (let n = 0; n < 20; n += 1)
      expect(await session.send(message({ deliveryId: `0.d${n}` }))).toMatchObject({
        kind: "ok",
        code: "250 2.0.0",
        said: "250 2.0.0 Ok, stored",
      });
    await session.close();
    expect(server.received).toHaveLength(20);
    expect(new Set(server.received.map(({ session: id }) => id)).size).toBe(1);
    expect(server.server.connections.size).toBe(0);
  });

  test("speaks TLS from the first byte with ssl", async () => {
    const server = await serve({ secure: true });
    expect(await sendOne(configuration(server.port, { encryption: "ssl" }))).toMatchObject({ kind: "ok" });
  });

  test("opens the connection again when the server hung up in between", async () => {
    const server = await serve();
    const session = email.open(configuration(server.port));
    for (let n = 0; n < 3; n += 1) {
      expect(await session.send(message())).toMatchObject({ kind: "ok" });
      hangUpAll(server);
      if (n === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await session.close();
    expect(server.received).toHaveLength(3);
  });

  test("goes on over the same connection after a refused address", async () => {
    const server = await serve({
      onRcptTo: ({ address }, _session, callback) =>
        address.startsWith("gone") ? callback(smtpError(550, "5.1.1 No such user")) : callback(),
    });
    const session = email.open(configuration(server.port));
    const to = (address: string) => ({ to: { id: "u", name: null, address, locale: "en" } });
    expect(await session.send(message(to("gone@example.com")))).toMatchObject({
      kind: "gone",
      code: "550 5.1.1",
      said: "550 5.1.1 No such user",
    });
    expect(await session.send(message(to("ada@example.com")))).toMatchObject({ kind: "ok" });
    expect(await session.send(message(to("gone@example.com")))).toMatchObject({ kind: "gone" });
    expect(await session.send(message(to("eve@example.com")))).toMatchObject({ kind: "ok" });
    await session.close();
    expect(new Set(server.received.map(({ session: id }) => id)).size).toBe(1);
  });

  test("needs no sign-in where the server asks for none", async () => {
    const server = await serve({ authOptional: true });
    expect(await sendOne(configuration(server.port, { username: "" }, {}))).toMatchObject({ kind: "ok" });
  });
});

describe("what becomes of a try", () => {
  test("a wrong password is a fault of the channel and never shown", async () => {
    const server = await serve({ onAuth: ({ password }, _session, callback) => callback(smtpError(535, `5.7.8 Not ${password}`)) });
    const outcome = await sendOne(configuration(server.port, {}, { password: "hunter2-secret" }));
    expect(outcome).toMatchObject({ kind: "fault", code: "535 5.7.8", said: "535 5.7.8 Not •••" });
  });

  test("a missing password is a fault", async () => {
    const server = await serve();
    expect(await sendOne(configuration(server.port, {}, {}))).toMatchObject({ kind: "fault", code: "no-password" });
  });

  test.each([
    [451, "4.3.0 Busy", { kind: "retry", code: "451 4.3.0" }],
    [450, "4.7.1 Greylisted", { kind: "retry", afterMs: 300_000 }],
    [454, "4.7.0 Throttled", { kind: "retry", afterMs: 600_000 }],
    [550, "5.1.1 Unknown", { kind: "gone" }],
    [550, "5.7.1 Spam", { kind: "permanent" }],
    [554, "5.6.0 No", { kind: "permanent" }],
    [421, "4.3.2 Closing", { kind: "retry", code: "421 4.3.2" }],
  ])("%i %s after the body", async (code, words, expected) => {
    const server = await serve({
      onData: (stream, _session, callback) => stream.on("end", () => callback(smtpError(code, words))).resume(),
    });
    expect(await sendOne(configuration(server.port))).toMatchObject(expected);
  });

  test("a connection that breaks before the body is tried again, after the body it is ambiguous", async () => {
    const before = await serve({ onRcptTo: () => hangUpAll(before) });
    expect(await sendOne(configuration(before.port))).toMatchObject({ kind: "retry", code: "lost", unreachable: true });
    const after = await serve({ onData: (stream) => stream.on("end", () => hangUpAll(after)).resume() });
    expect(await sendOne(configuration(after.port))).toMatchObject({ kind: "ambiguous" });
  });

  test("no answer before the body is tried again, after the body it is ambiguous", async () => {
    const before = await serve({ onRcptTo: () => {} });
    expect(await sendOne(configuration(before.port))).toMatchObject({ kind: "retry", unreachable: true });
    const after = await serve({ onData: (stream) => stream.resume() });
    expect(await sendOne(configuration(after.port))).toMatchObject({ kind: "ambiguous" });
  });

  test.each(["otherName", "unknownAuthority"] as const)("a certificate that is %s is refused, with tls and with ssl", async (which) => {
    const starttls = await serve(certificates[which]);
    expect(await sendOne(configuration(starttls.port))).toMatchObject({ kind: "retry", code: "certificate", unreachable: true });
    const implicit = await serve({ ...certificates[which], secure: true });
    expect(await sendOne(configuration(implicit.port, { encryption: "ssl" }))).toMatchObject({
      kind: "retry",
      code: "certificate",
      unreachable: true,
    });
    expect([...starttls.received, ...implicit.received]).toEqual([]);
  });

  test("nothing is sent in plain text to a server without TLS", async () => {
    const server = await serve({ disabledCommands: ["STARTTLS"], authOptional: true });
    expect(await sendOne(configuration(server.port))).toMatchObject({ kind: "retry", code: "no-starttls" });
    expect(server.received).toEqual([]);
  });

  test("refused, silent, unknown and foreign servers are unreachable, and their words are not repeated", async () => {
    const silent = await servePlain(null);
    const ssh = await servePlain("SSH-2.0-OpenSSH_9.2\r\n");
    const closed = await startPlainServer(null);
    await closed.stop();
    expect(await sendOne(configuration(silent.port))).toMatchObject({ kind: "retry", code: "silent", unreachable: true });
    expect(await sendOne(configuration(closed.port))).toMatchObject({ kind: "retry", code: "refused", unreachable: true });
    expect(await sendOne(configuration(587, { host: "nowhere.invalid" }))).toMatchObject({
      kind: "retry",
      code: "name",
      unreachable: true,
    });
    const foreign = await sendOne(configuration(ssh.port));
    expect(foreign).toMatchObject({ kind: "retry", code: "not-smtp", unreachable: true });
    expect(JSON.stringify(foreign)).not.toContain("OpenSSH");
  });

  test("private hosts are refused at sending too", async () => {
    const server = await serve();
    expect(await sendOne({ ...configuration(server.port), allowPrivateHosts: false })).toMatchObject({
      kind: "fault",
      code: "host-policy",
    });
    expect(server.server.connections.size).toBe(0);
  });
});

describe("a mail", () => {
  test("names can't add headers or people", async () => {
    const server = await serve();
    const texts = { title: "Hi\r\nBcc: evil@example.com\u2028X: y", body: "a\r\n.\r\nMAIL FROM:<x>\r\n.", action: "Open", locale: "en" };
    const to = { id: "u1", name: 'Eve", <evil@example.com>\r\nCc: evil@example.com', address: "ada@example.com", locale: "en" };
    expect(
      await sendOne(configuration(server.port, { fromName: 'A\r\nBcc: evil@example.com"' }), {
        texts,
        to,
        deliveryId: "0.d1\r\nX-Evil: 1",
      }),
    ).toMatchObject({ kind: "ok" });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.to).toEqual(["ada@example.com"]);
    const headers = server.received[0]?.raw.split("\r\n\r\n")[0] ?? "";
    expect(headers).not.toMatch(/^(bcc|cc|x|x-evil):/im);
  });

  test.each(["ada@example.com, eve@example.com", "ada@example.com>\r\nRCPT TO:<eve@example.com"])(
    "%j is not an address and reaches nobody",
    async (address) => {
      const server = await serve();
      const outcome = await sendOne(configuration(server.port), { to: { id: "u", name: null, address, locale: "en" } });
      expect(outcome.kind).not.toBe("ok");
      expect(server.received).toEqual([]);
    },
  );

  test("goes out in one piece with its end, dots that begin a line doubled", async () => {
    const chunks: string[] = [];
    const server = await servePlain("220 here\r\n", (socket) =>
      socket.on("data", (chunk) => {
        const text = chunk.toString();
        const isBody = text.startsWith("From:");
        if (isBody) chunks.push(text);
        socket.write(text.startsWith("EHLO") ? "250-here\r\n250 PIPELINING\r\n" : "");
        if (/^MAIL/m.test(text)) socket.write("250 a\r\n250 b\r\n354 go\r\n");
        if (isBody) socket.write("250 2.0.0 kept\r\n");
        if (text.startsWith("QUIT")) socket.end("221 bye\r\n");
      }),
    );
    const texts = { title: "Hi", body: "one\n.\n..two\n.three", action: "Open", locale: "en" };
    const session = email.open(configuration(server.port, { encryption: "none", username: "" }, {}));
    expect(await session.send(message({ texts }))).toMatchObject({ kind: "ok", said: "250 2.0.0 kept" });
    await session.close();
    expect(chunks).toHaveLength(1);
    expect(chunks[0]).toContain("one\r\n..\r\n...two\r\n..three\r\n");
    expect(chunks[0]).toMatch(/\r\n--carillon-[-0-9a-f]+--\r\n\.\r\n$/);
  });
});

describe("the staged test", () => {
  test("goes through every stage with the server's words and delivers a mail", async () => {
    const server = await serve();
    const stages = await Array.fromAsync(email.test(configuration(server.port), "admin@example.com"));
    expect(stages.map(({ stage, ok }) => [stage, ok])).toEqual(
      ["name", "tcp", "tls", "login", "sender", "recipient", "accepted", "done"].map((stage) => [stage, true]),
    );
    expect(stages[6]).toMatchObject({ said: "250 2.0.0 Ok, stored", ms: expect.any(Number) });
    expect(server.received[0]?.to).toEqual(["admin@example.com"]);
    expect(server.received[0]?.raw).toContain("Auto-Submitted: auto-generated");
  });

  test("stops at a wrong password, a refused sender, a refused recipient, a refused message", async () => {
    const login = await serve();
    expect(await stagesOf(configuration(login.port, {}, { password: "wrong" }))).toMatch(
      /tls ok, login failed, done failed\nThe server refused user name or password/,
    );
    const sender = await serve({ onMailFrom: (_address, _session, callback) => callback(smtpError(553, "5.1.8 Not yours")) });
    expect(await stagesOf(configuration(sender.port))).toMatch(/login ok, sender failed, done failed\n.*From Address/);
    const recipient = await serve({ onRcptTo: (_address, _session, callback) => callback(smtpError(550, "5.1.1 Nobody")) });
    expect(await stagesOf(configuration(recipient.port))).toMatch(/sender ok, recipient failed, done failed\nThis address does not exist/);
    const body = await serve({
      onData: (stream, _session, callback) => stream.on("end", () => callback(smtpError(554, "5.7.1 Spam"))).resume(),
    });
    expect(await stagesOf(configuration(body.port))).toMatch(/recipient ok, accepted failed, done failed\nThe server refused this message/);
    expect(await stagesOf(configuration(body.port), "no address")).toMatch(/login ok, recipient failed, done failed\nEnter one address/);
  });

  test("explains SSL against a STARTTLS port, TLS against an SSL port, and none against a server that wants TLS", async () => {
    const starttls = await serve();
    expect(await stagesOf(configuration(starttls.port, { encryption: "ssl" }))).toMatch(
      /tcp ok, tls failed, done failed\nThis port does not speak SSL from the first byte/,
    );
    expect(await stagesOf(configuration(starttls.port, { encryption: "none" }))).toMatch(/login failed, done failed\n.*choose TLS/);
    const implicit = await serve({ secure: true });
    expect(await stagesOf(configuration(implicit.port))).toMatch(
      /tcp ok, tls failed, done failed\nThe server took the connection and said nothing/,
    );
  });

  test("says whether name, port or certificate is wrong", async () => {
    const closed = await startPlainServer(null);
    await closed.stop();
    expect(await stagesOf(configuration(587, { host: "nowhere.invalid" }))).toMatch(/^name failed, done failed\nNo such server name/);
    expect(await stagesOf(configuration(closed.port))).toMatch(/^name ok, tcp failed, done failed\nNothing answers/);
    const otherName = await serve(certificates.otherName);
    expect(await stagesOf(configuration(otherName.port))).toMatch(
      /tcp ok, tls failed, done failed\nThe server's certificate is not valid for this name/,
    );
    expect(await stagesOf({ ...configuration(25), allowPrivateHosts: false })).toMatch(
      /^name failed, done failed\nThis name belongs to a private network/,
    );
  });

  test("can't be used to read what other ports say", async () => {
    const ssh = await servePlain("SSH-2.0-OpenSSH_9.2\r\n");
    const stages = await Array.fromAsync(email.test(configuration(ssh.port), "admin@example.com"));
    expect(stages.at(-2)).toMatchObject({
      stage: "tls",
      ok: false,
      remedy: "What answers there is not a mail server: check host and port.",
    });
    expect(JSON.stringify(stages)).not.toContain("OpenSSH");
  });
});
