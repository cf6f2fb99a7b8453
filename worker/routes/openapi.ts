import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import { DOCS_STYLE } from "./docs/style.ts";
import { exampleOf } from "./docs/example.ts";
import { docsPage } from "./docs/page.ts";
import { jsonSchemaOf, type JsonSchema } from "./docs/schema.ts";
import { route, type Caller, type Route } from "./route.ts";

/** OpenAPI 3.1.1, the parts that we write. */
export type OpenApi = {
  openapi: "3.1.1";
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Partial<Record<"get" | "post" | "put" | "delete", Operation>>>;
  components: { securitySchemes: Record<string, object>; schemas: Record<string, JsonSchema>; responses: Record<string, object> };
};
export type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  /** Who may call it, in words. */
  "x-caller": string;
  /** Bytes. */
  "x-max-bytes"?: number;
  security: Record<string, string[]>[];
  parameters: { name: string; in: "path" | "query"; required: boolean; schema: JsonSchema }[];
  requestBody?: { required: boolean; content: { "application/json": { schema: JsonSchema; example: unknown } } };
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> } | { $ref: string }>;
};

/** Callers as the page groups them. Queue, providers, signed links and a local start's own calls are nobody else's business. */
const TAGS = {
  crm: { name: "CRM backend", description: "Authorization: Bearer <API key>. The key names the organisation." },
  user: { name: "User's browser", description: "Authorization: Bearer <user token>. Always the token's own person." },
  admin: { name: "Admin page", description: "The session's cookie; what changes anything must come from the page itself and carry JSON." },
  ticket: { name: "One-time credentials", description: "Calls that carry their own ticket." },
  operator: {
    name: "Operator",
    description: "Authorization: Bearer <a token of the deployment's environment>. Without that token there is no such call.",
  },
  public: { name: "Open to all", description: "Needs no sign-in." },
} as const satisfies Partial<Record<Caller["kind"], { name: string; description: string }>>;
type ShownKind = keyof typeof TAGS;
const isShown = (kind: Caller["kind"]): kind is ShownKind => Object.hasOwn(TAGS, kind);

const SECURITY: Record<ShownKind, Record<string, string[]>[]> = {
  crm: [{ apiKey: [] }],
  user: [{ userToken: [] }],
  admin: [{ session: [] }],
  ticket: [],
  operator: [{ operatorToken: [] }],
  public: [],
};

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string().describe("Stable, such as event.unknown-type"),
  detail: z.string().describe("For people"),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  requestId: z.string(),
});

/** The document of all routes that others may call, made from the very schemas that check their input. */
export function openApiDocument(routes: Route[], publicUrl: string): OpenApi {
  const shown = routes.filter(({ caller }) => isShown(caller.kind));
  const paths: OpenApi["paths"] = {};
  for (const one of shown) {
    const path = one.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operationOf(one) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Carillon",
      version: "1",
      description:
        "The notification service of a CRM. JSON in and out; times are ISO 8601 in UTC, zones IANA names. Lists page by cursor: ask again with what `next` held until it is null.",
    },
    servers: [{ url: publicUrl }],
    tags: Object.values(TAGS).filter(({ name }) => shown.some((one) => tagOf(one.caller) === name)),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: "http", scheme: "bearer", bearerFormat: "ck_<org>.<id>_<secret>" },
        userToken: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        operatorToken: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "__Host-carillon" },
      },
      schemas: { Problem: jsonSchemaOf(problemSchema, "output") },
      responses: {
        Problem: {
          description: "RFC 9457: what was wrong",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

/** `/openapi.json` and the page made from it. */
export function docsRoutes(routes: Route[]): Route[] {
  const documents = new Map<string, { document: OpenApi; page: string }>();
  /** Made at the first call, for the address that this deployment has. */
  const made = (publicUrl: string) => {
    let known = documents.get(publicUrl);
    if (!known) {
      const document = openApiDocument(routes, publicUrl);
      documents.set(publicUrl, (known = { document, page: docsPage(document) }));
    }
    return known;
  };
  const shared = { method: "GET", caller: { kind: "public" } } as const;
  const caching = { "cache-control": "public, max-age=300" };
  return [
    route({
      ...shared,
      path: "/openapi.json",
      summary: "This API as OpenAPI 3.1.",
      handle: ({ c, ports }) => c.json(made(ports.config.publicUrl).document, 200, { ...caching, "access-control-allow-origin": "*" }),
    }),
    route({
      ...shared,
      path: "/docs",
      summary: "This API to read.",
      handle: ({ c, ports }) => c.html(made(ports.config.publicUrl).page, 200, caching),
    }),
    route({
      ...shared,
      path: "/docs/docs.css",
      summary: "The page's style.",
      handle: ({ c }) => c.body(DOCS_STYLE, 200, { ...caching, "content-type": "text/css; charset=utf-8" }),
    }),
  ];
}

function operationOf(one: Route): Operation {
  const { method, path, caller, summary, body, query, answer, maxBytes = LIMITS.otherBytes } = one;
  const schema = body && jsonSchemaOf(body, "input");
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[^a-zA-Z0-9]+(.)?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? "")}`,
    tags: [tagOf(caller)],
    summary,
    "x-caller": callerWords(caller),
    ...(schema ? { "x-max-bytes": maxBytes } : {}),
    security: isShown(caller.kind) ? SECURITY[caller.kind] : [],
    parameters: [...pathParameters(path), ...(query ? queryParameters(jsonSchemaOf(query, "input")) : [])],
    ...(schema
      ? {
          requestBody: {
            required: (schema.required ?? []).length > 0 || schema.anyOf !== undefined,
            content: { "application/json": { schema, example: exampleOf(`${method} ${path}`, schema) } },
          },
        }
      : {}),
    responses: {
      [answer?.status ?? 200]: {
        description: answer?.description ?? "Done",
        ...(answer?.schema ? { content: { [answer.type ?? "application/json"]: { schema: jsonSchemaOf(answer.schema, "output") } } } : {}),
      },
      default: { $ref: "#/components/responses/Problem" },
    },
  };
}

const tagOf = (caller: Caller): string => (isShown(caller.kind) ? TAGS[caller.kind].name : caller.kind);

function callerWords(caller: Caller): string {
  if (caller.kind === "crm") return `API key with scope ${caller.scope}`;
  if (caller.kind === "admin") return `Signed-in ${caller.role}`;
  if (caller.kind === "user") return "User token";
  if (caller.kind === "operator") return `The deployment's ${caller.token} token`;
  return caller.kind === "ticket" ? "One-time credential" : "Anyone";
}

const pathParameters = (path: string): Operation["parameters"] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name: name!, in: "path", required: true, schema: { type: "string" } }));

const queryParameters = (schema: JsonSchema): Operation["parameters"] =>
  Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: "query",
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }));
