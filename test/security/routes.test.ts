import { createHmac } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { ROLES, SCOPES } from "@carillon/shared/access";
import { createApp, createRouter, routes } from "@carillon/worker/app";
import type { Caller, Route } from "@carillon/worker/routes/route";
import { ORIGIN, QUEUE_KEYS, startApp, type House } from "../harness/app.ts";
import { signAsQueue } from "../harness/signature.ts";

/** Stands in everything that the first organisation has, and in nothing that anybody else may see. */
const MARK = "Only-Acme-may-read-this";

type Headed = Record<string, string>;
type Credential = { name: string; headers: Headed; fits(caller: Caller): boolean };

const never = (): boolean => false;
const title = ({ method, path }: Route): string => `${method} ${path}`;
const isUnsafe = ({ method }: Route): boolean => method !== "GET";

let house: House;
let other: Headed;
let credentials: Credential[];

beforeAll(async () => {
  house = await startApp();
  other = await house.found("other");
  await house.call("PUT", "/v1/users/u1", { name: MARK, email: "u1@example.com" }, house.key);
  const event = { id: "e1", type: "mention", recipients: ["u1"], data: { text: MARK } };
  expect((await house.call("POST", "/v1/events", event, house.key)).status).toBe(202);
  await setUpCallers();
  credentials = await makeCredentials();
});

const SECRETS = { authToken: "the-auth-token", appSecret: "the-app-secret", verifyToken: "the-verify-token" };

/** The channels whose providers call us. */
async function setUpCallers(): Promise<void> {
  const admin = await house.signIn("owner");
  const save = async (channel: string, settings: object, secrets: object) => {
    const path = `/admin/api/channels/${channel}`;
    const { version } = (await house.call("GET", path, undefined, admin)).body;
    expect((await house.call("PUT", path, { version, settings, secrets }, admin)).status).toBe(200);
  };
  const { authToken, ...meta } = SECRETS;
  await save("sms", { accountSid: `AC${"0".repeat(32)}`, from: "+15551234567", messagingServiceSid: "" }, { authToken });
  await save("whatsapp", { phoneNumberId: "10654", businessAccountId: "10229", templates: {} }, { accessToken: "EAAB", ...meta });
}

const signTwilio = (path: string, body: string, token = SECRETS.authToken): Headed => ({
  "x-twilio-signature": createHmac("sha1", token).update(`${ORIGIN}${path}${body}`).digest("base64"),
});
const signMeta = (body: string, secret = SECRETS.appSecret): Headed => ({
  "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
});

/** The route's path with what really exists in the first organisation; nothing that later tests look at is taken away. */
function pathOf({ method, path }: Route): string {
  if (path.startsWith("/v1/users/")) return path.replace(":id", method === "DELETE" ? "u9" : "u1");
  if (path.includes("/events/")) return path.replace(":id", "e1");
  if (path.startsWith("/hooks/")) return path.replace(":org", "acme");
  return path.replace(":id", "0-8").replace(":channel", "email").replace(/:\w+/g, "x");
}

/** Sends what the guard looks at before anything else, so that a refusal speaks for the credential and not for the body. */
function ask(route: Route, headers: Headed) {
  const body = isUnsafe(route) ? {} : undefined;
  return house.call(route.method, pathOf(route), body, { origin: ORIGIN, ...headers });
}

test("every route names its caller", () => {
  const kinds = new Set(["crm", "user", "admin", "queue", "provider", "ticket", "link", "operator", "local", "public"]);
  expect(routes.filter(({ caller }) => !kinds.has(caller.kind)).map(title)).toEqual([]);
  expect(new Set(routes.map(title)).size).toBe(routes.length);
});

test("what is served and what is declared are the same, but for pages and refusals", () => {
  const served = createRouter(house.outside).routes.map(({ method, path }) => `${method} ${path}`);
  const declared = routes.map(title);
  expect(served.filter((one) => !declared.includes(one))).toEqual([
    "OPTIONS /v1/*",
    "ALL /v1/*",
    "ALL /admin/api/*",
    "ALL /internal/*",
    "GET /*",
  ]);
  expect(declared.filter((one) => !served.includes(one))).toEqual([]);
});

