import { beforeEach, expect, test } from "vitest";
import { ROLES } from "@carillon/shared/access";
import { CHANNELS } from "@carillon/shared/channels";
import { adminRoutes } from "./admin.ts";
import { ORIGIN, localApp } from "./fixtures.ts";

let house: Awaited<ReturnType<typeof localApp>>;
let owner: Record<string, string>;
const EMAIL = { host: "127.0.0.1", port: 1, username: "crm", encryption: "none", fromAddress: "crm@example.com" };

beforeEach(async () => {
  house = await localApp();
  owner = await house.signIn("owner");
});

const get = async (path: string, headers = owner) => house.call("GET", `/admin/api${path}`, { headers });
const post = async (path: string, body?: unknown, headers = owner) => house.call("POST", `/admin/api${path}`, { headers, body });
const acts = async () =>
  ((await get("/audit")).json().data as { act: string; what: string; detail: object }[]).map(({ act, what }) => `${act} ${what}`);

test("a ticket signs in once; the session shows who, and ends with sign-out", async () => {
  const { ticket } = (
    await house.call("POST", "/v1/admin-tickets", {
      headers: house.key,
      body: { admin: { id: "a", name: "Al", email: "al@example.com" }, role: "viewer" },
    })
  ).json();
  const signedIn = await house.call("POST", "/admin/api/session", { body: { ticket } });
  expect(signedIn.headers.get("set-cookie")).toMatch(
    /^__Host-carillon=demo\.[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict$/,
  );
  expect(signedIn.json()).toEqual({
    admin: { id: "a", name: "Al", email: "al@example.com" },
    role: "viewer",
    org: "demo",
    signedInAt: "2026-11-23T12:00:00.000Z",
    confirmedAt: "2026-11-23T12:00:00.000Z",
    allowPrivateHosts: true,
    publicUrl: ORIGIN,
  });
  expect((await house.call("POST", "/admin/api/session", { body: { ticket } })).json()).toMatchObject({
    status: 401,
    code: "ticket.invalid",
  });
  const browser = { cookie: signedIn.headers.get("set-cookie")!.split(";")[0]!, origin: ORIGIN };
  expect((await get("/session", browser)).json()).toEqual(signedIn.json());
  const signedOut = await house.call("DELETE", "/admin/api/session", { headers: browser });
  expect([signedOut.status, signedOut.headers.get("set-cookie")]).toEqual([204, expect.stringContaining("Max-Age=0")]);
  expect((await get("/session", browser)).json()).toMatchObject({ status: 401, code: "session.expired" });
});

test("guessing tickets ends after 20 tries a minute", async () => {
  const answers = [];
  for (let count = 0; count < 22; count++)
    answers.push((await house.call("POST", "/admin/api/session", { body: { ticket: "guess" } })).status);
  expect(answers.filter((status) => status === 401)).toHaveLength(20);
  expect(answers.slice(20)).toEqual([429, 429]);
  house.clock.pass(60_000);
  expect((await house.call("POST", "/admin/api/session", { body: { ticket: "guess" } })).status).toBe(401);
});

test("no call of the page works without a session, from another site, or for a lesser role", async () => {
  const sessions = Object.fromEntries(await Promise.all(ROLES.map(async (role) => [role, await house.signIn(role)] as const)));
  for (const { method, path, caller } of adminRoutes) {
    if (caller.kind !== "admin") continue;
    const at = path.replace(":channel", "email").replace(":id", "x");
    const ask = async (headers: Record<string, string>) =>
      (await house.call(method, at, { headers, ...(method === "GET" ? {} : { body: {} }) })).json();
    expect(await ask({})).toMatchObject({ status: 401 });
    if (method !== "GET")
      expect(await ask({ ...sessions.owner, origin: "https://evil.example" })).toMatchObject({ code: "origin.cross-site" });
    const lesser = ROLES[ROLES.indexOf(caller.role) + 1];
    if (lesser) expect(await ask(sessions[lesser]!)).toMatchObject({ status: 403, code: "role.too-low" });
  }
});

test("a channel is saved, switched and tested, and all of it is on record without the secret", async () => {
  expect(((await get("/channels")).json().data as { channel: string }[]).map(({ channel }) => channel)).toEqual([...CHANNELS]);
  const saved = await house.call("PUT", "/admin/api/channels/email", {
    headers: owner,
    body: { version: 1, settings: EMAIL, secrets: { password: "hunter2" } },
  });
  expect(saved.json()).toMatchObject({ version: 2, secrets: { password: { set: true } }, health: { state: "untested" } });
  expect((await house.call("PUT", "/admin/api/channels/email", { headers: owner, body: saved.json() })).json()).toMatchObject({
    version: 3,
    settings: saved.json().settings,
  });
  const late = await house.call("PUT", "/admin/api/channels/email", { headers: owner, body: saved.json() });
  expect(late.json()).toMatchObject({ status: 409, code: "settings.conflict", current: { version: 3 } });

  expect((await post("/channels/email/enable", {})).json()).toMatchObject({ enabled: true, version: 3 });
  const tested = await post("/channels/email/test", { to: "me@example.com" });
  expect(tested.headers.get("content-type")).toBe("application/x-ndjson");
  expect(JSON.parse(tested.text.trim().split("\n").at(-1)!)).toMatchObject({ stage: "done", ok: false });
  expect((await get("/channels/email")).json()).toMatchObject({ tested: { ok: false }, enabled: true });
  expect((await post("/channels/email/disable")).json()).toMatchObject({ enabled: false });
  expect((await get("/channels/email/parked")).json()).toEqual({ parked: 0, oldestParked: null, urgent: 0, people: 0, segments: null });

  const audit = (await get("/audit")).text;
  expect(audit).not.toContain("hunter2");
  expect(await acts()).toEqual([
    "channel.disable email",
    "channel.test email",
    "channel.enable email",
    "channel.save email",
    "channel.save email",
    "sign-in kim@example.com",
  ]);
  expect(((await get("/settings/history")).json().data as { what: string }[]).map(({ what }) => what)).toEqual([
    "email switched off",
    "email tested",
    "email switched on",
    "email saved",
    "email saved",
    null,
  ]);
  expect((await post("/channels/fax/enable", {})).status).toBe(404);
  expect((await post("/channels/sms/enable", {})).json()).toMatchObject({ code: "channel.unconfigured" });
});

test("a secret is shown to whoever has just confirmed, and each look is on record", async () => {
  await house.call("PUT", "/admin/api/channels/email", {
    headers: owner,
    body: { version: 1, settings: EMAIL, secrets: { password: "hunter2" } },
  });
  expect((await post("/channels/email/reveal", { field: "password" })).json()).toEqual({ value: "hunter2" });
  house.clock.pass(15 * 60_000);
  expect((await post("/channels/email/reveal", { field: "password" })).json()).toMatchObject({
    status: 403,
    code: "session.confirm-needed",
  });
  expect((await post("/session/confirm")).json()).toMatchObject({
    confirmedAt: "2026-11-23T12:15:00.000Z",
    signedInAt: "2026-11-23T12:00:00.000Z",
  });
  expect((await post("/channels/email/reveal", { field: "password" })).status).toBe(200);
  expect((await post("/channels/email/reveal", { field: "clientSecret" })).status).toBe(404);
  expect((await post("/channels/email/reveal", { field: "constructor" })).status).toBe(404);
  expect((await acts()).filter((act) => act === "channel.reveal email password")).toHaveLength(2);
});

test("the in-app test puts an item into the admin's own bell", async () => {
  const tested = await post("/channels/in-app/test", {});
  expect(
    tested.text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { stage: string; ok: boolean }).ok),
  ).toEqual([true, true]);
  const { token } = (await post("/me-token", {})).json();
  const inbox = await house.call("GET", "/v1/me/inbox", { headers: { authorization: `Bearer ${String(token)}` } });
  expect(inbox.json()).toMatchObject({ unread: 1, data: [{ type: "note_added" }] });
  await post("/channels/in-app/disable");
  expect((await post("/channels/in-app/test", {})).text).toContain("switched off");
});

