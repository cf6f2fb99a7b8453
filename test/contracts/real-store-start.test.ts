import { afterEach, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { hasRedis } from "./real-redis.ts";

const carillon = new Instance("deno", { CARILLON_REDIS_SERVER: "1" });
afterEach(() => carillon.dispose());

test.skipIf(!hasRedis())("with CARILLON_REDIS_SERVER the machine's own Redis is the store, and keeps it over kill -9", async () => {
  await carillon.start();
  await until(() => /Store +redis-server of this machine, append-only file in /.test(carillon.output), "it says which store it uses");
  const event = { id: "first", type: "task_assigned", recipients: ["u1"], data: { task: { title: "Call" }, actorName: "Kim" } };
  expect((await carillon.api("POST", "/v1/events", event)).status).toBe(202);
  await carillon.kill();
  await carillon.start();
  expect((await carillon.api("POST", "/v1/events", { ...event, id: "second" })).status).toBe(202);
  await until(async () => (await carillon.api("GET", "/v1/ledger")).body.inFlight === 0, "both are settled");
  expect((await carillon.api("GET", "/v1/events/first")).body.id).toBe("first");
});
