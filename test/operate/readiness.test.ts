import { describe, expect, test } from "vitest";
import { createApp } from "@carillon/worker/app";
import { Unavailable } from "@carillon/worker/errors";
import type { Outside } from "@carillon/worker/ports";
import { createVault } from "@carillon/worker/settings/vault";
import { ORIGIN, startApp, type House } from "../harness/app.ts";

const ALL_WELL = { store: true, queue: true, shards: true, keys: true, zones: true };
const key = (letter: number) => Buffer.alloc(32, letter).toString("base64");
const SECRET = "a-secret-that-nobody-sees";

async function ask(house: House, outside: Partial<Outside> = {}) {
  // A store of its own, since what is known is kept by it.
  const store = { ...house.outside.store, ...outside.store };
  const answer = await createApp({ ...house.outside, ...outside, store })(new Request(`${ORIGIN}/readyz`));
  const text = await answer.text();
  expect(text).not.toContain(SECRET);
  return { status: answer.status, ...(JSON.parse(text) as { ok: boolean; parts: Record<string, boolean> }) };
}

/** A house in which a secret was saved, sealed with the key k1. */
async function sealedHouse(): Promise<House> {
  const house = await startApp();
  const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };
  const form = { version: 1, settings, secrets: { password: SECRET } };
  await house.call("PUT", "/admin/api/channels/email", form, await house.signIn("owner"));
  return house;
}

describe("/readyz", () => {
  test("is green when all is well, also while there is no organisation", async () => {
    expect(await ask(await sealedHouse())).toEqual({ status: 200, ok: true, parts: ALL_WELL });
  });

  test("names the store that does not answer, and nothing else", async () => {
    const away = () => Promise.reject(new Unavailable("store"));
    const store = { run: away, atomic: away, isReady: async () => false };
    expect(await ask(await sealedHouse(), { store })).toEqual({ status: 503, ok: false, parts: { ...ALL_WELL, store: false } });
  });

  test("names the queue that does not answer", async () => {
    const house = await sealedHouse();
    const queue = { ...house.outside.queue, isReady: async () => false };
    expect(await ask(house, { queue })).toEqual({ status: 503, ok: false, parts: { ...ALL_WELL, queue: false } });
  });

  test("names the shards that can't be reached", async () => {
    const house = await sealedHouse();
    house.shards.isAway = true;
    expect(await ask(house)).toEqual({ status: 503, ok: false, parts: { ...ALL_WELL, shards: false } });
  });

  test.each([
    ["without the key that a saved secret is sealed with", { keys: { k2: key(9) }, active: "k2" }],
    ["with other bytes under its name", { keys: { k1: key(9) }, active: "k1" }],
  ])("is red %s", async (_, keys) => {
    const house = await sealedHouse();
    expect(await ask(house, { vault: createVault(keys) })).toEqual({ status: 503, ok: false, parts: { ...ALL_WELL, keys: false } });
  });

  test("is green with a new active key beside the old one", async () => {
    const vault = createVault({ keys: { k1: key(7), k2: key(9) }, active: "k2" });
    expect((await ask(await sealedHouse(), { vault })).ok).toBe(true);
  });

  test("is red once the time-zone data that we carry has run out", async () => {
    const clock = { now: () => Date.UTC(2037, 0, 2) };
    expect((await ask(await sealedHouse(), { clock })).parts).toEqual({ ...ALL_WELL, zones: false });
  });

  test("asks nobody anew within a second of all being well, and looks into the same settings once", async () => {
    const house = await sealedHouse();
    const call = () => house.call("GET", "/readyz");
    await call();
    const { after } = await house.count(call);
    expect([after.trips, after.calls.length]).toEqual([0, 0]);
    house.clock.pass(1_000);
    const later = await house.count(call);
    expect(later.after.commands.map(([name]) => name)).toEqual(["SMEMBERS", "HMGET"]);
  });
});
