import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Instance, until } from "../harness/instance.ts";
import { median, type Measured } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import { onlyWith, spawnDeno } from "./servers.ts";

const MAILS = 1_000;
/** As many as Carillon opens for a thousand mails: a job serves a hundred people. */
const CONNECTIONS = 10;
const GOAL = 0.9;

const NAMES = ["few", "many", "plain", "kept"] as const;
type Name = (typeof NAMES)[number];

/**
 * B7: mails per second over TLS into the sandbox's mail server, from the post to the last "sent" in the ledger; against nodemailer
 * with the same mails on the same runtime, on connections that are open already.
 */
export async function mail(effort: Effort): Promise<Row[]> {
  const { isShort } = effort;
  const rounds = isShort ? 2 : 6;
  const carillon = await new Instance("deno").start();
  const { smtp } = carillon.credentials;
  const folder = mkdtempSync(join(tmpdir(), "carillon-mail-"));
  const floor = await spawnDeno("deno-mailer.ts", JSON.stringify({ smtp, connections: CONNECTIONS, file: join(folder, "mail.db") }));
  try {
    const admin = await onlyWith(carillon, "email");
    const { body } = await admin("GET", "/channels/email");
    const settings = { ...body.settings, host: smtp.host, port: smtp.tlsPort, encryption: "ssl", username: smtp.username };
    const secrets = { password: smtp.password };
    await until(
      async () => (await admin("PUT", "/channels/email", { version: body.version, settings, secrets })).status === 200,
      "mail is set up",
    );

    await ours(carillon, [people(MAILS)]);
    const mail = await lastMail(carillon);
    const senders: Record<Name, () => Promise<number>> = {
      few: () => ours(carillon, [people(MAILS)]),
      many: () =>
        ours(
          carillon,
          people(MAILS).map((person) => [person]),
        ),
      plain: () => nodemailer(floor, { ...mail, isKept: false }),
      kept: () => nodemailer(floor, { ...mail, isKept: true }),
    };
    for (const name of NAMES) await senders[name]();
    const all: Record<Name, number>[] = [];
    const control: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const there = await measureAll(senders, NAMES);
      const back = await measureAll(senders, NAMES.toReversed());
      control.push(there.plain / back.plain);
      all.push(Object.fromEntries(NAMES.map((name) => [name, (there[name] + back[name]) / 2])) as Record<Name, number>);
    }
    checkControl(median(control), effort);
    const rate = (name: Name) => median(all.map((one) => one[name])).toFixed(0);
    const ratio = (name: Name) => median(all.map((one) => one[name] / one.plain));
    return [
      told(`B7 nodemailer on Deno, ${CONNECTIONS} open connections, TLS`, `${rate("plain")} mails/s`),
      told("   the same with two durable updates of a row a mail", `${rate("kept")} mails/s, ${ratio("kept").toFixed(2)} ×`),
      told("B7 ours, one event × 1,000 people | 1,000 events × 1", `${rate("few")} | ${rate("many")} mails/s`),
      judged("B7 one event × 1,000 people against nodemailer", ratio("few"), "≥", GOAL),
      judged("B7 1,000 events × 1 person against nodemailer", ratio("many"), "≥", GOAL),
    ];
  } finally {
    floor.stop();
    rmSync(folder, { recursive: true, force: true });
    await carillon.dispose();
  }
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
