// The stack that a team would build itself: fastify, BullMQ on Redis, socket.io. One process, the kindest to it. It does of the work what
// one cannot do without: the event, the item and its count, the frame, and a mail in the queue that nobody sends while ingest is measured.
import { readFileSync } from "node:fs";
import { Queue, Worker } from "bullmq";
import fastify from "fastify";
import { Redis } from "ioredis";
import { createTransport } from "nodemailer";
import { Server } from "socket.io";

const [redisPort = "6379", smtp] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(redisPort), maxRetriesPerRequest: null };
const redis = new Redis(connection);
const queue = new Queue("events", {
  connection: new Redis(connection),
  defaultJobOptions: { removeOnComplete: 1_000, removeOnFail: 1_000, attempts: 3 },
});

/** What leaves the house is a job for each person. One queue waits for ever, another's worker does nothing, the third's sends. */
const outbox = (name: string) =>
  new Queue(name, { connection: new Redis(connection), defaultJobOptions: { removeOnComplete: 1_000, attempts: 3 } });
const outboxes = { waits: outbox("email"), sent: outbox("sent-email"), sends: outbox("sends-email") };
new Worker("sent-email", async () => undefined, { connection: new Redis(connection), concurrency: 20 });

if (smtp !== undefined) {
  const { caFile, maxConnections, ...server } = JSON.parse(smtp);
  const transport = createTransport({
    pool: true,
    maxConnections,
    maxMessages: Infinity,
    ...server,
    ...(caFile ? { tls: { ca: readFileSync(caFile) } } : {}),
  });
  const send = async (to: string, words: object) => void (await transport.sendMail({ from: "crm@example.com", to, ...words }));
  new Worker("sends-email", ({ data }) => send(data.to, data.data), { connection: new Redis(connection), concurrency: maxConnections });
}

/** `mail`: what becomes of each person's; it waits unless told otherwise. */
type PostedEvent = { id: string; type: string; recipients: string[]; data: unknown; mail?: "none" | keyof typeof outboxes };
const app = fastify({ logger: false });
app.post<{ Body: PostedEvent }>("/events", async (request, reply) => {
  const { id, type, recipients } = request.body;
  if (typeof type !== "string" || !Array.isArray(recipients)) return reply.code(400).send({ error: "invalid" });
  await queue.add(type, request.body, { jobId: id });
  return reply.code(202).send({ id });
});
app.get("/unfinished", async () => {
  const counts = await Promise.all([queue, outboxes.sent, outboxes.sends].map((one) => one.getJobCounts("waiting", "active")));
  return { unfinished: counts.reduce((sum, { waiting = 0, active = 0 }) => sum + waiting + active, 0) };
});
await app.ready();
const sockets = new Server(app.server, { perMessageDeflate: false });
sockets.on("connection", (socket) => void socket.join(`user:${String(socket.handshake.query["user"])}`));

new Worker<PostedEvent>(
  "events",
  async ({ data: { recipients, mail = "waits", ...event } }) => {
    const pipeline = redis.pipeline();
    const item = JSON.stringify({ ...event, at: Date.now() });
    for (const user of recipients) {
      pipeline.zadd(`inbox:${user}`, Date.now(), item);
      pipeline.incr(`unread:${user}`);
      sockets.to(`user:${user}`).emit("item", item);
    }
    await pipeline.exec();
    if (mail === "none") return;
    const { type: subject, data } = event;
    await outboxes[mail].addBulk(recipients.map((user) => ({ name: "mail", data: { to: `${user}@example.com`, subject, data } })));
  },
  { connection: new Redis(connection), concurrency: 20 },
);
process.on("SIGUSR2", () => (globalThis as { gc?: () => void }).gc?.()); // See `tidy` in process.ts.
await app.listen({ port: 0, host: "127.0.0.1" });
const address = app.server.address();
console.log(`ready ${typeof address === "object" && address ? address.port : ""}`);