const guarded = routes.filter(({ caller }) => ["crm", "user", "admin", "queue", "provider", "operator"].includes(caller.kind));

describe.each(guarded.map((route) => [title(route), route] as const))("%s", (_, route) => {
  test("refuses every credential that is not meant for it", async () => {
    for (const credential of credentials.filter(({ fits }) => !fits(route.caller))) {
      const answer = await ask(route, credential.headers);
      // Whoever brings so many to an operator's call is stopped before the last.
      const refusals = route.caller.kind === "operator" ? [401, 404, 429] : [401, 403, 404];
      expect(refusals, `${credential.name}: ${answer.text}`).toContain(answer.status);
      expect(answer.text, credential.name).not.toContain(MARK);
    }
  });

  test("lets in whom it is meant for", async () => {
    for (const headers of await fitting(route)) {
      const { status, text } = await ask(route, headers);
      expect([401, 403], text).not.toContain(status);
    }
  });

  test("shows another organisation nothing", async () => {
    const strangers = await strangersFor(route);
    for (const headers of strangers) {
      const { text, status } = await ask(route, headers);
      expect(text).not.toContain(MARK);
      if (/(events|deliveries)\/:id/.test(route.path)) expect(status, text).toBe(404);
    }
  });
});

test("what was planted can be seen by those whose it is, so the tests above could have failed", async () => {
  for (const path of ["/v1/users/u1", "/v1/events/e1", "/v1/deliveries"])
    expect((await house.call("GET", path, undefined, house.key)).text).toContain(MARK);
  expect((await house.call("GET", "/v1/me/inbox", undefined, await house.bell("u1"))).text).toContain(MARK);
  expect((await house.call("GET", "/admin/api/deliveries", undefined, await house.signIn("viewer"))).text).toContain(MARK);
});

/** The answer to each route that carries its own credential, without it. */
const WITHOUT: Record<string, { path?: string; body?: object; headers?: Headed; status: number }> = {
  "POST /admin/api/session": { body: { ticket: "not-a-ticket" }, status: 401 },
  "POST /internal/bootstrap": {
    body: { org: "third", name: "Third", owner: { id: "o", name: "O", email: "o@example.com" } },
    status: 401,
  },
  "POST /v1/push/renew": {
    body: {
      endpoint: "https://fcm.googleapis.com/fcm/send/a",
      subscription: { endpoint: "https://fcm.googleapis.com/fcm/send/b", p256dh: "BA", auth: "BB" },
      proof: "acme~u1~AAAAAAAAAAAAAAAAAAAAAA",
    },
    status: 401,
  },
  "POST /hooks/push/:report": { path: "/hooks/push/acme~0-8~AAAAAAAAAAAAAAAAAAAAAA", body: { state: "shown" }, status: 401 },
  "GET /u/:link": { path: "/u/acme~u1~mention~AAAAAAAAAAAAAAAAAAAAAA", status: 404 },
  "POST /u/:link": { path: "/u/acme~u1~mention~AAAAAAAAAAAAAAAAAAAAAA", body: {}, status: 404 },
  "GET /v1/me/socket": { headers: { upgrade: "websocket", "sec-websocket-protocol": "carillon.v1, ticket.bm90IG9uZQ" }, status: 401 },
};

