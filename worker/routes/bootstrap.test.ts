import { expect, test } from "vitest";
import { localApp } from "./fixtures.ts";

const HEADERS = { authorization: "Bearer boot" };
const founded = (shards: number) => ({ org: "other", name: "Other", shards, owner: { id: "o", name: "Olga", email: "olga@example.com" } });

test("the number of shards is chosen when the organisation is made, in the registry and in what the shards decide by", async () => {
  const { call, store } = await localApp();
  expect((await call("POST", "/internal/bootstrap", { body: founded(4), headers: HEADERS })).status).toBe(201);
  const [shards, settings] = await store.run(["HGET", "org:other", "shards"], ["HGET", "settings:other", "1"]);
  expect([shards, JSON.parse(String(settings))]).toEqual(["4", expect.objectContaining({ shards: 4 })]);
});

test.each([0, 257, 1.5])("an organisation with %s shards is refused before anything is stored", async (shards) => {
  const { call, store } = await localApp();
  expect((await call("POST", "/internal/bootstrap", { body: founded(shards), headers: HEADERS })).status).toBe(422);
  expect(await store.run(["EXISTS", "org:other"])).toEqual([0]);
});
