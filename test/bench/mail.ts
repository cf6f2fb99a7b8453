import { readFileSync } from "node:fs";
import { createTransport } from "nodemailer";
import { Instance, until } from "../harness/instance.ts";
import { median } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import { onlyWith } from "./servers.ts";

const MAILS = 1_000;
/** As many as Carillon opens for a thousand mails: a job serves a hundred people. */
const CONNECTIONS = 10;
const GOAL = 0.9;

const NAMES = ["few", "many", "plain"] as const;
type Name = (typeof NAMES)[number];

/**
 * B7: mails per second over TLS into the sandbox's mail server, from the post to the last "sent" in the ledger; against nodemailer on
 * connections that are open already. An event names 500 people at the most, so a thousand take two.
 */
export async function mail(effort: Effort): Promise<Row[]> {
  const { isShort } = effort;
  const rounds = isShort ? 2 : 6;
  const carillon = await new Instance("deno").start();
  try {
    const admin = await onlyWith(carillon, "email");
    const { smtp } = carillon.credentials;
    const { body } = await admin("GET", "/channels/email");
    const settings = { ...body.settings, host: smtp.host, port: smtp.tlsPort, encryption: "ssl", username: smtp.username };
    const secrets = { password: smtp.password };
    await until(
      async () => (await admin("PUT", "/channels/email", { version: body.version, settings, secrets })).status === 200,
      "mail is set up",
    );

    const senders: Record<Name, () => Promise<number>> = {
      few: () => ours(carillon, [people(500), people(500)]),
      many: () =>
        ours(
          carillon,
          people(MAILS).map((person) => [person]),
        ),
      plain: () => nodemailer(carillon),
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
      told(`B7 nodemailer, ${CONNECTIONS} open connections, TLS`, `${rate("plain")} mails/s`),
      told("B7 ours, 2 events × 500 people | 1,000 events × 1", `${rate("few")} | ${rate("many")} mails/s`),
      judged("B7 2 events × 500 people against nodemailer", ratio("few"), "≥", GOAL),
      judged("B7 1,000 events × 1 person against nodemailer", ratio("many"), "≥", GOAL),
    ];
  } finally {
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

async function nodemailer({ credentials: { smtp } }: Instance): Promise<number> {
  const transport = createTransport({
    pool: true,
    maxConnections: CONNECTIONS,
    maxMessages: Infinity,
    host: smtp.host,
    port: smtp.tlsPort,
    secure: true,
    auth: { user: smtp.username, pass: smtp.password },
    tls: { ca: readFileSync(smtp.caFile) },
  });
  const send = ({ email }: Person) =>
    transport.sendMail({
      from: "crm@example.com",
      to: { name: "", address: email },
      subject: "Kim assigned you a task: Call",
      text: "Kim assigned you “Call”.\n\nOpen task",
      html: "<p>Kim assigned you “Call”.</p><p>Open task</p>",
    });
  await Promise.all(people(CONNECTIONS).map(send)); // Opens the connections.
  const started = performance.now();
  await Promise.all(people(MAILS).map(send));
  const rate = (MAILS * 1_000) / (performance.now() - started);
  transport.close();
  return rate;
}
