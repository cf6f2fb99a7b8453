import { z } from "zod";
import type { StoreEngine } from "../../embedded/store.ts";
import { CommandError } from "../../embedded/store/command.ts";
import { Unavailable } from "../../errors.ts";
import type { Reply } from "../../ports.ts";
import { bears } from "./bearer.ts";
import type { Handler } from "./serve.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT"];
/** Upstash's limit on a request, bytes. */
const REQUEST_MOST = 10 * 1024 * 1024;

const commandSchema = z.array(z.union([z.string(), z.number(), z.boolean().transform(String)])).min(1);
const commandsSchema = z.array(commandSchema).min(1);

type Answer = Reply | CommandError;

/**
 * Upstash Redis's REST protocol in front of the embedded store; the unmodified `@upstash/redis` takes it for the real one.
 * https://upstash.com/docs/redis/features/restapi
 */
export function redisFace({ engine, token }: { engine: StoreEngine; token: string }): Handler {
  let answered = 0;

  return async (request) => {
    if (!bears(request, token, "_token")) return problem(401, "WRONGPASS invalid or missing auth token");
    if (!METHODS.includes(request.method)) return problem(405, `ERR method ${request.method} is not allowed`);
    if (request.headers.has("upstash-response-format")) return problem(400, "ERR only the JSON response format is offered here");
    const body = new Uint8Array(await request.arrayBuffer());
    if (body.length > REQUEST_MOST)
      return problem(400, `ERR max request size exceeded. Limit: ${REQUEST_MOST} bytes, Actual: ${body.length} bytes`);

    const answers = ask(engine, new URL(request.url), new TextDecoder("utf-8", { ignoreBOM: true }).decode(body));
    try {
      await engine.settled();
    } catch (error) {
      if (error instanceof Unavailable) return problem(503, "ERR the store can't write just now");
      throw error;
    }
    if (answers instanceof CommandError) return problem(400, answers.message);
    const encode = request.headers.get("upstash-encoding")?.toLowerCase() === "base64" ? toBase64 : asItIs;
    const items = Array.isArray(answers) ? answers.map((answer) => toItem(answer, encode)) : toItem(answers.one, encode);
    return Response.json(items, { headers: { "upstash-sync-token": `carillon-${++answered}` } });
  };
}

/** Many answers for a pipeline or a transaction, one for a command; an error if nothing at all was done. */
function ask(engine: StoreEngine, url: URL, body: string): Answer[] | { one: Reply } | CommandError {
  if (url.pathname === "/pipeline" || url.pathname === "/multi-exec") {
    const commands = commandsSchema.safeParse(parseJson(body));
    if (!commands.success) return new CommandError("ERR failed to parse pipeline request");
    return url.pathname === "/pipeline"
      ? commands.data.map((one) => engine.execute(one.map(String)))
      : engine.executeAll(commands.data.map((one) => one.map(String)));
  }
  const command = commandSchema.safeParse(url.pathname === "/" ? parseJson(body) : pathCommand(url, body));
  if (!command.success) return new CommandError("ERR failed to parse command");
  const answer = engine.execute(command.data.map(String));
  return answer instanceof CommandError ? answer : { one: answer };
}

/** `/set/key/value?EX=100`; a body comes after the path's arguments and before the query's. Null if the path can't be decoded. */
function pathCommand(url: URL, body: string): string[] | null {
  try {
    const command = url.pathname.slice(1).split("/").map(decodeURIComponent);
    if (body !== "") command.push(body);
    for (const [name, value] of url.searchParams) if (name !== "_token") command.push(...(value === "" ? [name] : [name, value]));
    return command;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // The schemas refuse it.
  }
}

const toItem = (answer: Answer, encode: (reply: Reply) => Reply) =>
  answer instanceof CommandError ? { error: answer.message } : { result: encode(answer) };

const asItIs = (reply: Reply): Reply => reply;

/** Every string but an "OK" that is the whole reply. */
const toBase64 = (reply: Reply): Reply => (reply === "OK" ? reply : encodeAll(reply));
function encodeAll(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.map(encodeAll);
  return typeof reply === "string" ? Buffer.from(reply).toString("base64") : reply;
}

const problem = (status: number, error: string) => Response.json({ error }, { status });
