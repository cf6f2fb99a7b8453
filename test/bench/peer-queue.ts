// BullMQ alone; its worker does nothing.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { drained } from "./drained.ts";

const [redisPort = "6379"] = process.argv.slice(2);
const connect = () => new Redis({ host: "127.0.0.1", port: Number(redisPort), maxRetriesPerRequest: null });
const queue = new Queue("jobs", { connection: connect(), defaultJobOptions: { removeOnComplete: true, removeOnFail: 1_000, attempts: 3 } });
const drain = drained();
new Worker("jobs", async () => undefined, { connection: connect(), concurrency: 20 }).on("completed", () => drain.one());
let serial = 0;
const publish = () => queue.add("job", { org: "acme", shard: 0, channel: "email", at: Date.now() }, { jobId: `job-${serial++}` });

const server = createServer(async (request, answer) => {
  const perSecond = await drain.run(Number(request.url?.slice(1)), publish);
  const { waiting = 0, active = 0 } = await queue.getJobCounts("waiting", "active");
  answer.end(JSON.stringify({ perSecond, left: waiting + active }));
});
server.listen(0, "127.0.0.1", () => console.log(`ready ${(server.address() as AddressInfo).port}`));