describe("credentials of their own", () => {
  test.each(
    routes.filter(({ caller }) => caller.kind === "ticket" || caller.kind === "link").map((route) => [title(route), route] as const),
  )("%s needs its own", async (name, route) => {
    const tried = WITHOUT[name];
    if (!tried) throw new Error(`${name} carries its own credential: say here how it is refused`);
    for (const { headers } of credentials) {
      const answer = await house.call(route.method, tried.path ?? route.path, tried.body, { origin: ORIGIN, ...headers, ...tried.headers });
      // Trying often is refused too.
      expect([tried.status, 429], answer.text).toContain(answer.status);
      expect(answer.text).not.toContain(MARK);
    }
  });

  test("a ticket signs in once", async () => {
    const admin = { id: "a", name: "A", email: "a@example.com" };
    house.clock.pass(61_000);
    const { body } = await house.call("POST", "/v1/admin-tickets", { admin, role: "viewer" }, house.key);
    const signIn = () => house.call("POST", "/admin/api/session", { ticket: body.ticket }, { origin: ORIGIN });
    expect([(await signIn()).status, (await signIn()).status]).toEqual([200, 401]);
  });

  test("a ticket is worthless after a minute", async () => {
    const admin = { id: "a", name: "A", email: "a@example.com" };
    const { body } = await house.call("POST", "/v1/admin-tickets", { admin, role: "viewer" }, house.key);
    house.clock.pass(61_000);
    expect((await house.call("POST", "/admin/api/session", { ticket: body.ticket }, { origin: ORIGIN })).status).toBe(401);
  });

  test("without a bootstrap token there is no bootstrap", async () => {
    const closed = createApp({ ...house.outside, config: { ...house.outside.config, bootstrapToken: null } });
    const body = JSON.stringify(WITHOUT["POST /internal/bootstrap"]!.body);
    for (const authorization of ["", "Bearer ", "Bearer", "Bearer null", "Bearer undefined", "Bearer the-bootstrap-token"]) {
      const request = new Request(`${ORIGIN}/internal/bootstrap`, { method: "POST", headers: { authorization }, body });
      expect((await closed(request)).status, authorization).toBe(404);
    }
  });
});

test("what belongs to a local start does not exist anywhere else, whoever asks", async () => {
  const local = routes.filter(({ caller }) => caller.kind === "local");
  expect(local.length).toBeGreaterThan(0);
  for (const route of local)
    for (const { headers, name } of [...credentials, { name: "undefined", headers: { authorization: "Bearer undefined" } }])
      expect((await ask(route, headers)).status, `${title(route)} with ${name}`).toBe(404);
});

test("what is open to all tells nothing of anybody", async () => {
  for (const route of routes.filter(({ caller }) => caller.kind === "public")) {
    const { status, text } = await ask(route, {});
    expect(status, title(route)).toBeLessThan(500);
    expect(text, title(route)).not.toContain(MARK);
  }
});

describe("admin calls that change something", () => {
  const unsafe = routes.filter((route) => route.path.startsWith("/admin/api/") && isUnsafe(route));

  test.each(unsafe.map((route) => [title(route), route] as const))("%s comes from the page itself only", async (_, route) => {
    const { cookie } = await house.signIn("owner");
    const body = WITHOUT[title(route)]?.body ?? {};
    const from = (headers: Headed) => house.call(route.method, pathOf(route), body, { cookie: cookie!, ...headers });
    for (const origin of ["https://evil.example", "https://carillon.example.com.evil.example", "http://carillon.example.com", "null"])
      expect(await from({ origin }), origin).toMatchObject({ status: 403, body: { code: "origin.cross-site" } });
    for (const site of ["cross-site", "same-site", "none"])
      expect(await from({ "sec-fetch-site": site }), site).toMatchObject({ status: 403, body: { code: "origin.cross-site" } });
  });

  test.each(unsafe.map((route) => [title(route), route] as const))("%s takes JSON only", async (_, route) => {
    const { cookie } = await house.signIn("owner");
    const body = JSON.stringify(WITHOUT[title(route)]?.body ?? {});
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/jsonp",
      "text/json",
    ]) {
      const headers = { cookie: cookie!, origin: ORIGIN, "content-type": type };
      expect((await house.fetch(route.method, pathOf(route), { body, headers })).status, type).toBe(415);
    }
  });
});

