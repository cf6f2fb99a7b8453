import { type SmsSettings, smsSettingsSchema } from "@carillon/shared/sms-settings";
import type { Configuration, Message, Outcome } from "@carillon/worker/channels/channel";
import { createSms } from "@carillon/worker/channels/sms";
import { isFromTwilio, parseReply, parseStatusCallback } from "@carillon/worker/channels/sms/callbacks";
import { CODE_ROWS } from "@carillon/worker/channels/sms/errors";
import { startSandbox, type Sandbox } from "@carillon/worker/local/sandbox/sandbox";
import { magicNumber } from "@carillon/worker/local/sandbox/twilio-magic";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

const sms = createSms({ answer: 1_500 });
const TO = "+4915112345601";

let folder: string;
let sandbox: Sandbox;
let hooks: { server: Server; url: string; calls: { url: string; signature: string; form: URLSearchParams }[] };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sms-"));
  sandbox = await startSandbox({ dataDir: folder, httpPort: 0, smtpPort: 0, smtpsPort: 0 });
  hooks = await listenForHooks();
});
beforeEach(async () => {
  await sandbox.twilio.settled();
  hooks.calls.length = 0;
  sandbox.store.clear("sms");
});
afterAll(async () => {
  await sandbox.stop();
  await new Promise((resolve) => hooks.server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function listenForHooks(): Promise<typeof hooks> {
  const calls: (typeof hooks)["calls"] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { port } = server.address() as AddressInfo;
      calls.push({
        url: `http://localhost:${port}${request.url}`,
        signature: String(request.headers["x-twilio-signature"]),
        form: new URLSearchParams(Buffer.concat(chunks).toString()),
      });
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}`, calls };
}

/** An address where nobody listens. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const configuration = (more: Partial<SmsSettings> = {}, authToken = sandbox.twilio.account.authToken): Configuration<SmsSettings> => ({
  settings: { accountSid: sandbox.twilio.account.accountSid, from: sandbox.twilio.account.from, messagingServiceSid: "", ...more },
  secrets: { authToken },
  sender: { publicUrl: hooks.url, orgName: "Müller GmbH" },
  allowPrivateHosts: true,
  endpoints: { twilio: sandbox.twilio.url },
});
const message = (address: string, more: Partial<Message> = {}): Message => ({
  deliveryId: "0.d1",
  org: "acme",
  to: { id: "u1", name: "Ada", address, locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "normal" },
  texts: { title: "New task", body: 'Kim assigned you "Call Acme".', action: "Open task", locale: "en" },
  link: "https://crm.example.com/tasks/77",
  ...more,
});
async function send(one: Message, of = configuration()): Promise<Outcome> {
  const session = sms.open(of);
  const outcome = await session.send(one);
  await session.close();
  return outcome;
}
const stored = async (to: string) => await sandbox.store.list({ channel: "sms", to, limit: 100 });
async function stagesOf(of: Configuration<SmsSettings>, to = TO) {
  const stages = await Array.fromAsync(sms.test(of, to));
  return stages.map(({ stage, ok }) => `${stage} ${ok ? "ok" : "failed"}`).join(", ");
}

describe("a message", () => {
  test("goes out with its link, and callbacks say how far it came", async () => {
    expect(await send(message(TO, { validForSeconds: 3_600.7 }))).toEqual({
      kind: "ok",
      code: "queued",
      providerId: expect.stringMatching(/^SM/),
    });
    const [only] = await stored(TO);
    expect(only?.text).toBe('Kim assigned you "Call Acme".\nhttps://crm.example.com/tasks/77');
    expect(JSON.parse(only?.raw ?? "")).toMatchObject({ validity_period: "3600", from: sandbox.twilio.account.from });
    await sandbox.twilio.settled();
    const { authToken } = sandbox.twilio.account;
    for (const { url, signature, form } of hooks.calls) expect(isFromTwilio(authToken, signature, url, form)).toBe(true);
    expect(hooks.calls.map(({ url, form }) => parseStatusCallback(url, form))).toMatchObject([
      { deliveryId: "0.d1", state: "sent" },
      { deliveryId: "0.d1", state: "delivered" },
    ]);
  });

  test("goes out by a messaging service where there is one", async () => {
    const { messagingServiceSid } = sandbox.twilio.account;
    expect(await send(message(TO), configuration({ messagingServiceSid }))).toMatchObject({ kind: "ok", code: "accepted" });
    expect(JSON.parse((await stored(TO))[0]?.raw ?? "")).toMatchObject({ messaging_service_sid: messagingServiceSid });
  });

  test("without room for the link the text goes alone; the validity stays within what Twilio takes", async () => {
    const body = "x".repeat(1_590);
    expect(await send(message(TO, { texts: { title: "", body, action: "", locale: "en" }, validForSeconds: 1e9 }))).toMatchObject({
      kind: "ok",
    });
    expect(await send(message(TO, { validForSeconds: -5 }))).toMatchObject({ kind: "ok" });
    const all = await stored(TO);
    expect(all.at(-1)?.text).toBe(body);
    expect(all.map(({ raw }) => (JSON.parse(raw) as { validity_period: string }).validity_period)).toEqual(["1", "36000"]);
  });

  test.each(["Grüße 世界 🧑‍🧑‍🧒", "a&b=c+d%20", "‮reversed", "<b>"])("arrives as it is: %s", async (body) => {
    await send(message(TO, { link: null, texts: { title: "", body, action: "", locale: "en" } }));
    expect((await stored(TO))[0]?.text).toBe(body);
  });
});

describe("every row of the table", () => {
  const atOnce = CODE_ROWS.flatMap((row) => row.codes.filter((code) => code < 30_000).map((code) => ({ ...row, code })));
  const later = CODE_ROWS.flatMap((row) => row.codes.filter((code) => code >= 30_000).map((code) => ({ ...row, code })));

  test.each(atOnce)("$code is answered: $kind", async ({ code, kind, remedy }) => {
    expect(await send(message(magicNumber(code)))).toMatchObject({ kind, remedy, code: String(code) });
    expect(await stored(magicNumber(code))).toEqual([]);
  });

  test.each(later)("$code comes by callback: $kind", async ({ code, kind, remedy }) => {
    expect(await send(message(magicNumber(code)))).toMatchObject({ kind: "ok" });
    await sandbox.twilio.settled();
    const last = hooks.calls.at(-1);
    expect(last && parseStatusCallback(last.url, last.form)).toMatchObject({
      state: "failed",
      code: String(code),
      outcome: { kind, remedy },
    });
  });
});

describe("in doubt", () => {
  test("a message that was taken without an answer is found at once and not sent again", async () => {
    const to = magicNumber(900_001);
    expect(await send(message(to))).toMatchObject({ kind: "ok", providerId: expect.stringMatching(/^SM/) });
    expect(await stored(to)).toHaveLength(1);
  });

  test("one that was not taken stays in doubt, and is sent once Twilio says that it has none", async () => {
    const silent = magicNumber(900_000);
    expect(await send(message(silent))).toMatchObject({ kind: "ambiguous", code: "no-answer" });
    expect(await send(message(magicNumber(900_500)))).toMatchObject({ kind: "ambiguous", code: "20503" });
    expect(await send(message(TO, { maybeSentAt: Date.now() }))).toMatchObject({ kind: "ok" });
    expect(await stored(TO)).toHaveLength(1);
  });

  test("an earlier try that did arrive is found and not repeated", async () => {
    const startedAt = Date.now();
    const first = await send(message(TO));
    expect(await send(message(TO, { maybeSentAt: startedAt }))).toMatchObject({ kind: "ok", providerId: first.providerId });
    expect(await stored(TO)).toHaveLength(1);
  });

  test("other words, another person and older messages are not taken for it", async () => {
    await send(message("+4915112345602"));
    await send(message(TO, { texts: { title: "", body: "Something else", action: "", locale: "en" } }));
    await send(message(TO));
    expect(await send(message(TO, { maybeSentAt: Date.now() + 120_000 }))).toMatchObject({ kind: "ok" });
    expect(await stored(TO)).toHaveLength(3);
  });

  test("two messages with the same words are two, also when the second is in doubt", async () => {
    const to = magicNumber(900_001);
    const session = sms.open(configuration());
    const first = await session.send(message(to));
    const second = await session.send(message(to));
    expect(second).toMatchObject({ kind: "ok" });
    expect(second.providerId).not.toBe(first.providerId);
    expect(await stored(to)).toHaveLength(2);
  });

  test("nothing is sent again while nobody can look", async () => {
    const away = { ...configuration(), endpoints: { twilio: await nowhere() } };
    expect(await send(message(TO, { maybeSentAt: Date.now() }), away)).toMatchObject({ kind: "retry", unreachable: true });
    sandbox.twilio.suspend(true);
    expect(await send(message(TO, { maybeSentAt: Date.now() }))).toMatchObject({ kind: "fault", code: "20003" });
    sandbox.twilio.suspend(false);
    expect(await stored(TO)).toEqual([]);
  });
});

test("a wrong token is a fault and never repeated in its words; an unreachable Twilio is tried again", async () => {
  const outcome = await send(message(TO), configuration({}, "wrong-token-9911"));
  expect(outcome).toMatchObject({ kind: "fault", code: "20003", said: "Authenticate" });
  expect(await send(message(TO), { ...configuration(), endpoints: { twilio: await nowhere() } })).toMatchObject({
    kind: "retry",
    code: "unreachable",
    unreachable: true,
  });
});

test("whoever replies STOP gets nothing more until START", async () => {
  sandbox.twilio.connect(`${hooks.url}/hooks/twilio/acme`);
  const reply = async (text: string) => {
    const headers = { "content-type": "application/json" };
    await fetch(`${sandbox.httpUrl}/twilio/sandbox/replies`, { method: "POST", headers, body: JSON.stringify({ from: TO, text }) });
    await sandbox.twilio.settled();
    const call = hooks.calls.at(-1);
    expect(call && isFromTwilio(sandbox.twilio.account.authToken, call.signature, call.url, call.form)).toBe(true);
    return call && parseReply(call.form);
  };
  expect(await reply("stop")).toEqual({ from: TO, text: "stop", optOut: "stop" });
  expect(await send(message(TO))).toMatchObject({ kind: "gone", code: "21610", optedOut: true });
  expect(await reply("START")).toMatchObject({ optOut: "start" });
  expect(await send(message(TO))).toMatchObject({ kind: "ok" });
});

describe("the staged test", () => {
  test("credentials, number, message", async () => {
    const stages = await Array.fromAsync(sms.test(configuration(), "+49 151 12345601"));
    expect(stages.map(({ stage, ok, said }) => [stage, ok, said])).toEqual([
      ["credentials", true, "Sandbox account"],
      ["number", true, "+1 555 123 4567 can send SMS."],
      ["accepted", true, expect.stringMatching(/^queued SM/)],
      ["done", true, undefined],
    ]);
    expect((await stored(TO))[0]?.text).toBe("Test message from Müller GmbH: SMS works.");
    await sandbox.twilio.settled();
    expect(hooks.calls).toEqual([]);
  });

  test.each([
    ["a wrong token", () => configuration({}, "nope"), TO, "credentials failed, done failed"],
    ["another's number", () => configuration({ from: "+15550000000" }), TO, "credentials ok, number failed, done failed"],
    ["a number without SMS", () => configuration({ from: sandbox.twilio.account.mute }), TO, "credentials ok, number failed, done failed"],
    ["no number to send to", () => configuration(), "0151", "credentials ok, number ok, accepted failed, done failed"],
    ["a dead number", () => configuration(), magicNumber(21_614), "credentials ok, number ok, accepted failed, done failed"],
  ])("stops at %s and says what to do", async (_title, of, to, expected) => {
    expect(await stagesOf(of(), to)).toBe(expected);
    const stages = await Array.fromAsync(sms.test(of(), to));
    expect(stages.at(-2)?.remedy).toMatch(/^[A-Z].+\.$/);
  });

  test("a messaging service needs no number", async () => {
    const { messagingServiceSid } = sandbox.twilio.account;
    expect(await stagesOf(configuration({ from: "", messagingServiceSid }))).toBe("credentials ok, number ok, accepted ok, done ok");
  });
});

test("settings are checked where an admin types them", () => {
  const accountSid = `AC${"0".repeat(32)}`;
  expect(smsSettingsSchema.parse({ accountSid, from: "+1 (555) 123-4567" })).toEqual({
    accountSid,
    from: "+15551234567",
    messagingServiceSid: "",
  });
  expect(smsSettingsSchema.safeParse({ accountSid, from: "ACME CRM" }).success).toBe(true);
  for (const bad of [
    { accountSid },
    { accountSid: "AC1", from: "+15551234567" },
    { accountSid, from: "5551234567890" },
    { accountSid, from: "+1x" },
  ])
    expect(smsSettingsSchema.safeParse(bad).success).toBe(false);
});
