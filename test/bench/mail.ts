import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Instance, until } from "../harness/instance.ts";
import { median, type Measured } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import { onlyWith, spawnDeno, spawnNode, spawnPeer, startRedis } from "./servers.ts";

const MAILS = 1_000;
/** As many as Carillon opens for a thousand mails: a job serves a hundred people. */
const CONNECTIONS = 10;

const NAMES = ["few", "many", "plain", "kept", "peerFew", "peerMany"] as const;
type Name = (typeof NAMES)[number];
/** What nodemailer takes, for ten connections. */
type MailServer = { host: string; port: number; secure: boolean; auth: { user: string; pass: string }; caFile?: string };

/**
 * B7: mails per second from the post to the last "sent" in the ledger, over TLS into the sandbox's mail server and without into a
 * plain one; against nodemailer with the same mails on the same runtime, on connections that are open already, and the DIY stack.
 */
export async function mail(effort: Effort): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-mail-"));
  const carillon = await new Instance("deno").start();
  const redis = await startRedis(folder);
  const plain = await spawnNode("plain-mail-server.ts");
  try {
    const { host, tlsPort, username, password, caFile } = carillon.credentials.smtp;
    const auth = { user: username, pass: password };
    const secured = { host, port: tlsPort, secure: true, auth, caFile };
    const unsecured = { host: "127.0.0.1", port: Number(new URL(plain.url).port), secure: false, auth };
    const houses = { carillon, redis, folder };
    await setMail(carillon, secured);
    await ours(carillon, [people(MAILS)]);
    const words = await lastMail(carillon);
    return [...(await compare(houses, secured, words, effort)), ...(await compare(houses, unsecured, words, effort))];
  } finally {
    plain.stop();
    redis.stop();
    await carillon.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Houses = { carillon: Instance; redis: { port: number; pid: number }; folder: string };

async function compare({ carillon, redis, folder }: Houses, server: MailServer, words: object, effort: Effort): Promise<Row[]> {
  const smtp = { ...server, maxConnections: CONNECTIONS };
  await setMail(carillon, server);
  const floor = await spawnDeno("deno-mailer.ts", JSON.stringify({ smtp, file: join(folder, `mail-${server.port}.db`) }));
  const peer = await spawnPeer(redis, smtp);
  try {
    const [one, each] = [() => [people(MAILS)], () => people(MAILS).map((person) => [person])];
    const senders: Record<Name, () => Promise<number>> = {
      few: () => ours(carillon, one()),
      many: () => ours(carillon, each()),
      plain: () => nodemailer(floor, { ...words, isKept: false }),
      kept: () => nodemailer(floor, { ...words, isKept: true }),
      peerFew: () => diy(peer, words, one()),
      peerMany: () => diy(peer, words, each()),
    };
    for (const name of NAMES) await senders[name]();
    const all: Record<Name, number>[] = [];
    const control: number[] = [];
    for (let round = 0; round < (effort.isShort ? 2 : 6); round++) {
      const there = await measureAll(senders, NAMES);
      const back = await measureAll(senders, NAMES.toReversed());
      control.push(there.plain / back.plain);
      all.push(Object.fromEntries(NAMES.map((name) => [name, (there[name] + back[name]) / 2])) as Record<Name, number>);
    }
    checkControl(median(control), effort);
    const rate = (name: Name) => median(all.map((round) => round[name])).toFixed(0);
    const ratio = (above: Name, below: Name) => median(all.map((round) => round[above] / round[below]));
    return [
      told(`B7 nodemailer on Deno, ${CONNECTIONS} open connections, ${server.secure ? "TLS" : "no TLS"}`, `${rate("plain")} mails/s`),
      told("   the same with two durable updates of a row a mail", `${rate("kept")} mails/s, ${ratio("kept", "plain").toFixed(2)} ×`),
      told("   the DIY stack, one event × 1,000 people | 1,000 events × 1", `${rate("peerFew")} | ${rate("peerMany")} mails/s`),
      told("   ours", `${rate("few")} | ${rate("many")} mails/s`),
      judged("   one event × 1,000 people against nodemailer", ratio("few", "plain"), "≥", 0.9),
      judged("   1,000 events × 1 person against nodemailer", ratio("many", "plain"), "≥", 0.9),
      judged("   one event × 1,000 people against the DIY stack", ratio("few", "peerFew"), "≥", 1),
      judged("   1,000 events × 1 person against the DIY stack", ratio("many", "peerMany"), "≥", 1),
    ];
  } finally {
    floor.stop();
    peer.stop();
  }
}

async function setMail(carillon: Instance, { host, port, secure, auth }: MailServer): Promise<void> {
  const admin = await onlyWith(carillon, "email");
  const save = async () => {
    const { body } = await admin("GET", "/channels/email");
    const settings = { ...body.settings, host, port, encryption: secure ? "ssl" : "none", username: auth.user };
    return (await admin("PUT", "/channels/email", { version: body.version, settings, secrets: { password: auth.pass } })).status === 200;
  };
  await until(save, "mail is set up");
}

async function measureAll(senders: Record<Name, () => Promise<number>>, order: readonly Name[]): Promise<Record<Name, number>> {
  const rates: Partial<Record<Name, number>> = {};
  for (const name of order) rates[name] = await senders[name]();
  return rates as Record<Name, number>;
}

type Person = { id: string; email: string };
let serial = 0;
const people = (count: number): Person[] =>
  Array.from({ length: count }, () => ({ id: `mail-${serial}`, email: `mail-${serial++}@example.com` }));

/** Posts an event for each group and waits until the ledger says that all were sent. */
async function ours(carillon: Instance, groups: Person[][]): Promise<number> {
  const sent = async (): Promise<number> => (await carillon.api("GET", "/v1/ledger")).body.sent;
  const before = await sent();
  const events = groups.map((recipients) => ({ type: "task_assigned", recipients, data: { task: { title: "Call" }, actorName: "Kim" } }));
  const started = performance.now();
  for (let from = 0; from < events.length; from += 100) {
    const { status } = await carillon.api("POST", "/v1/events", { events: events.slice(from, from + 100) });
    if (status !== 202) throw new Error(`A batch was answered with ${status}`);
  }
  await until(async () => (await sent()) - before >= MAILS, "all mails are sent", 60_000);
  return (MAILS * 1_000) / (performance.now() - started);
}

/** The words of a mail as it arrived last, so that both send the same. */
async function lastMail(carillon: Instance): Promise<{ subject: string; text: string; html: string }> {
  const [mail] = await carillon.messages("&limit=1");
  if (!mail?.subject || !mail.html) throw new Error("No mail has arrived");
  return { subject: mail.subject, text: mail.text, html: mail.html };
}

/** A thousand of them by nodemailer alone, whose connections are open. */
async function nodemailer(floor: Measured, mail: object): Promise<number> {
  const send = async (to: string[]) =>
    (await (await fetch(floor.url, { method: "POST", body: JSON.stringify({ ...mail, to }) })).json()) as number;
  const addresses = (count: number) => people(count).map(({ email }) => email);
  await send(addresses(CONNECTIONS));
  return (MAILS * 1_000) / (await send(addresses(MAILS)));
}

/** The same posts to the stack that one would build oneself, until its workers have sent all. */
async function diy(peer: Measured, words: object, groups: Person[][]): Promise<number> {
  const started = performance.now();
  const post = async (recipients: Person[]) => {
    const body = JSON.stringify({
      id: `diy-${serial++}`,
      type: "task_assigned",
      recipients: recipients.map(({ id }) => id),
      data: words,
      mail: "sends",
    });
    const { status } = await fetch(`${peer.url}/events`, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (status !== 202) throw new Error(`The DIY stack answered ${status}`);
  };
  for (let from = 0; from < groups.length; from += 100) await Promise.all(groups.slice(from, from + 100).map(post));
  await until(async () => (await peer.isIdle?.()) === true, "all mails are sent", 60_000);
  return (MAILS * 1_000) / (performance.now() - started);
}
