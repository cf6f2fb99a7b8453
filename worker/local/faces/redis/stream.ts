import { toText } from "../../../embedded/store/bytes.ts";
import type { Backend, Command } from "./backend.ts";
import type { RawReply } from "./resp.ts";

/** SUBSCRIBE, PSUBSCRIBE and MONITOR as server-sent events, until either side goes away. https://upstash.com/docs/redis/features/restapi */
export async function stream(backend: Backend, command: Command): Promise<Response> {
  const encoder = new TextEncoder();
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark: Infinity });
  const writer = writable.getWriter();
  const gone = () => undefined;
  const listening = await backend.listen(
    command,
    (reply) => void writer.write(encoder.encode(`data: ${toText(lineOf(command, reply))}\n\n`)).catch(gone),
    () => void writer.close().catch(gone),
  );
  writer.closed.catch(() => listening.close());
  return new Response(readable, { headers: { "content-type": "text/event-stream", "cache-control": "no-cache" } });
}

/** A message is a list of words; MONITOR's lines stand as they are, but for the OK in quotes at their beginning. */
function lineOf([name = ""]: Command, reply: RawReply): string {
  if (Array.isArray(reply)) return reply.join(",");
  return name.toLowerCase() === "monitor" && reply === "OK" ? '"OK"' : String(reply);
}
