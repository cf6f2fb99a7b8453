import { expect, test } from "vitest";
import { localApp } from "./fixtures.ts";

test("an organisation has one shard for now, and more are refused before anything is stored", async () => {
  const { call } = await localApp();
  const body = { org: "other", name: "Other", shards: 4, owner: { id: "o", name: "Olga", email: "olga@example.com" } };
  const headers = { authorization: "Bearer boot" };
  const refused = await call("POST", "/internal/bootstrap", { body, headers });
  expect([refused.status, refused.json().code]).toEqual([422, "bootstrap.shards"]);
  expect((await call("POST", "/internal/bootstrap", { body: { ...body, shards: 1 }, headers })).status).toBe(201);
});
