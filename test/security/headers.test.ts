import { beforeAll, describe, expect, test } from "vitest";
import { LIMITS } from "@carillon/shared/limits";
import { routes } from "@carillon/worker/app";
import { shardOf } from "@carillon/worker/pipeline/place";
import type { Route } from "@carillon/worker/routes/route";
import { ORIGIN, QUEUE_KEYS, startApp, type Answer, type House } from "../harness/app.ts";
import { SHARDS } from "../harness/shards.ts";
import { signAsQueue } from "../harness/signature.ts";

type Headed = Record<string, string>;

const CRM = "https://crm.example.com";
const EVIL = "https://evil.example";
const title = ({ method, path }: Route): string => `${method} ${path}`;
const pathOf = ({ path }: Route): string => path.replace(":channel", "email").replace(/:\w+/g, "x");

let house: House;
let admin: Headed;
let bell: Headed;
beforeAll(async () => {
  house = await startApp();
  admin = await house.signIn("owner");
  bell = await house.bell("u1");
  const settings = { allowedOrigins: [CRM], silentInQuietHours: true };
  expect((await house.call("PUT", "/admin/api/channels/in-app", { version: 1, settings }, admin)).status).toBe(200);
});

describe("every answer", () => {
  const each = (look: (name: string, answer: Answer) => void) => async () => {
    const requests: [string, Promise<Answer>][] = [
      ["a page", house.fetch("GET", "/", { headers: { accept: "text/html" } })],
      ["a page that is not there", house.fetch("GET", "/nothing.js")],
      ["the API page", house.fetch("GET", "/docs")],
      ["health", house.fetch("GET", "/healthz")],
      ["data", house.call("GET", "/v1/deliveries", undefined, house.key)],
      ["an inbox", house.call("GET", "/v1/me/inbox", undefined, bell)],
      ["a session", house.call("GET", "/admin/api/session", undefined, admin)],
      ["a refusal", house.call("GET", "/v1/deliveries")],
      ["a mistake", house.call("POST", "/v1/events", { nonsense: true }, house.key)],
      ["an undeclared path", house.call("GET", "/v1/nothing")],
    ];
    for (const [name, request] of requests) look(name, await request);
  };

  test(
    "keeps browsers from guessing types, from telling where they came from, and from going on without TLS",
    each((name, { headers }) => {
      expect(headers.get("x-content-type-options"), name).toBe("nosniff");
      expect(headers.get("referrer-policy"), name).toBe("no-referrer");
      expect(headers.get("strict-transport-security"), name).toBe("max-age=31536000; includeSubDomains");
    }),
  );

  test(
    "has a policy that allows nothing by default and no frame around it",
    each((name, { headers }) => {
      expect(headers.get("content-security-policy"), name).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
      expect(headers.get("content-security-policy"), name).not.toMatch(/unsafe|\*|https?:/);
    }),
  );

  test("is not kept anywhere when it is data", async () => {
    for (const route of routes.filter(({ method, caller }) => method === "GET" && ["crm", "user", "admin"].includes(caller.kind))) {
      const headers = route.caller.kind === "crm" ? house.key : route.caller.kind === "user" ? bell : admin;
      expect((await house.call("GET", pathOf(route), undefined, headers)).headers.get("cache-control"), title(route)).toBe("no-store");
    }
  });

  test("says nothing of TLS on a plain address of one's own machine", async () => {
    const plain = await house.app(new Request("http://localhost:8787/healthz"));
    expect(plain.headers.get("strict-transport-security")).toBeNull();
  });
});

test("a page runs its own scripts only, and makes markup of text only by the names that Vue and lit use", async () => {
  const { headers } = await house.fetch("GET", "/", { headers: { accept: "text/html" } });
  expect(headers.get("content-security-policy")?.split("; ")).toEqual([
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types vue lit-html carillon-page carillon-bell",
  ]);
  expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
});

