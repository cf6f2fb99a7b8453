// What mail costs at the least: nodemailer on Deno, on connections that are open already, with the very mail that Carillon sends. And the
// same with the least that a ledger can be: before a mail a row says that it is on its way, after it that it was sent, both durable.
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";
import { createTransport } from "nodemailer";

type Order = { to: string[]; subject: string; text: string; html: string; isKept: boolean };

const { smtp, file } = JSON.parse(Deno.args[0] ?? "{}");
const { caFile, maxConnections, ...server } = smtp;
const transport = createTransport({
  pool: true,
  maxConnections,
  maxMessages: Infinity,
  ...server,
  ...(caFile ? { tls: { ca: readFileSync(caFile) } } : {}),
});
const database = new DatabaseSync(file);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE mail (id INTEGER PRIMARY KEY, state TEXT)");
const [begin, commit] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")];
const insert = database.prepare("INSERT INTO mail (state) VALUES ('waiting') RETURNING id");
const settle = database.prepare("UPDATE mail SET state = 'sent' WHERE id = ?");
const claim = database.prepare("UPDATE mail SET state = 'sending' WHERE id = ?");

/** What comes in one turn of the event loop shares a commit. */
let waiting: { sent: number | null; next: number | null; done: () => void }[] = [];
function keep(sent: number | null, next: number | null): Promise<void> {
  return new Promise((done) => {
    if (waiting.push({ sent, next, done }) === 1) setImmediate(flush);
  });
}

function flush(): void {
  const turn = waiting;
  waiting = [];
  begin.run();
  for (const { sent, next } of turn) {
    if (sent !== null) settle.run(sent);
    if (next !== null) claim.run(next);
  }
  commit.run();
  for (const { done } of turn) done();
}

/** As a job does it: one mail after the other, each settled in the transaction that claims the next. */
async function lane(queue: { id: number; address: string }[], send: (address: string) => Promise<unknown>): Promise<void> {
  let sent: number | null = null;
  for (let mail; (mail = queue.pop()); sent = mail.id) {
    await keep(sent, mail.id);
    await send(mail.address);
  }
  await keep(sent, null);
}

/** Answers how long all of them took, ms. */
async function sendAll({ to, isKept, ...mail }: Order): Promise<number> {
  const send = (address: string) => transport.sendMail({ from: "crm@example.com", to: { name: "", address }, ...mail });
  begin.run();
  const queue = to.map((address) => ({ id: (insert.get() as { id: number }).id, address }));
  commit.run();
  const started = performance.now();
  if (isKept) await Promise.all(Array.from({ length: maxConnections }, () => lane(queue, send)));
  else await Promise.all(to.map(send));
  return performance.now() - started;
}

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`ready ${port}`) }, async (request) =>
  Response.json(await sendAll((await request.json()) as Order)),
);
