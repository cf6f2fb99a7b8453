// What mail costs at the least: nodemailer on Deno, on connections that are open already, with the very mail that Carillon sends.
import { readFileSync } from "node:fs";
import { createTransport } from "nodemailer";

type Order = { to: string[]; subject: string; text: string; html: string };

const { smtp, connections } = JSON.parse(Deno.args[0] ?? "{}");
const transport = createTransport({
  pool: true,
  maxConnections: connections,
  maxMessages: Infinity,
  host: smtp.host,
  port: smtp.tlsPort,
  secure: true,
  auth: { user: smtp.username, pass: smtp.password },
  tls: { ca: readFileSync(smtp.caFile) },
});

/** Answers how long all of them took, ms. */
async function send({ to, ...mail }: Order): Promise<number> {
  const started = performance.now();
  await Promise.all(to.map((address) => transport.sendMail({ from: "crm@example.com", to: { name: "", address }, ...mail })));
  return performance.now() - started;
}

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`ready ${port}`) }, async (request) =>
  Response.json(await send((await request.json()) as Order)),
);
