import { expect, test } from "vitest";
import { AppError, Unavailable } from "../errors.ts";
import { fixedClock, memoryStore } from "../settings/fixtures.ts";
import { bootstrap } from "./bootstrap.ts";
import { authenticate } from "./api-keys.ts";
import { takeAdminTicket } from "./admin-tickets.ts";
import { checkSameOrigin } from "./origin.ts";
import { countTry, forgetTries } from "./rate-limit.ts";

const PUBLIC = "https://carillon.example.com";
const refusal = (headers: Record<string, string>, body?: string): number | null => {
  try {
    checkSameOrigin(new Request("http://10.0.0.7:8787/admin/api/keys", { method: "POST", headers, body: body ?? null }), PUBLIC);
    return null;
  } catch (error) {
    return error instanceof AppError ? error.status : 0;
  }
};
const JSON_TYPE = { "content-type": "application/json" };

test("our own page may change things, and so may a client that is no browser", () => {
  expect(refusal({ ...JSON_TYPE, origin: PUBLIC }, "{}")).toBe(null);
  expect(refusal({ ...JSON_TYPE, origin: "http://10.0.0.7:8787" }, "{}")).toBe(null);
  expect(refusal({ "content-type": "application/json; charset=utf-8", "sec-fetch-site": "same-origin" }, "{}")).toBe(null);
  expect(refusal(JSON_TYPE, "{}")).toBe(null);
  expect(refusal({})).toBe(null);
  expect(refusal({ "content-length": "0" })).toBe(null);
});

test("other sites may not, whatever they send", () => {
  for (const origin of ["https://evil.example", "null", "", "http://carillon.example.com", `${PUBLIC}.evil.example`, `${PUBLIC}:444`])
    expect(refusal({ ...JSON_TYPE, origin }, "{}")).toBe(403);
  for (const site of ["cross-site", "same-site", "none"]) expect(refusal({ ...JSON_TYPE, "sec-fetch-site": site }, "{}")).toBe(403);
});

test("a body that a form could send is refused", () => {
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "text/plain; application/json",
  ]) {
    expect(refusal({ "content-type": type, origin: PUBLIC }, "{}")).toBe(415);
  }
  expect(refusal({ origin: PUBLIC, "content-type": "", "content-length": "2" }, "{}")).toBe(415);
});

test("tries are counted by the minute, and forgotten after a success", async () => {
  const clock = fixedClock();
  const store = memoryStore(clock);
  const rate = { name: "sign-in", max: 3, seconds: 60, failClosed: true };
  const tryOnce = (whose = "192.0.2.1") => countTry({ store, clock }, rate, whose);
  for (let count = 0; count < 3; count++) await tryOnce();
  clock.pass(20_000);
  await expect(tryOnce()).rejects.toMatchObject({ status: 429, headers: { "retry-after": "40" } });
  await tryOnce("192.0.2.2");
  clock.pass(40_000);
  await tryOnce();
  await forgetTries({ store, clock }, rate, "192.0.2.1");
  for (let count = 0; count < 3; count++) await tryOnce();
});

test("without the store a closed rate lets nobody through, an open one everybody", async () => {
  const clock = fixedClock();
  const store = memoryStore(clock);
  store.isAway = true;
  const rate = { name: "test", max: 3, seconds: 60 };
  await expect(countTry({ store, clock }, { ...rate, failClosed: true }, "a")).rejects.toThrow(Unavailable);
  await countTry({ store, clock }, { ...rate, failClosed: false }, "a");
});

test("the first organisation gets its key and its owner's link, once", async () => {
  const clock = fixedClock();
  const store = memoryStore(clock);
  const ports = {
    clock,
    store,
    background: () => {},
    config: { publicUrl: PUBLIC, allowPrivateHosts: false, standIns: {}, bootstrapToken: null, local: null },
  };
  const wanted = { org: "acme", name: "Acme", shards: 2, owner: { id: "o", name: "Olga", email: "olga@example.com" } };
  const made = await bootstrap(ports, wanted);
  expect(made).toMatchObject({ org: "acme", url: `${PUBLIC}/#ticket=${made.ticket}`, expiresAt: "2026-11-24T12:00:00.000Z" });
  expect(await authenticate(ports, `Bearer ${made.apiKey}`, "simulate")).toEqual({ org: "acme", keyId: "first", version: 1, shards: 2 });
  expect(await takeAdminTicket(ports, made.ticket)).toEqual({ org: "acme", admin: wanted.owner, role: "owner" });
  expect(await store.run(["SMEMBERS", "orgs"])).toEqual([["acme"]]);
  await expect(bootstrap(ports, wanted)).rejects.toMatchObject({ status: 409, code: "bootstrap.done" });

  const own = `ck_demo.local_${"s".repeat(43)}`;
  expect((await bootstrap(ports, { ...wanted, org: "demo", apiKey: own })).apiKey).toBe(own);
  expect(await authenticate(ports, `Bearer ${own}`, "events")).toMatchObject({ org: "demo", keyId: "local" });
  for (const apiKey of [own, "secret", `ck_third.a_${"s".repeat(20)}`]) {
    await expect(bootstrap(ports, { ...wanted, org: "third", apiKey })).rejects.toMatchObject({ status: 400, code: "key.malformed" });
  }
});
