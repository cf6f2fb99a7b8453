import type { SMTPServerOptions } from "smtp-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smtpError, startMailServer, startPlainServer, type TestCertificates, type TestServer } from "../channels/mail-server.ts";
import { Instance, SHAPES, sleep, until, withShards } from "../harness/instance.ts";
import { nameIn } from "../harness/shards.ts";
import { readMail } from "./account.ts";
import { EmailChannel, trustTestAuthority, type Trial } from "./email-channel.ts";

/** The first back-off is 5 to 10 s. */
const AGAIN_MS = 20_000;
/** "discard": nobody listens there. */
const DEAD_PORT = 9;

/** A server whose recipients are named after what it does with them. */
const BY_NAME: SMTPServerOptions = {
  hideSTARTTLS: true,
  allowInsecureAuth: true,
  onAuth: ({ password }, _session, callback) =>
    password === "pass" ? callback(null, { user: "user" }) : callback(smtpError(535, "5.7.8 This is not the password, says the test")),
  onRcptTo({ address }, _session, callback) {
    if (address.startsWith("busy")) callback(smtpError(451, "4.3.2 Too busy, says the test"));
    else if (address.startsWith("refused")) callback(smtpError(554, "5.7.1 Not this one, says the test"));
    else if (address.startsWith("gone")) callback(smtpError(550, "5.1.1 Nobody of that name, says the test"));
    else callback();
  },
};

