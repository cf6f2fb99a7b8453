import type { EmailSettings } from "@carillon/shared/channels";
import type { Configuration, Message } from "@carillon/worker/channels/channel";
import { email } from "@carillon/worker/channels/email";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMail } from "../faults/account.ts";
import { EmailChannel, trustTestAuthority } from "../faults/email-channel.ts";
import { Instance, RUNTIMES, until } from "../harness/instance.ts";
import { startExim, type Exim } from "./exim.ts";
import { makeCertificates, trust } from "./mail-server.ts";

describe("the adapter and Debian's Exim", () => {
  let exim: Exim;
  beforeAll(async () => {
    const certificates = await makeCertificates();
    trust(certificates.ca);
    exim = await startExim(certificates.good);
  });
  afterAll(() => exim.stop());

  const configuration = (more: Partial<EmailSettings> = {}, password = "pass"): Configuration<EmailSettings> => ({
    settings: {
      host: "localhost",
      port: exim.port,
      username: "user",
      encryption: "tls",
      fromAddress: "crm@example.com",
      fromName: "Müller & Söhne",
      replyTo: "",
      auth: "password",
      ...more,
    },
    secrets: { password },
    sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
    allowPrivateHosts: true,
  });
  const message = (to: string, deliveryId = "0.d1"): Message => ({
    deliveryId,
    org: "acme",
    to: { id: "u1", name: "Zoë", address: `${to}@example.com`, locale: "en" },
    event: { id: "e1", type: "task_assigned", priority: "normal" },
    texts: { title: "Grüße 世界", body: "First line\n.\n.. dots, and a line of\nFrom here.", action: "Open the task", locale: "en" },
    link: "/tasks/77",
  });
  async function sendOne(to: string, of = configuration()) {
    const session = email.open(of);
    const outcome = await session.send(message(to));
    await session.close();
    return outcome;
  }

  test("a mail arrives as it was written, over STARTTLS and over TLS from the first byte", async () => {
    expect(await sendOne("ada")).toMatchObject({ kind: "ok", said: expect.stringMatching(/^250 OK id=/) });
    expect(await sendOne("ada", configuration({ port: exim.tlsPort, encryption: "ssl" }))).toMatchObject({ kind: "ok" });
    await until(() => exim.mailsOf("ada").length === 2, "both mails arrive");
    for (const raw of exim.mailsOf("ada")) {
      expect(raw).toMatch(/with esmtpsa\s+\(TLS1\.3\)/);
      expect(raw).toMatch(/^Envelope-to: ada@example\.com$/m);
      expect(readMail(raw).messageId).toBe("<0.d1.acme@notify.example.com>");
      expect(raw).toContain("\n.\n.. dots, and a line of\nFrom here.");
    }
  });

  test("thirty people share a connection, refused ones among them, and it ends with QUIT", async () => {
    const logged = exim.log().length;
    const session = email.open(configuration());
    const kinds: string[] = [];
    for (let n = 0; n < 30; n++) kinds.push((await session.send(message(n % 2 === 0 ? "eve" : "gone", `0.d${n}`))).kind);
    await session.close();
    expect(kinds).toEqual(Array.from({ length: 15 }, () => ["ok", "gone"]).flat());
    await until(() => exim.mailsOf("eve").length === 15, "fifteen mails arrive");
    await until(() => exim.log().slice(logged).includes("closed by QUIT"), "the connection is closed");
    const lines = exim.log().slice(logged).split("\n");
    expect(lines.filter((line) => line.includes("SMTP connection from") && !line.includes("closed by QUIT"))).toHaveLength(1);
    expect(lines.filter((line) => /disconnection|synchronization|too many/i.test(line))).toEqual([]);
  });

  test("each refusal means what the table says", async () => {
    expect(await sendOne("gone")).toMatchObject({ kind: "gone", code: "550 5.1.1", said: "550 5.1.1 Nobody of that name, says Exim" });
    // Exim's own words for a mailbox that it does not know have no enhanced code: it may as well be a policy.
    expect(await sendOne("unknown")).toMatchObject({ kind: "permanent", code: "550", said: "550 Unrouteable address" });
    expect(await sendOne("ada", configuration({}, "wrong"))).toMatchObject({ kind: "fault", said: "535 Incorrect authentication data" });
    expect(await sendOne("ada", configuration({ username: "" }))).toMatchObject({ kind: "permanent", said: "550 relay not permitted" });
    expect(await sendOne("slow")).toMatchObject({ kind: "retry", code: "451 4.7.1", afterMs: 300_000 });
    exim.knowSlow();
    expect(await sendOne("slow")).toMatchObject({ kind: "ok" });
  });

  test("a certificate of an authority that nobody knows is refused before the sign-in", async () => {
    const { unknownAuthority } = await makeCertificates();
    const stranger = await startExim(unknownAuthority);
    expect(await sendOne("ada", configuration({ port: stranger.port }))).toMatchObject({ kind: "retry", code: "certificate" });
    expect(await sendOne("ada", configuration({ port: stranger.tlsPort, encryption: "ssl" }))).toMatchObject({ code: "certificate" });
    expect(stranger.mailsOf("ada")).toEqual([]);
    await stranger.stop();
  });
});