describe("deny by default", () => {
  const UNDECLARED = [
    "/v1",
    "/v1/",
    "/v1/nothing",
    "/v1/events/e1/nothing",
    "/v1/me",
    "/v1/me/nothing",
    "/V1/events",
    "/v1/users/u1/nothing",
    "/admin/api",
    "/admin/api/",
    "/admin/api/nothing",
    "/admin/api/keys/k/nothing",
    "/ADMIN/API/keys",
    "/internal/nothing",
    "/internal/jobs",
    "/internal/jobs/deliver/",
    "/metrics",
    "/.env",
    "/hooks/nothing/acme",
    "//v1/events",
    "/v1//events",
  ];

  test.each(["GET", "POST", "PUT", "DELETE", "PATCH"])("%s on a path that nobody declared is answered 404 to everybody", async (method) => {
    for (const path of UNDECLARED)
      for (const { headers, name } of credentials) {
        const { status, text } = await house.call(method, path, method === "GET" ? undefined : {}, { origin: ORIGIN, ...headers });
        expect(status, `${path} with ${name}: ${text}`).toBe(404);
      }
  });

  test("a path written in another way finds no way around the guard", async () => {
    for (const path of [
      "/admin/api/%6beys",
      "/admin/api/./keys",
      "/v1/../admin/api/keys",
      "/admin%2fapi/keys",
      "/v1/%65vents/e1",
      "/admin/api/keys/",
    ]) {
      const { status, text } = await house.call("GET", path);
      expect([401, 404], `${path}: ${text}`).toContain(status);
    }
  });

  test("a method that nobody declared is not served", async () => {
    for (const path of ["/v1/events", "/v1/tokens", "/admin/api/keys", "/admin/api/channels/email/reveal"])
      for (const method of ["PATCH", "PROPFIND", "REPORT"])
        expect((await house.call(method, path, undefined, house.key)).status, `${method} ${path}`).toBe(404);
  });
});

/** One of every kind, and of every way in which one can be no good. */
async function makeCredentials(): Promise<Credential[]> {
  const owner = await house.signIn("owner");
  const makeKey = async (wanted: object) =>
    (await house.call("POST", "/admin/api/keys", { name: "a key", scopes: SCOPES, ...wanted }, owner)).body;
  const inASecond = new Date(house.clock.now() + 1_000).toISOString();

  const idleSession = await house.signIn("owner");
  const { body: oldToken } = await house.call("POST", "/v1/tokens", { user: "u1", ttl: 1 }, house.key);
  const oldKey = await makeKey({ expiresAt: inASecond });
  const revokedKey = await makeKey({});
  await house.call("DELETE", `/admin/api/keys/${revokedKey.key.id}`, undefined, owner);
  house.clock.pass(31 * 60_000);

  const leftSession = await house.signIn("owner");
  await house.call("DELETE", "/admin/api/session", undefined, leftSession);
  const fresh = await house.signIn("owner");
  const scoped = await Promise.all(
    SCOPES.map(async (scope) => ({
      scope,
      ...(await house.call("POST", "/admin/api/keys", { name: scope, scopes: SCOPES.filter((one) => one !== scope) }, fresh)).body,
    })),
  );
  const roles = await Promise.all(ROLES.map(async (role) => ({ role, headers: await house.signIn(role) })));
  const bell = await house.bell("u1");
  const [head, , signature] = bell["authorization"]!.replace("Bearer ", "").split(".");
  const { body: socket } = await house.call("POST", "/v1/me/socket-ticket", undefined, bell);
  const { body: ticket } = await house.call(
    "POST",
    "/v1/admin-tickets",
    { admin: { id: "x", name: "X", email: "x@example.com" }, role: "owner" },
    house.key,
  );
  const bearer = (text: string): Headed => ({ authorization: `Bearer ${text}` });
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const claims = {
    aud: "carillon:me",
    sub: "u1",
    org: "acme",
    shards: 1,
    iat: Math.floor(house.clock.now() / 1_000),
    exp: Math.floor(house.clock.now() / 1_000) + 60,
  };
  const secret = house.key["authorization"]!;
  const signed = (url: string, key: string) => ({ "upstash-signature": signAsQueue({ url, body: "{}", key, now: Date.now() }) });

  return [
    { name: "nothing", headers: {}, fits: never },
    { name: "an empty bearer", headers: { authorization: "Bearer " }, fits: never },
    { name: "garbage", headers: bearer("garbage"), fits: never },
    { name: "basic sign-in", headers: { authorization: `Basic ${Buffer.from("admin:admin").toString("base64")}` }, fits: never },
    {
      name: "a key that differs in one letter",
      headers: { authorization: secret.slice(0, -1) + (secret.endsWith("A") ? "B" : "A") },
      fits: never,
    },
    { name: "a key of an unknown organisation", headers: { authorization: secret.replace("ck_acme", "ck_nobody") }, fits: never },
    { name: "a key under another organisation's name", headers: { authorization: secret.replace("ck_acme", "ck_other") }, fits: never },
    { name: "an expired key", headers: bearer(oldKey.secret), fits: never },
    { name: "a revoked key", headers: bearer(revokedKey.secret), fits: never },
    { name: "a key as a cookie", headers: { cookie: `__Host-carillon=${secret.replace("Bearer ", "")}` }, fits: never },
    { name: "a key in the query's place", headers: { "x-api-key": secret }, fits: never },
    ...scoped.map(({ scope, secret: text }) => ({
      name: `a key with every scope but ${scope}`,
      headers: bearer(text),
      fits: (caller: Caller) => caller.kind === "crm" && caller.scope !== scope,
    })),
    { name: "a user token", headers: bell, fits: (caller) => caller.kind === "user" },
    { name: "an expired user token", headers: bearer(oldToken.token), fits: never },
    {
      name: "a user token for someone else under the same signature",
      headers: bearer(`${head}.${encode({ ...claims, sub: "u2" })}.${signature}`),
      fits: never,
    },
    {
      name: "a user token without a signature",
      headers: bearer(`${encode({ alg: "none", typ: "carillon-user+jwt" })}.${encode(claims)}.`),
      fits: never,
    },
    {
      name: "a user token with an empty key",
      headers: bearer(`${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}.${signature}`),
      fits: never,
    },
    ...roles.map(({ role, headers }) => ({
      name: `the session of a ${role}`,
      headers,
      fits: (caller: Caller) => caller.kind === "admin" && ROLES.indexOf(role) <= ROLES.indexOf(caller.role),
    })),
    { name: "a session that was idle too long", headers: idleSession, fits: never },
    { name: "a session that was ended", headers: leftSession, fits: never },
    { name: "a session's cookie as a bearer", headers: bearer(fresh["cookie"]!.split("=")[1]!), fits: never },
    { name: "a cookie of another name", headers: { cookie: fresh["cookie"]!.replace("__Host-", "") }, fits: never },
    { name: "a sign-in ticket as a bearer", headers: bearer(ticket.ticket), fits: never },
    { name: "a socket's ticket as a bearer", headers: bearer(socket.ticket), fits: never },
    { name: "the bootstrap token", headers: bearer("not the bootstrap token"), fits: never },
    { name: "the queue's signature for another address", headers: signed(`${ORIGIN}/elsewhere`, QUEUE_KEYS.currentKey), fits: never },
    { name: "Twilio's signature with another token", headers: signTwilio("/hooks/twilio/acme", "{}", "another"), fits: never },
    { name: "Twilio's signature for another address", headers: signTwilio("/hooks/twilio/other", "{}"), fits: never },
    { name: "Meta's signature with another secret", headers: signMeta("{}", "another"), fits: never },
    { name: "Meta's signature over another body", headers: signMeta("[]"), fits: never },
    { name: "a signature with a made-up key", headers: signed(`${ORIGIN}/internal/jobs/deliver`, "made up"), fits: never },
  ];
}