describe.concurrent.each(SHAPES)("what a mail server does is in the log, on $runtime with $shards shards", ({ runtime, shards }) => {
  const carillon = new Instance(runtime, withShards(shards));
  // One queue a shard: of two in the same one only the first is tried before the channel trips.
  const [locked1, locked2, locked3] = ["locked-1", "locked-2", "locked-3"].map((name) => nameIn(0, shards, name)) as [
    string,
    string,
    string,
  ];
  const elsewhere = nameIn(shards - 1, shards, "locked-elsewhere");
  const servers: { stop(): Promise<void> }[] = [];
  let certificates: TestCertificates;
  let good: TestServer;
  let email: EmailChannel;

  beforeAll(async () => {
    certificates = await trustTestAuthority(carillon);
    await carillon.start();
    email = await EmailChannel.of(carillon);
    good = await startMailServer({ ...BY_NAME, onData: takeOrCut(() => good) });
    servers.push(good);
    await email.use({ port: good.port });
  }, 90_000);
  afterAll(async () => {
    await carillon.dispose();
    await Promise.all(servers.map((server) => server.stop()));
  });

  /** The mail to a person, once it has been tried so often. */
  async function tried(person: string, times: number, patienceMs = AGAIN_MS) {
    await until(async () => (await email.mailOf(person)).attempts.length >= times, `${person} was tried ${times} times`, patienceMs);
    return email.mailOf(person);
  }

  /** Points the channel elsewhere for one event, then back, and answers what the log says of the only try there. */
  async function triedAt(person: string, trial: Trial, patienceMs = AGAIN_MS) {
    await email.use(trial);
    await email.tell(`to-${person}`, [person]);
    const mail = await tried(person, 1, patienceMs);
    await email.use({ port: good.port });
    return mail;
  }

  test("each answer and each trouble leads where the table says, with the server's own words", { timeout: 180_000 }, async () => {
    // Answers of the server.
    await email.tell("answers", ["busy", "refused", "gone", "cut", "fine"]);
    expect(await tried("busy", 1)).toMatchObject({
      state: "queued",
      attempts: [{ outcome: "retry", code: "451 4.3.2", said: expect.stringContaining("Too busy, says the test"), ambiguous: false }],
    });
    expect(await tried("refused", 1)).toMatchObject({
      state: "failed",
      attempts: [{ outcome: "permanent", code: "554 5.7.1", said: expect.stringContaining("Not this one, says the test") }],
    });
    expect(await tried("gone", 1)).toMatchObject({
      state: "failed",
      reason: "address-gone",
      attempts: [{ outcome: "gone", code: "550 5.1.1", said: expect.stringContaining("Nobody of that name, says the test") }],
    });
    await email.tell("after-gone", ["gone"]);
    expect(await email.mailOf("gone")).toMatchObject({ event: "after-gone", state: "skipped", reason: "address-gone", attempts: [] });
    expect(await tried("fine", 1)).toMatchObject({ state: "sent", attempts: [{ outcome: "ok", code: expect.stringContaining("250") }] });

    // Cut after DATA: nobody knows, so it goes again under the same Message-ID, and says so.
    expect(await tried("cut", 2)).toMatchObject({
      state: "sent",
      attempts: [
        { outcome: "ambiguous", ambiguous: true },
        { outcome: "ok", ambiguous: false },
      ],
    });
    const copies = good.received.filter(({ to }) => to[0] === "cut@example.com").map(({ raw }) => readMail(raw).messageId);
    expect(copies).toHaveLength(2);
    expect(new Set(copies).size).toBe(1);

    // Troubles without an answer: tried again, and what was meant to be encrypted never goes plain.
    const silent = await startPlainServer(null);
    const otherName = await startMailServer({ ...BY_NAME, ...certificates.otherName, hideSTARTTLS: false });
    servers.push(silent, otherName);
    expect(await triedAt("to-silent", { port: silent.port })).toMatchObject({
      state: "queued",
      attempts: [{ outcome: "retry", code: "silent", remedy: expect.any(String), ambiguous: false }],
    });
    expect(await triedAt("to-nobody", { port: DEAD_PORT })).toMatchObject({
      state: "queued",
      attempts: [{ outcome: "retry", code: "refused", remedy: expect.any(String) }],
    });
    // workerd does not say what is wrong with a certificate.
    expect(await triedAt("to-other-name", { port: otherName.port, encryption: "tls" })).toMatchObject({
      state: "queued",
      attempts: [{ outcome: "retry", code: runtime === "deno" ? "certificate" : "tls" }],
    });
    expect(otherName.received).toEqual([]);
    for (const person of ["busy", "to-silent", "to-nobody", "to-other-name"]) await tried(person, 2);
    for (const person of ["to-silent", "to-nobody", "to-other-name"]) expect(await email.mailOf(person)).toMatchObject({ state: "sent" });
    expect(await email.status()).toMatchObject({ parked: 0, health: { state: "untested" } });

    // A wrong password is the channel's fault and nobody else's: all is parked, and released by a green test.
    await email.use({ port: good.port, password: "wrong" });
    await email.tell("to-locked", [locked1, locked2]);
    await until(async () => (await email.status()).health.state === "fault", "the channel trips");
    expect(await email.status()).toMatchObject({
      health: { why: expect.stringContaining("5.7.8 This is not the password, says the test") },
    });
    expect(await email.mailOf(locked1)).toMatchObject({
      state: "parked",
      reason: "channel-fault",
      attempts: [{ outcome: "fault", code: "535 5.7.8", remedy: expect.any(String) }],
    });
    expect(await email.mailOf(locked2)).toMatchObject({ state: "parked", reason: "channel-fault", attempts: [] });
    await email.tell("while-locked", [locked3, elsewhere]);
    expect(await email.mailOf(locked3)).toMatchObject({ state: "parked", reason: "channel-fault", attempts: [] });
    await until(async () => (await email.mailOf(elsewhere)).reason === "channel-fault", "the channel stands still in every shard");
    await email.use({ port: good.port });
    expect((await email.status()).health.state).toBe("fault");
    expect(await email.test()).toBe(true);
    for (const person of [locked1, locked2, locked3, elsewhere]) {
      await until(async () => (await email.mailOf(person)).state === "sent", `${person} is released`);
      expect(good.received.filter(({ to }) => to[0] === `${person}@example.com`)).toHaveLength(1);
    }
    expect((await email.mailOf(locked1)).attempts.map(({ outcome }) => outcome)).toEqual(["fault", "ok"]);
    expect(await email.status()).toMatchObject({ parked: 0, health: { state: "ok" } });
    await sleep(200);
    expect((await carillon.api("GET", "/v1/ledger")).body).toMatchObject({ unaccounted: 0, parked: 0 });
  });
});

/** Takes every mail; the first to `cut` is taken too, but the line breaks before that is said. */
function takeOrCut(serverOf: () => TestServer): NonNullable<SMTPServerOptions["onData"]> {
  let isCut = false;
  return (stream, session, callback) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const server = serverOf();
      const to = session.envelope.rcptTo.map(({ address }) => address);
      server.received.push({ from: "", to, raw: Buffer.concat(chunks).toString("utf8"), session: session.id });
      const cuts = !isCut && to[0]!.startsWith("cut");
      if (!cuts) return callback(null, "2.0.0 Ok, stored");
      isCut = true;
      for (const connection of server.server.connections) if (connection.session.id === session.id) connection._socket.destroy();
    });
  };
}
