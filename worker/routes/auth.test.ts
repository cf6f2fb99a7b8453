import { beforeEach, expect, test } from "vitest";
import { RATES } from "../access/rate-limit.ts";
import { ORIGIN, localApp } from "./fixtures.ts";

let house: Awaited<ReturnType<typeof localApp>>;
beforeEach(async () => {
  house = await localApp();
});

test("a start that is repeated with the right token is never told to wait, a guesser is", async () => {
  const body = { org: "acme", name: "Acme", owner: { id: "o", name: "Olga", email: "olga@example.com" } };
  const tries = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const statuses = new Set<number>();
    for (let n = 0; n < RATES.signIn.max + 5; n++)
      statuses.add((await house.call("POST", "/internal/bootstrap", { body, headers })).status);
    return [...statuses];
  };
  expect(await tries("boot")).toEqual([201, 409]);
  expect(await tries("guess")).toEqual([401, 429]);
});

test("the bootstrap token makes an organisation once", async () => {
  expect(house.made.status).toBe(201);
  expect(house.made.json()).toMatchObject({ org: "demo", url: expect.stringMatching(`^${ORIGIN}/#ticket=[\\w-]{43}$`) });
  const body = { org: "demo", name: "Demo", owner: { id: "o", name: "Olga", email: "olga@example.com" } };
  expect((await house.call("POST", "/internal/bootstrap", { body, headers: { authorization: "Bearer boot" } })).json()).toMatchObject({
    status: 409,
    code: "bootstrap.done",
  });
  for (const headers of [{}, { authorization: "Bearer wrong" }] as Record<string, string>[]) {
    expect((await house.call("POST", "/internal/bootstrap", { body: { ...body, org: "other" }, headers })).json()).toMatchObject({
      status: 401,
      code: "bootstrap.token",
    });
  }
});

test("the CRM gets a token for its user, and the token opens that user's inbox", async () => {
  const made = await house.call("POST", "/v1/tokens", { headers: house.key, body: { user: "u1", ttl: 60 } });
  const { token, expiresAt } = made.json();
  expect(expiresAt).toBe("2026-11-23T12:01:00.000Z");
  expect((await house.call("GET", "/v1/me/inbox", { headers: { authorization: `Bearer ${String(token)}` } })).status).toBe(200);
  for (const body of [{}, { user: "a b" }, { user: "u1", ttl: 901 }])
    expect((await house.call("POST", "/v1/tokens", { headers: house.key, body })).status).toBe(422);
});

test("a local start gets fresh sign-in links with its own token", async () => {
  const body = { org: "demo", admin: { id: "o", name: "Olga", email: "olga@example.com" } };
  const made = await house.call("POST", "/internal/local/sign-in", { body, headers: { authorization: "Bearer local" } });
  house.clock.pass(23 * 3_600_000);
  expect((await house.call("POST", "/admin/api/session", { body: { ticket: made.json().ticket } })).json()).toMatchObject({
    role: "owner",
    org: "demo",
  });
  expect((await house.call("POST", "/internal/local/sign-in", { body })).json()).toMatchObject({ code: "local.token" });
  expect(
    (await house.call("POST", "/internal/local/sign-in", { body: { ...body, org: "none" }, headers: { authorization: "Bearer local" } }))
      .status,
  ).toBe(404);
});

test("the demo page posts events as a CRM would", async () => {
  await house.call("PUT", "/v1/users/u1", {
    headers: house.key,
    body: { name: "Ann", email: "ann@example.com", timeZone: "Europe/Berlin" },
  });
  expect((await house.call("GET", "/demo/api/people")).json()).toEqual({
    data: [{ id: "u1", name: "Ann", email: "ann@example.com", timeZone: "Europe/Berlin" }],
  });
  expect((await house.call("GET", "/demo/api/info")).json()).toEqual({ sandboxUrl: "http://localhost:8025", adminUrl: `${ORIGIN}/` });
  const event = { id: "demo-1", type: "mention", recipients: ["u1"], data: { text: "hi" } };
  expect((await house.call("POST", "/demo/api/events", { body: event, headers: { origin: ORIGIN } })).json()).toMatchObject({
    id: "demo-1",
    duplicate: false,
  });
  expect((await house.call("POST", "/demo/api/events", { body: event, headers: { origin: "https://evil.example" } })).status).toBe(403);
  const { token } = (await house.call("POST", "/demo/api/token", { body: { user: "u1" }, headers: { origin: ORIGIN } })).json();
  expect((await house.call("GET", "/v1/me/inbox", { headers: { authorization: `Bearer ${String(token)}` } })).json()).toMatchObject({
    unread: 1,
  });
  expect((await house.call("POST", "/demo/api/token", { body: { user: "o" } })).status).toBe(404);
});