/** Credentials of their own each time, because some calls end theirs. */
async function fitting(route: Route): Promise<Headed[]> {
  const { caller } = route;
  switch (caller.kind) {
    case "crm":
      return [house.key, ...credentials.filter(({ fits }) => fits(caller)).map(({ headers }) => headers)];
    case "user":
      return [await house.bell("u1")];
    case "admin":
      return Promise.all(ROLES.filter((role) => ROLES.indexOf(role) <= ROLES.indexOf(caller.role)).map((role) => house.signIn(role)));
    case "queue":
      return Object.values(QUEUE_KEYS).map((key) => ({
        "upstash-signature": signAsQueue({ url: `${ORIGIN}${route.path}`, body: "{}", key, now: Date.now() }),
      }));
    case "provider":
      // Meta's check of the address brings its token in the query, where no header helps.
      if (route.method === "GET") return [];
      return [caller.channel === "sms" ? signTwilio(pathOf(route), "{}") : signMeta("{}")];
    default:
      return [];
  }
}

/** Whoever is somebody elsewhere. */
async function strangersFor({ caller }: Route): Promise<Headed[]> {
  if (caller.kind === "crm") return [other];
  if (caller.kind === "user") return [await house.bell("u1", other), await house.bell("u2")];
  if (caller.kind === "admin") return [await house.signIn("owner", other)];
  return [];
}