describe.concurrent.each(RUNTIMES)("Carillon and Debian's Exim, on %s", (runtime) => {
  const carillon = new Instance(runtime);
  let exim: Exim;
  beforeAll(async () => {
    const { good } = await trustTestAuthority(carillon);
    [exim] = await Promise.all([startExim(good), carillon.start()]);
  }, 90_000);
  afterAll(async () => {
    await carillon.dispose();
    await exim.stop();
  });

  test("green test, delivery, refusals in the server's words, a wrong password and its remedy", { timeout: 60_000 }, async ({ expect }) => {
    const channel = await EmailChannel.of(carillon);
    await channel.use({ port: exim.port, encryption: "tls" });
    expect(await channel.test()).toBe(true);
    await until(() => exim.mailsOf("admin").length === 1, "the test mail arrives");

    await channel.tell("answers", ["ada", "gone", "slow"]);
    await until(() => exim.mailsOf("ada").length === 1, "the mail arrives");
    expect(exim.mailsOf("ada")[0]).toContain("Call answers");
    const tried = async (person: string) => {
      await until(async () => (await channel.mailOf(person)).attempts.length === 1, `${person} was tried`);
      return channel.mailOf(person);
    };
    expect(await tried("ada")).toMatchObject({ state: "sent", attempts: [{ outcome: "ok", said: expect.stringMatching(/^250 OK id=/) }] });
    expect(await tried("gone")).toMatchObject({
      state: "failed",
      reason: "address-gone",
      attempts: [{ outcome: "gone", code: "550 5.1.1", said: expect.stringContaining("Nobody of that name, says Exim") }],
    });
    expect(await tried("slow")).toMatchObject({
      state: "queued",
      attempts: [{ outcome: "retry", code: "451 4.7.1", said: expect.stringContaining("Greylisted, says Exim") }],
    });

    await channel.use({ port: exim.port, encryption: "tls", password: "wrong" });
    expect(await channel.test()).toBe(false);
    await channel.tell("to-locked", ["locked"]);
    expect(await tried("locked")).toMatchObject({
      state: "parked",
      reason: "channel-fault",
      attempts: [{ outcome: "fault", said: "535 Incorrect authentication data", remedy: expect.stringContaining("password") }],
    });
    expect((await channel.status()).health).toMatchObject({
      state: "fault",
      why: expect.stringContaining("Incorrect authentication data"),
    });
    await channel.use({ port: exim.port, encryption: "tls" });
    expect(await channel.test()).toBe(true);
    await until(async () => (await channel.mailOf("locked")).state === "sent", "what was parked is released");
    await until(() => exim.mailsOf("locked").length > 0, "and arrives");
    expect(exim.mailsOf("locked")).toHaveLength(1);
    expect((await carillon.api("GET", "/v1/ledger")).body).toMatchObject({ unaccounted: 0, parked: 0 });
  });
});
