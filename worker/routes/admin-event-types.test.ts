import { expect, test } from "vitest";
import { localApp } from "./fixtures.ts";

/** The page's calls and the CRM's, each answering status and body. */
async function open() {
  const { call, key, signIn } = await localApp();
  const headers = await signIn("owner");
  const answer = async (method: string, path: string, body: unknown, headers: Record<string, string>) => {
    const { status, json } = await call(method, path, { body, headers });
    return { status, body: json() };
  };
  return {
    get: (path: string) => answer("GET", path, undefined, headers),
    put: (path: string, body: object) => answer("PUT", path, body, headers),
    crm: (method: string, path: string, body?: object) => answer(method, path, body, key),
  };
}

type Types = { version: number; types: { type: string; builtIn: boolean; priority: string; archived: boolean }[] };
const visit = {
  type: "site_visit",
  name: "Site visit",
  description: "Somebody visits a site",
  priority: "high",
  schema: { type: "object", required: ["title"], properties: { title: { type: "string" } } },
};

test("an own event type gets its row, its priority and its checks, and is archived rather than deleted", async () => {
  const { get, put, crm } = await open();
  const before = (await get("/admin/api/event-types")).body as unknown as Types;
  expect(before.types).toHaveLength(14);
  const saved = await put("/admin/api/event-types", { version: before.version, types: [...before.types, visit] });
  expect(saved).toMatchObject({ status: 200, body: { version: before.version + 1 } });
  expect((await get("/admin/api/routing")).body).toMatchObject({
    cells: { site_visit: { "in-app": { when: "on" }, email: { when: "off" } } },
  });

  expect(await crm("POST", "/v1/events", { type: "site_visit", recipients: ["u1"], data: {} })).toMatchObject({
    status: 422,
    body: { code: "event.invalid-data", errors: [{ path: "data" }] },
  });
  const accepted = await crm("POST", "/v1/events", {
    id: "visit",
    type: "site_visit",
    recipients: ["u1"],
    data: { title: "Dock 4", text: "At nine" },
  });
  expect(accepted).toMatchObject({ status: 202 });
  expect(await crm("GET", "/v1/events/visit")).toMatchObject({
    body: { priority: "high", deliveries: [{ channel: "in-app", state: "delivered", title: "Site visit: Dock 4" }, {}, {}, {}, {}] },
  });

  const removed = await put("/admin/api/event-types", { version: before.version + 1, types: before.types });
  expect((removed.body as unknown as Types).types.at(-1)).toMatchObject({ type: "site_visit", archived: true });
  expect(await crm("POST", "/v1/events", { type: "site_visit", recipients: ["u1"], data: { title: "x" } })).toMatchObject({
    status: 422,
    body: { code: "event.unknown-type" },
  });
});

test("the priority of a built-in type may be changed, and an event overrides it", async () => {
  const { get, put, crm } = await open();
  const { version, types } = (await get("/admin/api/event-types")).body as unknown as Types;
  await put("/admin/api/event-types", {
    version,
    types: types.map((one) => (one.type === "mention" ? { ...one, priority: "high" } : one)),
  });
  await crm("POST", "/v1/events", { id: "a", type: "mention", recipients: ["u1"] });
  await crm("POST", "/v1/events", { id: "b", type: "mention", recipients: ["u1"], priority: "low" });
  expect(await crm("GET", "/v1/events/a")).toMatchObject({ body: { priority: "high" } });
  expect(await crm("GET", "/v1/events/b")).toMatchObject({ body: { priority: "low" } });
});

test("what can't be is refused by name: a built-in name twice, a broken schema, a matrix that does not fit", async () => {
  const { get, put } = await open();
  const { version, types } = (await get("/admin/api/event-types")).body as unknown as Types;
  const save = (more: object[]) => put("/admin/api/event-types", { version, types: [...types, ...more] });
  expect(await save([visit, visit])).toMatchObject({ status: 422, body: { code: "settings.invalid" } });
  expect(await save([{ ...visit, type: "Site Visit" }])).toMatchObject({ status: 422 });
  expect(await save([{ ...visit, schema: { $ref: "#/nowhere" } }])).toMatchObject({
    status: 422,
    body: { errors: [{ path: "types.14.schema" }] },
  });
  const routing = (await get("/admin/api/routing")).body as { version: number; cells: Record<string, unknown> };
  const { mention: _, ...others } = routing.cells;
  expect(await put("/admin/api/routing", { ...routing, cells: others })).toMatchObject({
    status: 422,
    body: { errors: [{ path: "cells.mention" }] },
  });
});

test("a new type begins with its own default routing; what it says later is for who resets, not for the matrix", async () => {
  const { get, put } = await open();
  const { version, types } = (await get("/admin/api/event-types")).body as unknown as Types;
  const cell = (when: string, locked = false) => ({ when, locked });
  const defaults = { "in-app": cell("on"), email: cell("urgent"), sms: cell("off", true), whatsapp: cell("off", true), push: cell("on") };
  const saved = await put("/admin/api/event-types", { version, types: [...types, { ...visit, defaults }, { ...visit, type: "plain" }] });
  const listed = saved.body as unknown as Types;
  const cells = async () => ((await get("/admin/api/routing")).body as { cells: Record<string, unknown> }).cells;
  expect((await cells())["site_visit"]).toEqual(defaults);
  expect((await cells())["plain"]).toMatchObject({ "in-app": cell("on"), email: cell("off"), sms: cell("off", true) });

  const later = { ...defaults, email: cell("on") };
  const changed = listed.types.map((one) => (one.type === "site_visit" ? { ...one, defaults: later } : one));
  expect(await put("/admin/api/event-types", { version: listed.version, types: changed })).toMatchObject({ body: { types: changed } });
  expect((await cells())["site_visit"]).toEqual(defaults);
});

test("what is wrong within a schema is told at its place, and an old version is a conflict that shows the newest", async () => {
  const { get, put } = await open();
  const { version, types } = (await get("/admin/api/event-types")).body as unknown as Types;
  const schema = { type: "object", properties: { title: { type: "strin" } } };
  expect(await put("/admin/api/event-types", { version, types: [...types, { ...visit, schema }] })).toMatchObject({
    status: 422,
    body: { errors: [{ path: "types.14.schema.properties.title.type", message: expect.stringContaining("string") }] },
  });
  await put("/admin/api/event-types", { version, types: [...types, visit] });
  const { status, body } = await put("/admin/api/event-types", { version, types });
  expect({ status, code: body.code }).toEqual({ status: 409, code: "settings.conflict" });
  expect(body["current"]).toMatchObject({ version: version + 1, types: [...types, visit] });
});
