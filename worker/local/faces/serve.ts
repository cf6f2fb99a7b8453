import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { log } from "../../log.ts";

/** `target` is path and query as they stood in the request: a URL would tidy them up. */
export type Handler = (request: Request, target: string) => Promise<Response>;

/** Longer than any client of ours keeps an idle connection, so that none is cut under a request. */
const KEEP_ALIVE_MS = 75_000;

/** Serves a fetch handler over HTTP on this machine only, whichever runtime it is. Port 0 takes any free one. */
export async function serve(port: number, handler: Handler): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, handler).catch((error: unknown) => {
      log("error", "a face could not answer", { error: String(error) });
      if (!outgoing.headersSent) outgoing.writeHead(500, { "content-type": "application/json" });
      outgoing.end(JSON.stringify({ error: "Internal error" }));
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, handler: Handler): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  const [method, target] = [incoming.method ?? "GET", incoming.url ?? "/"];
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers))
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  const body = method === "GET" || method === "HEAD" ? null : Buffer.concat(chunks);

  const response = await handler(new Request(`http://127.0.0.1${target}`, { method, headers, body }), target);
  if (response.headers.get("content-type") === "text/event-stream" && response.body)
    return pour(response.body, outgoing, Object.fromEntries(response.headers));
  const bytes = new Uint8Array(await response.arrayBuffer());
  outgoing.writeHead(response.status, { ...Object.fromEntries(response.headers), "content-length": bytes.length });
  outgoing.end(method === "HEAD" ? undefined : bytes);
}

/** Writes as it comes, until either side ends it. */
async function pour(body: ReadableStream<Uint8Array>, outgoing: ServerResponse, headers: Record<string, string>): Promise<void> {
  const reader = body.getReader();
  outgoing.once("close", () => void reader.cancel());
  outgoing.writeHead(200, headers);
  outgoing.flushHeaders();
  for (let step = await reader.read(); !step.done; step = await reader.read()) outgoing.write(step.value);
  outgoing.end();
}
