import { z } from "zod";
import type { Message, QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock } from "../../../ports.ts";
import type { Events } from "./events.ts";
import { readFilter } from "./filter.ts";
import { newId } from "./new-id.ts";
import { type Outgoing, type Publication, readPublication, Refused } from "./publication.ts";
import { type Call, orMissing, type Route } from "./route.ts";
import { viewMessage } from "./views.ts";

type Published = { messageId: string; deduplicated?: true };

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

/** Publish, batch, look at, cancel. https://upstash.com/docs/qstash/api-reference/messages/publish-a-message */
export function messageRoutes({ engine, events, clock }: { engine: QueueEngine; events: Events; clock: Clock }): Route[] {
  return [
    ["POST", /^\/v2\/publish\/(.+)$/s, publish],
    ["POST", /^\/v2\/batch$/, batch],
    ["GET", /^\/v2\/messages\/([^/]+)$/, ({ rest }) => viewMessage(rest, orMissing(engine.get(rest), "message", rest))],
    ["DELETE", /^\/v2\/messages\/([^/]+)$/, ({ rest }) => cancel([orMissing(engine.get(rest), "message", rest)])],
    ["DELETE", /^\/v2\/messages$/, cancelMany],
  ];

  async function publish({ request, rest }: Call): Promise<Response> {
    const body = new Uint8Array(await request.arrayBuffer());
    const [published] = await store([readPublication(rest, request.headers, body, clock.now())]);
    return Response.json(published, { status: published?.deduplicated ? 202 : 200 });
  }

  /** One answer per item, in order; an item that can't be taken does not keep the others from being stored. */
  async function batch({ request }: Call): Promise<(Published | { error: string })[]> {
    const items = batchSchema.safeParse(await readJson(request));
    if (!items.success) throw new Refused(400, "the batch is not an array of messages");
    const read = items.data.map(readItem);
    const published = await store(read.flatMap((item) => (item instanceof Refused ? [] : [item])));
    return read.map((item) => (item instanceof Refused ? { error: item.message } : (published.shift() ?? { error: "not stored" })));
  }

  function readItem({ destination, headers, body, queue }: BatchItem): Publication | Refused {
    try {
      if (queue !== undefined) throw new Refused(400, "queues are not offered here");
      return readPublication(destination, new Headers(headers), new TextEncoder().encode(body), clock.now());
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  }

  async function store(publications: Publication[]): Promise<Published[]> {
    const messages = publications.map(({ due, outgoing, deduplicationId }) => ({
      id: newId("msg_"),
      due,
      body: JSON.stringify(outgoing),
      ...(deduplicationId === null ? {} : { deduplicationId }),
    }));
    const published = await engine.publish(messages, ({ id, body }) => events.record(id, JSON.parse(body) as Outgoing, "CREATED"));
    return published.map(({ id, isDuplicate }) => ({ messageId: id, ...(isDuplicate ? { deduplicated: true } : {}) }));
  }

  function cancelMany({ query }: Call): Promise<{ cancelled: number }> {
    const isMeant = readFilter(query, "messageIds");
    return cancel(engine.list().filter(({ id, createdAt, body }) => isMeant({ id, createdAt, outgoing: JSON.parse(body) as Outgoing })));
  }

  async function cancel(messages: Message[]): Promise<{ cancelled: number }> {
    for (const { id, body } of messages) events.record(id, JSON.parse(body) as Outgoing, "CANCELED");
    const cancelled = await engine.cancel(messages.map(({ id }) => id));
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
