import { z } from "zod";
import { CommandError } from "../../embedded/store/command.ts";
import type { StoreEngine } from "../../embedded/store.ts";
import type { Reply } from "../../ports.ts";
import { bears } from "./bearer.ts";
import type { Handler } from "./serve.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT"];
/** Upstash's limit on a request, bytes. */
const REQUEST_MOST = 10 * 1024 * 1024;

const commandSchema = z.array(z.union([z.string(), z.number(), z.boolean().transform(String)])).min(1);
const commandsSchema = z.array(commandSchema).min(1);

/**
 * Upstash Redis's REST protocol in front of the embedded store; the unmodified `@upstash/redis` takes it for the real one.
 * https://upstash.com/docs/redis/features/restapi
 */
export function redisFace({ engine, token }: { engine: StoreEngine; token: string }): Handler {
  let writes = 0;

  return async (request) => {
    if (!bears(request, token, "_token")) return problem(401, "WRONGPASS invalid or missing auth token");
    if (!METHODS.includes(request.method)) return problem(405, `ERR method ${request.method} is not allowed`);
    if (request.headers.has("upstash-response-format")) return problem(400, "ERR only the JSON response format is offered here");
    const body = new Uint8Array(await request.arrayBuffer());
    if (body.length > REQUEST_MOST) return problem(400, `ERR max request size exceeded. Limit: ${REQUEST_MOST} bytes, Actual: ${body.length} bytes`);

    const answer = ask(engine, new URL(request.url), new TextDecoder("utf-8", { ignoreBOM: true }).decode(body));
    await engine.settled();
    if (answer instanceof CommandError) return problem(400, answer.message);
    const isEncoded = request.headers.get("upstash-encoding")?.toLowerCase() === "base64";
    return Response.json(isEncoded ? answer.map(encode) : answer, { headers: { "upstash-sync-token": `carillon-${++writes}` } });
  };
}