test("an API key is made, shown once, used and revoked", async () => {
  const made = await post("/keys", { name: "CRM", scopes: ["events"] });
  const { key, secret } = made.json() as unknown as { key: { id: string }; secret: string };
  expect(made.status).toBe(201);
  const use = async () => (await house.call("GET", "/v1/events/none", { headers: { authorization: `Bearer ${secret}` } })).json();
  expect(await use()).toMatchObject({ status: 404 });
  expect(await house.call("GET", "/v1/ledger", { headers: { authorization: `Bearer ${secret}` } }).then(({ text }) => text)).toContain(
    "key.scope",
  );
  expect((await get("/keys")).text).not.toContain(secret.slice(-43));
  expect((await house.call("DELETE", `/admin/api/keys/${key.id}`, { headers: owner })).status).toBe(204);
  expect(await use()).toMatchObject({ code: "key.invalid" });
});

test("log, ledger, event and routing answer for the own organisation", async () => {
  await house.call("POST", "/v1/events", {
    headers: house.key,
    body: { id: "e-1", type: "mention", recipients: ["u1"], data: { text: "hi" } },
  });
  const { data } = (await get("/deliveries?user=u1")).json() as unknown as { data: { id: string; channel: string }[] };
  expect(data.length).toBeGreaterThan(0);
  expect((await get(`/deliveries/${data[0]!.id}`)).json()).toMatchObject({ id: data[0]!.id });
  expect((await post(`/deliveries/${data[0]!.id}/retry`)).json()).toEqual({ retried: 0 });
  expect((await post("/deliveries/retry?user=u1")).json()).toEqual({ retried: 0 });
  expect((await get("/events/e-1")).json()).toMatchObject({ id: "e-1" });
  expect((await get("/ledger")).json()).toMatchObject({ accepted: 5, unaccounted: 0 });
  expect((await get("/routing")).json()).toMatchObject({ version: 1, cells: { mention: { email: { when: "on", locked: false } } } });
});
