import { Hono, type Context } from "hono";
import { LIMITS } from "@carillon/shared/limits";
import { issuesOf } from "@carillon/shared/events";
import { channels } from "./channels/all.ts";
import { AppError, Unavailable, badRequest, invalid, notFound, tooLarge, unavailable } from "./errors.ts";
import { isVerbose, log, wordsOf } from "./log.ts";
import { observed } from "./observed.ts";
import type { Outside, Ports } from "./ports.ts";
import { adminRoutes } from "./routes/admin.ts";
import { authRoutes } from "./routes/auth.ts";
import { corsOfErrors, preflight } from "./routes/cors.ts";
import { previewRoutes } from "./routes/broadcast.ts";
import { crmRoutes } from "./routes/crm.ts";
import { identify } from "./routes/guard.ts";
import { healthRoutes } from "./routes/health.ts";
import { hookRoutes } from "./routes/hooks.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { parseJson } from "./routes/json.ts";
import { localRoutes } from "./routes/local.ts";
import { meRoutes } from "./routes/me.ts";
import { metricsRoutes } from "./routes/metrics.ts";
import { docsRoutes } from "./routes/openapi.ts";
import { servePage } from "./routes/pages.ts";
import { operateRoutes } from "./routes/operate.ts";
import { transferRoutes } from "./routes/transfer.ts";
import { pushRoutes } from "./routes/push.ts";
import { problemOf, requestIdOf } from "./routes/problem.ts";
import { securityHeaders } from "./routes/security-headers.ts";
import type { Route } from "./routes/route.ts";
import { seenOf, type Seen } from "./routes/seen.ts";
import { unsubscribeRoutes } from "./routes/unsubscribe.ts";

const declared: Route[] = [
  ...crmRoutes,
  ...previewRoutes,
  ...meRoutes,
  ...pushRoutes,
  ...adminRoutes,
  ...authRoutes,
  ...jobRoutes,
  ...hookRoutes,
  ...unsubscribeRoutes,
  ...localRoutes,
  ...healthRoutes,
  ...metricsRoutes,
  ...operateRoutes,
  ...transferRoutes,
];

/** Every route with its caller; the walk test and the API page read it. */
export const routes: Route[] = [...declared, ...docsRoutes(declared)];

/** The whole of Carillon over what a runtime gives it: answers any request, never throws. `address` is the caller's. */
export function createApp(outside: Outside): (request: Request, address?: string) => Promise<Response> {
  const app = createRouter(outside);
  return async (request, address) => {
    const started = outside.clock.now();
    const seen: Seen = { route: "", org: "", requestId: null };
    const response = await app.fetch(request, { address, seen });
    note(request, response, seen, outside.clock.now() - started);
    return securityHeaders(request, response);
  };
}

/** Counts the request, and writes its line where there is one for each. */
function note(request: Request, response: Response, { route, org, requestId }: Seen, ms: number): void {
  const { status } = response;
  const method = METHODS.has(request.method) ? request.method : "other";
  observed.requests.note(ms, method, route, `${Math.floor(status / 100)}xx`);
  if (!isVerbose()) return;
  const id = requestId ?? crypto.randomUUID();
  if (status !== 101) response.headers.set("x-request-id", id);
  log("info", "request", { requestId: id, method, route, status, ms, ...(org === "" ? {} : { org }) });
}

/** Whoever makes names up must not make up as many series. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]);

/** What is served under which path; apart from the above so that a test can hold it against `routes`. */
export function createRouter(outside: Outside): Hono {
  const app = new Hono();
  const ports: Ports = { ...outside, channels, self: async (request) => app.fetch(request) };

  for (const route of routes) app.on(route.method, route.path, (c) => answer(c, ports, route));
  app.options("/v1/*", preflight);
  app.all("/v1/*", () => Promise.reject(notFound("route")));
  app.all("/admin/api/*", () => Promise.reject(notFound("route")));
  app.all("/internal/*", () => Promise.reject(notFound("route")));
  app.get("*", (c) => servePage(c, ports));
  app.notFound((c) => problem(c, notFound("page")));
  app.onError((error, c) => problem(c, toAppError(error, c)));
  return app;
}

async function answer(c: Context, ports: Ports, route: Route): Promise<Response> {
  const seen = seenOf(c);
  seen.route = route.path;
  const raw = route.method === "GET" ? "" : await readBody(c, route.maxBytes ?? LIMITS.otherBytes);
  const who = await identify(c, ports, route.caller, raw);
  seen.org = who.org;
  const query = route.query
    ? parse(route.query, c.req.query(), "query.invalid", "The query is not as it should be; see errors.")
    : undefined;
  return route.handle({ c, ports, who, raw, query, body: parseBody(route, raw) });
}

function parseBody(route: Route, raw: string): unknown {
  if (!route.body) return undefined;
  const json = raw === "" ? {} : parseJson(raw);
  if (route.parsesItself) {
    if (raw === "") throw badRequest("body.missing", "This call needs a JSON body.");
    return json;
  }
  return parse(route.body, json, "body.invalid", "The body is not as it should be; see errors.");
}

function parse(schema: NonNullable<Route["body"]>, input: unknown, code: string, message: string): unknown {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw invalid(code, message, issuesOf(parsed.error));
  return parsed.data;
}

/** The body as text, refused as soon as it is known to be too long. Invalid UTF-8 is refused rather than repaired. */
async function readBody(c: Context, maxBytes: number): Promise<string> {
  const tooLong = () => tooLarge(`The body may have ${Math.floor(maxBytes / 1024)} KiB at the most.`);
  const announced = Number(c.req.header("content-length") ?? Number.NaN);
  if (announced > maxBytes) throw tooLong();
  // A body of known length is read at once, without a stream; HTTP ends it where it said, so it can't be longer.
  if (announced <= maxBytes) return decode(new Uint8Array(await c.req.raw.arrayBuffer()));
  const stream = c.req.raw.body;
  if (!stream) return "";
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return decode(chunks.length === 1 ? chunks[0]! : joined(chunks, length));
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw badRequest("body.not-utf8", "The body is not valid UTF-8.");
  }
}

/** Keeps a byte order mark out and anything that is not UTF-8 away. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function joined(chunks: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

function toAppError(error: Error, c: Context): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Unavailable) return unavailable(WORDS[error.part]);
  log("error", "a request failed", { requestId: requestIdOf(c), method: c.req.method, route: seenOf(c).route, ...wordsOf(error) });
  return new AppError(500, "internal", "Something went wrong on our side. The request id helps to find it.");
}
const WORDS: Record<Unavailable["part"], string> = { store: "The settings store", queue: "The queue", shard: "The database" };

function problem(c: Context, error: AppError): Response {
  return c.body(JSON.stringify(problemOf(error, requestIdOf(c))), error.status as 400, {
    "content-type": "application/problem+json",
    "x-request-id": requestIdOf(c),
    ...corsOfErrors(c),
    ...error.headers,
  });
}