test("the session's cookie stays on this host, out of scripts' reach, on TLS, and on our own pages", async () => {
  const { body } = await house.call(
    "POST",
    "/v1/admin-tickets",
    { admin: { id: "a", name: "A", email: "a@example.com" }, role: "viewer" },
    house.key,
  );
  const session = await house.call("POST", "/admin/api/session", { ticket: body.ticket }, { origin: ORIGIN });
  const cookie = session.headers.get("set-cookie")!;
  expect(cookie).toMatch(/^__Host-carillon=acme\.[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict$/);
  const out = await house.call("DELETE", "/admin/api/session", undefined, { cookie: cookie.split(";")[0]!, origin: ORIGIN });
  expect(out.headers.get("set-cookie")).toBe("__Host-carillon=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
});

test("no other call sets a cookie", async () => {
  for (const route of routes.filter(({ path }) => path !== "/admin/api/session")) {
    const answer = await house.call(route.method, pathOf(route), route.method === "GET" ? undefined : {}, { ...house.key, origin: ORIGIN });
    expect(answer.headers.get("set-cookie"), title(route)).toBeNull();
  }
});

describe("the bell's calls from a page of another origin", () => {
  const mine = routes.filter(({ caller }) => caller.kind === "user");
  const ask = (route: Route, headers: Headed) => house.call(route.method, pathOf(route), route.method === "GET" ? undefined : {}, headers);
  const cors = ({ headers }: Answer) => ({
    origin: headers.get("access-control-allow-origin"),
    credentials: headers.get("access-control-allow-credentials"),
    vary: headers.get("vary"),
  });

  test.each(mine.map((route) => [title(route), route] as const))("%s may be read by the CRM and by nobody else", async (_, route) => {
    const allowed = await ask(route, { ...bell, origin: CRM });
    expect(allowed.status).not.toBe(403);
    expect(cors(allowed)).toEqual({ origin: CRM, credentials: null, vary: "Origin" });

    for (const origin of [EVIL, `${CRM}.evil.example`, "https://crm.example.com:8443", "http://crm.example.com", "null"])
      expect(await ask(route, { ...bell, origin }), origin).toMatchObject({ status: 403, body: { code: "origin.not-allowed" } });
  });

  test("an expired token's refusal can be read, so that the bell knows to ask for a new one", async () => {
    const refused = await house.call("GET", "/v1/me/inbox", undefined, { authorization: "Bearer a.b.c", origin: CRM });
    expect({ status: refused.status, code: refused.body.code, ...cors(refused) }).toEqual({
      status: 401,
      code: "token.invalid",
      origin: CRM,
      credentials: null,
      vary: "Origin",
    });
  });

  test("the browser's question before a call allows what the bell needs, and never cookies", async () => {
    const headers = {
      origin: CRM,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization, content-type",
    };
    const answer = await house.fetch("OPTIONS", "/v1/me/inbox/read", { headers });
    expect({ status: answer.status, ...cors(answer) }).toEqual({ status: 204, origin: CRM, credentials: null, vary: "Origin" });
    expect(answer.headers.get("access-control-allow-headers")).toBe("authorization, content-type");
    expect((await house.fetch("OPTIONS", "/admin/api/keys", { headers })).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("no other call can be read from there", async () => {
    for (const route of routes.filter(({ caller }) => ["crm", "admin", "queue", "local"].includes(caller.kind))) {
      const headers = route.caller.kind === "crm" ? house.key : admin;
      const answer = await house.call(route.method, pathOf(route), route.method === "GET" ? undefined : {}, { ...headers, origin: CRM });
      expect(answer.headers.get("access-control-allow-origin"), title(route)).toBeNull();
    }
  });

  test("a socket opens for allowed origins only", async () => {
    const open = async (origin: string | null) => {
      const { body } = await house.call("POST", "/v1/me/socket-ticket", undefined, bell);
      const headers = { upgrade: "websocket", "sec-websocket-protocol": `carillon.v1, ticket.${body.ticket}` };
      return house.fetch("GET", "/v1/me/socket", { headers: { ...headers, ...(origin === null ? {} : { origin }) } });
    };
    expect(await open(CRM)).toMatchObject({ status: 200, body: { openedAt: `acme.${shardOf("u1", SHARDS)}` } });
    expect(await open(ORIGIN)).toMatchObject({ status: 200 });
    expect(await open(null)).toMatchObject({ status: 200 });
    for (const origin of [EVIL, `${CRM}.evil.example`, "null"])
      expect(await open(origin), origin).toMatchObject({ status: 403, body: { code: "origin.not-allowed" } });
  });
});

describe("a body that is too much", () => {
  const withBody = routes.filter(({ method }) => method !== "GET");
  const LARGER: Record<string, number> = {
    "POST /v1/events": LIMITS.batchBytes,
    "POST /v1/users/bulk": LIMITS.eventBytes,
    "PUT /admin/api/channels/:channel": LIMITS.adminBytes,
    "POST /admin/api/channels/:channel/test": LIMITS.adminBytes,
    "POST /demo/api/events": LIMITS.eventBytes,
    // All of these hold an event.
    "POST /v1/events/preview": LIMITS.eventBytes,
    "POST /admin/api/broadcast/preview": LIMITS.eventBytes,
    "POST /admin/api/broadcast": LIMITS.eventBytes,
    "POST /v1/simulate": LIMITS.eventBytes,
    "POST /admin/api/simulate": LIMITS.eventBytes,
    "POST /hooks/whatsapp/:org": LIMITS.webhookBytes,
    // One version of an organisation's settings.
    "POST /internal/settings": LIMITS.batchBytes,
    // The shards of an organisation, each by its backup; a page of rows, and a single row may be long.
    "POST /internal/backup": LIMITS.adminBytes,
    "POST /internal/restore": LIMITS.batchBytes,
  };

  test("no route takes more than the house rules say", () => {
    const most = (path: string) => (path.startsWith("/admin/") ? LIMITS.adminBytes : LIMITS.otherBytes);
    const wrong = withBody.filter((route) => (route.maxBytes ?? LIMITS.otherBytes) > (LARGER[title(route)] ?? most(route.path)));
    expect(wrong.map(title)).toEqual([]);
  });

  test.each(withBody.map((route) => [title(route), route] as const))(
    "%s is refused before it is parsed, announced or not",
    async (_, route) => {
      const most = route.maxBytes ?? LIMITS.otherBytes;
      const body = "x".repeat(most + 1);
      const headers = { ...credentialsFor(route, body), "content-type": "application/json" };
      const tooLarge = { status: 413, body: { code: "body.too-large" } };
      expect(await house.fetch(route.method, pathOf(route), { body, headers })).toMatchObject(tooLarge);
      expect(
        await house.fetch(route.method, pathOf(route), { body: "{}", headers: { ...headers, "content-length": String(most + 1) } }),
      ).toMatchObject(tooLarge);
      const stream = new Blob([body]).stream();
      expect(await house.fetch(route.method, pathOf(route), { body: stream, headers })).toMatchObject(tooLarge);
    },
  );

  test("an event has 256 KiB, counted in bytes and not in letters, alone and in a batch", async () => {
    const event = (text: string, id: string) => ({ id, type: "mention", recipients: ["u1"], data: { text: "short", blob: text } });
    const bytes = (size: number, letter: string) => letter.repeat(Math.floor(size / Buffer.byteLength(letter)));
    for (const letter of ["x", "é", "漢", "🦉"]) {
      const fits = event(bytes(LIMITS.eventBytes - 200, letter), `fits-${letter.codePointAt(0)}`);
      const tooMuch = event(bytes(LIMITS.eventBytes + 100, letter), "too-much");
      expect((await house.call("POST", "/v1/events", fits, house.key)).status, letter).toBe(202);
      expect((await house.call("POST", "/v1/events", tooMuch, house.key)).status, letter).toBe(413);
      const batch = await house.call(
        "POST",
        "/v1/events",
        { events: [tooMuch, event("small", `small-${letter.codePointAt(0)}`)] },
        house.key,
      );
      expect(batch, letter).toMatchObject({ status: 202, body: { results: [{ status: 413, code: "body.too-large" }, { accepted: 1 }] } });
    }
  });
});

describe("JSON that could do harm", () => {
  const parsing = routes.filter(({ method, body, caller }) => method !== "GET" && body !== undefined && caller.kind !== "local");
  const send = (route: Route, body: string) =>
    house.fetch(route.method, pathOf(route), { body, headers: { ...credentialsFor(route, body), "content-type": "application/json" } });
  const nested = (depth: number, inside = "1") => `${'{"a":'.repeat(depth)}${inside}${"}".repeat(depth)}`;

  test.each(parsing.map((route) => [title(route), route] as const))(
    "%s refuses deep nesting, names of prototypes, and what is no JSON",
    async (_, route) => {
      expect(await send(route, nested(LIMITS.jsonDepth + 1))).toMatchObject({ status: 422, body: { code: "body.too-deep" } });
      expect(await send(route, `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`)).toMatchObject({
        status: 422,
        body: { code: "body.too-deep" },
      });
      for (const name of ["__proto__", "constructor", "prototype"])
        for (const body of [`{"${name}":{"x":1}}`, `{"a":[{"${name}":1}]}`, nested(3, `{"${name}":null}`)])
          expect(await send(route, body), body).toMatchObject({
            status: 422,
            body: { code: "body.forbidden-name", errors: [{ path: name }] },
          });
      for (const body of ["{", "{'a':1}", "undefined", "[1,]", "\u0000"])
        expect(await send(route, body), body).toMatchObject({ status: 400, body: { code: "body.not-json" } });
      expect(({} as { x?: number }).x).toBeUndefined();
    },
  );

  test("bytes that are no UTF-8 are refused rather than repaired", async () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    for (const route of parsing)
      expect(
        await house.fetch(route.method, pathOf(route), {
          body,
          headers: { ...credentialsFor(route, ""), "content-type": "application/json" },
        }),
        title(route),
      ).toMatchObject({ status: 400, body: { code: "body.not-utf8" } });
  });

  test("a field that nobody knows is refused", async () => {
    const read = await house.call("POST", "/v1/me/inbox/read", { ids: "all", colour: "red" }, bell);
    const key = await house.call("POST", "/admin/api/keys", { name: "k", scopes: ["events"], colour: "red" }, admin);
    const person = await house.call("PUT", "/v1/users/u1", { colour: "red" }, house.key);
    expect([read.status, key.status, person.status]).toEqual([422, 422, 422]);
  });
});

/** Whoever may call the route. One that carries its own credential is asked without. */
function credentialsFor(route: Route, body: string): Headed {
  switch (route.caller.kind) {
    case "crm":
      return house.key;
    case "user":
      return bell;
    case "admin":
      return admin;
    case "operator":
      return { authorization: "Bearer the-bootstrap-token" };
    case "queue":
      return { "upstash-signature": signAsQueue({ url: ORIGIN + route.path, body, key: QUEUE_KEYS.currentKey, now: Date.now() }) };
    default:
      return { origin: ORIGIN };
  }
}
