// The stack that a team would build itself: fastify, BullMQ on Redis, socket.io. One process, the kindest to it.
import { Queue, Worker } from "bullmq";
import fastify from "fastify";
import { Redis } from "ioredis";
import { Server } from "socket.io";

const [redisPort = "6379"] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(redisPort), maxRetriesPerRequest: null };
const redis = new Redis(connection);
const queue = new Queue("events", {
  connection: new Redis(connection),
  defaultJobOptions: { removeOnComplete: 1_000, removeOnFail: 1_000, attempts: 3 },
});

/** What leaves the house is a job for each person; this one does nothing. */
const outbox = new Queue("outbox", {
  connection: new Redis(connection),
  defaultJobOptions: { removeOnComplete: 1_000, removeOnFail: 1_000, attempts: 3 },
});
new Worker("outbox", async () => undefined, { connection: new Redis(connection), concurrency: 20 });

type PostedEvent = { id: string; type: string; recipients: string[]; data: unknown; hasChannel?: boolean };
const app = fastify({ logger: false });
app.post<{ Body: PostedEvent }>("/events", async (request, reply) => {
  const { id, type, recipients } = request.body;
  if (typeof type !== "string" || !Array.isArray(recipients)) return reply.code(400).send({ error: "invalid" });
  await queue.add(type, request.body, { jobId: id });
  return reply.code(202).send({ id });
});
app.get("/unfinished", async () => {
  const counts = await Promise.all([queue, outbox].map((one) => one.getJobCounts("waiting", "active")));
  return { unfinished: counts.reduce((sum, { waiting = 0, active = 0 }) => sum + waiting + active, 0) };
});
await app.ready();
const sockets = new Server(app.server, { perMessageDeflate: false });
sockets.on("connection", (socket) => void socket.join(`user:${String(socket.handshake.query["user"])}`));

new Worker<PostedEvent>(
  "events",
  async ({ data: { recipients, ...event } }) => {
    const pipeline = redis.pipeline();
    const item = JSON.stringify({ ...event, at: Date.now() });
    for (const user of recipients) {
      pipeline.zadd(`inbox:${user}`, Date.now(), item);
      pipeline.incr(`unread:${user}`);
      sockets.to(`user:${user}`).emit("item", item);
    }
    await pipeline.exec();
    if (event.hasChannel) await outbox.addBulk(recipients.map((user) => ({ name: event.type, data: { user, event: event.id } })));
  },
  { connection: new Redis(connection), concurrency: 20 },
);
process.on("SIGUSR2", () => (globalThis as { gc?: () => void }).gc?.()); // See `tidy` in process.ts.
await app.listen({ port: 0, host: "127.0.0.1" });
const address = app.server.address();
console.log(`ready ${typeof address === "object" && address ? address.port : ""}`);
