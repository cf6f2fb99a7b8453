// The stack that a team would build itself: fastify, BullMQ on Redis, socket.io. One process, the kindest to it. It does of the work what
// one cannot do without: the event, the item and its count, the frame, and a mail in the queue that nobody sends while ingest is measured.
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

const mails = new Queue("email", { connection: new Redis(connection), defaultJobOptions: { removeOnComplete: 1_000, attempts: 3 } });

type PostedEvent = { id: string; type: string; recipients: string[]; data: unknown };
const app = fastify({ logger: false });
app.post<{ Body: PostedEvent }>("/events", async (request, reply) => {
  const { id, type, recipients } = request.body;
  if (typeof type !== "string" || !Array.isArray(recipients)) return reply.code(400).send({ error: "invalid" });
  await queue.add(type, request.body, { jobId: id });
  return reply.code(202).send({ id });
});
app.get("/unfinished", async () => {
  const { waiting = 0, active = 0 } = await queue.getJobCounts("waiting", "active");
  return { unfinished: waiting + active };
});
await app.ready();
const sockets = new Server(app.server, { perMessageDeflate: false });
sockets.on("connection", (socket) => void socket.join(`user:${String(socket.handshake.query["user"])}`));

new Worker<PostedEvent>(
  "events",
  async ({ data: event }) => {
    const pipeline = redis.pipeline();
    const item = JSON.stringify({ ...event, at: Date.now() });
    for (const user of event.recipients) {
      pipeline.zadd(`inbox:${user}`, Date.now(), item);
      pipeline.incr(`unread:${user}`);
      sockets.to(`user:${user}`).emit("item", item);
    }
    await pipeline.exec();
    const subject = event.type;
    await mails.addBulk(event.recipients.map((user) => ({ name: "mail", data: { to: `${user}@example.com`, subject, data: event.data } })));
  },
  { connection: new Redis(connection), concurrency: 20 },
);
await app.listen({ port: 0, host: "127.0.0.1" });
const address = app.server.address();
console.log(`ready ${typeof address === "object" && address ? address.port : ""}`);
