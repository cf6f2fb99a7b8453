import { expect, test } from "vitest";
import { localApp } from "./fixtures.ts";

test("preferences can be read and written before the first event has come", async () => {
  const { call, key } = await localApp();
  await call("PUT", "/v1/users/u1", { headers: key, body: { email: "u1@example.com" } });
  const read = await call("GET", "/v1/users/u1/preferences", { headers: key });
  expect({ status: read.status, ...read.json() }).toMatchObject({ status: 200, cells: {}, quietHours: null });
  const cells = { task_assigned: { email: false } };
  const saved = await call("PUT", "/v1/users/u2/preferences", { headers: key, body: { cells } });
  expect({ status: saved.status, ...saved.json() }).toMatchObject({ status: 200, cells });
  expect((await call("GET", "/v1/users/nobody/preferences", { headers: key })).status).toBe(404);
});
