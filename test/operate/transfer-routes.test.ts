import { describe, expect, test } from "vitest";
import { SCHEMA_VERSION } from "@carillon/worker/shard/schema";
import { ORIGIN, startApp, type House } from "../harness/app.ts";

const TOKEN = { authorization: "Bearer the-bootstrap-token" };
const backup = (house: House, body: object, headers: Record<string, string> = TOKEN) =>
  house.call("POST", "/internal/backup", body, headers);
const restore = (house: House, body: object, headers: Record<string, string> = TOKEN) =>
  house.call("POST", "/internal/restore", body, headers);
const begin = { act: "begin", org: "acme", shard: 0, backup: "b1" };
const clear = { act: "clear", org: "moved", shard: 0, schema: SCHEMA_VERSION };

test("nobody but the operator gets in, and nothing happens for anybody else", async () => {
  const house = await startApp();
  for (const headers of [{}, house.key, await house.signIn("owner"), { authorization: "Bearer wrong" }]) {
    for (const ask of [
      house.call("GET", "/internal/backup", undefined, { origin: ORIGIN, ...headers }),
      backup(house, begin, { origin: ORIGIN, ...headers }),
      restore(house, clear, { origin: ORIGIN, ...headers }),
    ])
      expect(await ask).toMatchObject({ status: 401, body: { code: "operator.token" } });
  }
  expect(house.shards.calls.filter(({ name }) => name === "transfer")).toEqual([]);
});

test("a backup names what there is, and ends with an instant at which all shards were held", async () => {
  const house = await startApp({ shards: 4 });
  expect((await house.call("GET", "/internal/backup", undefined, TOKEN)).body).toEqual({ orgs: [{ org: "acme", shards: 4 }] });
  for (const shard of [0, 1, 2, 3]) expect((await backup(house, { ...begin, shard })).body).toEqual({ schema: SCHEMA_VERSION });
  const shards = [0, 1, 2, 3].map(() => ({ backup: "b1", after: 0 }));
  const { body } = await backup(house, { act: "last", org: "acme", shards });
  expect(body).toMatchObject({ at: house.clock.now(), isWhole: true });
  expect(body.parts).toHaveLength(4);
  const steps = house.shards.calls.filter(({ name }) => name === "transfer").slice(-12);
  expect(steps.map(({ shard }) => shard)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]);
});

test("the last changes are not whole where a shard knows the backup no more, and all are let go", async () => {
  const house = await startApp({ shards: 2 });
  await backup(house, begin);
  const { body } = await backup(house, {
    act: "last",
    org: "acme",
    shards: [
      { backup: "b1", after: 0 },
      { backup: "b1", after: 0 },
    ],
  });
  expect(body).toMatchObject({ isWhole: false, parts: [{ isAll: true }, { refused: "lost" }] });
  house.shards.away.add(1);
  const shards = [
    { backup: "b1", after: 0 },
    { backup: "b1", after: 0 },
  ];
  expect((await backup(house, { act: "last", org: "acme", shards })).status).toBe(503);
  house.shards.away.clear();
  const answers = await Promise.all(
    [0, 1].map((shard) => house.shards.get("acme", shard).transfer({ act: "changes", backup: "b1", after: 0 })),
  );
  expect(answers[0]).toMatchObject({ isHeld: false });
});

describe("what can't be done is said", () => {
  test.each([
    ["an organisation that is not there", backup, { ...begin, org: "nobody" }, 404, "not-found"],
    ["a backup that was never begun", backup, { act: "changes", org: "acme", shard: 0, backup: "b9", after: 0 }, 409, "backup.lost"],
    ["other shards than it has", backup, { act: "last", org: "acme", shards: [] }, 422, "backup.shards"],
    ["no step of a backup", backup, { act: "hold", org: "acme", shard: 0 }, 422, "body.invalid"],
    ["a restore onto one that is there", restore, { ...clear, org: "acme" }, 409, "restore.exists"],
    ["rows before it has begun", restore, { act: "rows", org: "moved", shard: 0, table: "person", rows: [] }, 409, "restore.not-begun"],
    ["another version of the shards", restore, { ...clear, schema: SCHEMA_VERSION + 1 }, 409, "restore.schema"],
    ["a name that is none", restore, { ...clear, org: "../moved" }, 422, "body.invalid"],
  ])("%s", async (_, ask, body, status, code) => {
    const house = await startApp();
    const answer = await ask(house, body);
    expect(answer).toMatchObject({ status, body: { code, status } });
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  test("a shard that holds something of an organisation that is gone is left alone", async () => {
    const house = await startApp();
    await house.shards.get("moved", 0).putUsers([{ id: "u1", fields: {} as never }]);
    expect(await restore(house, clear)).toMatchObject({ status: 409, body: { code: "restore.not-empty" } });
    expect(await house.shards.get("moved", 0).user("u1")).not.toBe(null);
  });
});

test("what leaves holds no secret but sealed, and no ticket", async () => {
  const house = await startApp();
  const bell = await house.bell("u1");
  await house.call("POST", "/v1/me/socket-ticket", {}, bell);
  const admin = await house.signIn("owner");
  const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings, secrets: { password: "in-plain-nowhere" } }, admin);
  await backup(house, begin);
  const texts: string[] = [];
  for (const table of ["meta", "intent", "audit", "person", "rules_before", "browser", "event"])
    texts.push((await backup(house, { act: "page", org: "acme", shard: 0, backup: "b1", table, after: null })).text);
  const text = texts.join();
  expect(text).toContain("channel.save");
  for (const secret of [
    "in-plain-nowhere",
    house.key["authorization"]!.slice(-43),
    bell["authorization"]!.slice(-40),
    "the-bootstrap-token",
  ])
    expect(text).not.toContain(secret);
  expect(await backup(house, { act: "page", org: "acme", shard: 0, backup: "b1", table: "ticket", after: null })).toMatchObject({
    status: 422,
  });
});
