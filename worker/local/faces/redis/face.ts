import { createHash } from "node:crypto";
import { CommandError } from "../../../embedded/store/command.ts";
import { Unavailable } from "../../../errors.ts";
import { bears } from "../bearer.ts";
import type { Handler } from "../serve.ts";
import { type Format, writeMany, writeOne, writeProblem } from "./answer.ts";
import type { Backend } from "./backend.ts";
import { noPermission, whyRefused } from "./refused.ts";
import { type Order, readOrder } from "./request.ts";
import { stream } from "./stream.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT"];
/** Upstash's limit on a request, bytes. */
const REQUEST_MOST = 10 * 1024 * 1024;

/** The token that may only read, made of the one that may do all. */
export const readOnlyToken = (token: string): string => createHash("sha256").update(`read only ${token}`).digest("base64url");

/**
 * Upstash Redis's REST protocol in front of a store; the unmodified `@upstash/redis` takes it for the real one.
 * https://upstash.com/docs/redis/features/restapi
 */
export function redisFace({ backend, token }: { backend: Backend; token: string }): Handler {
  const readOnly = readOnlyToken(token);
  let answered = 0;

  return async (request, target) => {
    const isReadOnly = bears(request, readOnly, "_token");
    if (!isReadOnly && !bears(request, token, "_token")) return writeProblem(401, "WRONGPASS invalid or missing auth token");
    if (!METHODS.includes(request.method)) return writeProblem(405, `ERR method ${request.method} is not allowed`);
    const body = Buffer.from(await request.arrayBuffer());
    if (body.length > REQUEST_MOST)
      return writeProblem(400, `ERR max request size exceeded. Limit: ${REQUEST_MOST} bytes, Actual: ${body.length} bytes`);
    try {
      const order = readOrder(target, body.toString("latin1"));
      const response = await answer(backend, order, { format: readFormat(request.headers, order), isReadOnly });
      response.headers.set("upstash-sync-token", `carillon-${++answered}`);
      return response;
    } catch (error) {
      if (error instanceof CommandError) return writeProblem(400, error.message);
      if (error instanceof Unavailable) return writeProblem(503, "ERR the store can't be reached just now");
      throw error;
    }
  };
}

type How = { format: Format; isReadOnly: boolean };

async function answer(backend: Backend, order: Order, { format, isReadOnly }: How): Promise<Response> {
  if (order.kind === "listen") {
    if (isReadOnly && order.command[0]?.toLowerCase() === "monitor") throw noPermission("monitor");
    return stream(backend, order.command);
  }
  if (order.kind === "command") {
    const { command } = order;
    const refused = whyRefused(command, isReadOnly);
    if (refused) return writeOne(command, refused, format);
    const [reply = null] = await backend.run([command]);
    return writeOne(command, reply, format);
  }
  const { commands } = order;
  const refusals = commands.map((command) => whyRefused(command, isReadOnly));
  if (order.kind === "multi-exec") {
    if (refusals.some((refused) => refused !== null)) throw new CommandError("EXECABORT Transaction discarded because of previous errors.");
    const replies = await backend.transact(commands);
    if (replies instanceof CommandError) throw replies;
    return writeMany(commands, replies, format);
  }
  const replies = await backend.run(commands.filter((_, index) => refusals[index] === null));
  return writeMany(
    commands,
    refusals.map((refused) => refused ?? replies.shift() ?? null),
    format,
  );
}

function readFormat(headers: Headers, { kind }: Order): Format {
  const isBase64 = headers.get("upstash-encoding")?.toLowerCase() === "base64";
  const wanted = headers.get("upstash-response-format")?.toLowerCase() ?? "json";
  if (wanted === "json") return isBase64 ? "base64" : "plain";
  if (wanted !== "resp2") throw new CommandError(`ERR unknown response format: ${wanted}`);
  if (isBase64) throw new CommandError("ERR resp2 responses can't be encoded as base64");
  if (kind === "multi-exec") throw new CommandError("ERR resp2 responses are not supported for multi-exec");
  return "resp2";
}
