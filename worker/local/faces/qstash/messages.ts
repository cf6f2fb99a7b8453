import { z } from "zod";
import type { Message, QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock } from "../../../ports.ts";
import { queueLane } from "./admission.ts";
import type { Events } from "./events.ts";
import { readFilter } from "./filter.ts";
import { type Publication, readPublication, readQueueName } from "./publication.ts";
import { Refused } from "./refused.ts";
import { outgoingOf, type Published, type Publisher } from "./publisher.ts";
import { type Call, orMissing, type Route } from "./route.ts";
import { isTick } from "./schedules.ts";
import { viewMessage } from "./views.ts";

const batchSchema = z
  .array(
    z.object({
      destination: z.string(),
      headers: z.record(z.string(), z.string()).default({}),
      body: z.string().default(""),
      queue: z.string().optional(),
    }),
  )
  .min(1);
type BatchItem = z.infer<typeof batchSchema>[number];

type Dependencies = { engine: QueueEngine; events: Events; publisher: Publisher; clock: Clock };

/** Publish, enqueue, batch, look at, cancel. https://upstash.com/docs/qstash/api-reference/messages/publish-a-message */
export function messageRoutes({ engine, events, publisher, clock }: Dependencies): Route[] {
  return [
    ["POST", /^\/v2\/publish\/(.+)$/s, ({ request, rest }) => publish(request, rest, request.headers)],
    ["POST", /^\/v2\/enqueue\/(.+)$/s, ({ request, rest }) => enqueue(request, rest)],
    ["POST", /^\/v2\/batch\/?$/, batch],
    ["GET", /^\/v2\/messages\/([^/]+)$/, ({ rest }) => viewMessage(rest, find(rest))],
    ["DELETE", /^\/v2\/messages\/([^/]+)$/, ({ rest }) => cancel([find(rest)])],
    ["DELETE", /^\/v2\/messages\/?$/, cancelMany],
  ];

  async function publish(request: Request, destination: string, headers: Headers): Promise<Response> {
    if (headers.has("upstash-cron")) throw new Refused(400, "a schedule is made at /v2/schedules");
    const body = new Uint8Array(await request.arrayBuffer());
    const [published = []] = await publisher.publish([readPublication(destination, headers, body, clock.now())]);
    return Response.json(published, { status: [published].flat().every(({ deduplicated }) => deduplicated) ? 202 : 200 });
  }

  /** `queue/destination` */
  function enqueue(request: Request, rest: string): Promise<Response> {
    const [queue = "", ...destination] = rest.split("/");
    const headers = new Headers(request.headers);
    headers.set("upstash-queue-name", decodeURIComponent(queue));
    if (destination.length === 0) throw new Refused(400, "missing destination");
    return publish(request, destination.join("/"), headers);
  }

  /** One answer per item, in order; an item that can't be taken does not keep the others from being stored. */
  async function batch({ request }: Call): Promise<(Published | Published[] | { error: string })[]> {
    const items = batchSchema.safeParse(await readJson(request));
    if (!items.success) throw new Refused(400, "the batch is not an array of messages");
    const read = items.data.map(readItem);
    const published = await publisher.publish(read.flatMap((item) => (item instanceof Refused ? [] : [item])));
    return read.map((item) => (item instanceof Refused ? { error: item.message } : (published.shift() ?? { error: "not stored" })));
  }

  function readItem({ destination, headers: given, body, queue }: BatchItem): Publication | Refused {
    try {
      const headers = new Headers(given);
      if (queue !== undefined) headers.set("upstash-queue-name", readQueueName(queue));
      const publication = readPublication(destination, headers, new TextEncoder().encode(body), clock.now());
      publisher.check(publication);
      return publication;
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  }

  function find(id: string): Message {
    return orMissing(isTick(id) ? null : engine.get(id), "message", id);
  }

  function cancelMany({ query }: Call): Promise<{ cancelled: number }> {
    const isMeant = readFilter(query, "messageIds");
    const candidates = engine.list().filter(({ id }) => !isTick(id));
    return cancel(candidates.filter((message) => isMeant({ ...message, outgoing: outgoingOf(message) })));
  }

  async function cancel(messages: Message[]): Promise<{ cancelled: number }> {
    for (const message of messages) events.record(message.id, outgoingOf(message), "CANCELED");
    const cancelled = await engine.cancel(messages.map(({ id }) => id));
    const queues = messages.flatMap((message) => outgoingOf(message).queue ?? []);
    for (const queue of new Set(queues)) engine.reconsider(queueLane(queue));
    return { cancelled: cancelled.length };
  }
}

async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    throw new Refused(400, "the body is not JSON");
  }
}
