import { beforeEach, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { fixedClock, memoryStore } from "../settings/fixtures.ts";
import { authenticate, createKey, listKeys, revokeKey } from "./api-keys.ts";

let clock: ReturnType<typeof fixedClock>;
let store: ReturnType<typeof memoryStore>;
let waiting: Promise<unknown>[];
const ports = () => ({ clock, store, background: (work: Promise<unknown>) => void waiting.push(work) });

beforeEach(async () => {
  clock = fixedClock();
  store = memoryStore(clock);
  waiting = [];
  await store.run(["HSET", "org:acme", "version", "7", "shards", "2", "name", "Acme"]);
});

const make = async (more: { scopes?: ("events" | "users")[]; expiresAt?: string } = {}) =>
  createKey(ports(), "acme", { name: "CRM", scopes: more.scopes ?? ["events"], expiresAt: more.expiresAt }, "Kim");
const refusal = async (header: string | undefined, scope: "events" | "users" = "events") => {
  const error = await authenticate(ports(), header, scope).then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof AppError ? [error.status, error.code] : error;
};

test("a key opens its own organisation, with one command in one round trip", async () => {
  const { secret, key } = await make();
  expect(secret).toMatch(/^ck_acme\.[a-zA-Z0-9]{10}_[\w-]{43}$/);
  store.trips = 0;
  store.commands = [];
  expect(await authenticate(ports(), `Bearer ${secret}`, "events")).toEqual({ org: "acme", keyId: key.id, version: 7, shards: 2 });
  const asked = store.commands.slice(0, 1);
  await Promise.all(waiting);
  expect(asked).toEqual([["HMGET", "org:acme", "version", "shards", `key:${key.id}`]]);
  waiting = [];
  store.trips = 0;
  await authenticate(ports(), `Bearer ${secret}`, "events");
  expect([store.trips, waiting.length]).toEqual([1, 0]);
});

test("the secret is stored as a hash only", async () => {
  const { secret } = await make();
  expect(JSON.stringify(await store.run(["HGETALL", "org:acme"]))).not.toContain(secret.slice(-43));
});

test("whatever is not exactly the key is refused", async () => {
  const { secret } = await make();
  for (const header of [undefined, ""]) expect(await refusal(header)).toEqual([401, "key.missing"]);
  const wrong = [
    secret,
    "Bearer",
    `Basic ${secret}`,
    `Bearer ${secret}x`,
    `Bearer ${secret.slice(0, -1)}`,
    `Bearer ${secret.slice(0, -1)}${secret.endsWith("A") ? "B" : "A"}`,
  ];
  const elsewhere = [
    `Bearer ${secret.replace("acme", "other")}`,
    `Bearer ${secret.replace("acme", "ACME")}`,
    `Bearer ${secret.replace(/\.\w+_/, ".version_")}`,
  ];
  for (const header of [...wrong, ...elsewhere]) expect(await refusal(header)).toEqual([401, "key.invalid"]);
});

test("a key does what its scopes say, until it expires or is revoked", async () => {
  const { secret, key } = await make({ expiresAt: "2026-11-23T13:00:00Z" });
  expect(await refusal(`Bearer ${secret}`, "users")).toEqual([403, "key.scope"]);
  clock.pass(3_600_000);
  expect(await refusal(`Bearer ${secret}`)).toEqual([401, "key.expired"]);
  await revokeKey(ports(), "acme", key.id);
  expect(await refusal(`Bearer ${secret}`)).toEqual([401, "key.invalid"]);
  await expect(revokeKey(ports(), "acme", key.id)).rejects.toMatchObject({ status: 404 });
});

test("the list shows when a key was last used, to the minute and without its secret", async () => {
  const { secret, key } = await make();
  await make({ scopes: ["users"] });
  await authenticate(ports(), `Bearer ${secret}`, "events");
  clock.pass(30_000);
  await authenticate(ports(), `Bearer ${secret}`, "events");
  await Promise.all(waiting);
  expect(waiting).toHaveLength(1);
  const listed = await listKeys(ports(), "acme");
  expect(listed).toHaveLength(2);
  expect(listed.find((each) => each.id === key.id)).toEqual({ ...key, lastUsedAt: "2026-11-23T12:00:00.000Z" });
  clock.pass(30_000);
  await authenticate(ports(), `Bearer ${secret}`, "events");
  expect(waiting).toHaveLength(2);
});
