import { expect, test } from "vitest";
import { localApp } from "./fixtures.ts";

async function open() {
  const { call, key, signIn } = await localApp();
  const admin = await signIn("owner");
  const ask = async (method: string, path: string, body?: object, headers: Record<string, string> = key) => {
    const { status, json } = await call(method, path, { body, headers });
    return { status, body: json() };
  };
  const bell = async (user: string) => {
    const { body } = await ask("POST", "/v1/tokens", { user });
    return { authorization: `Bearer ${String(body["token"])}` };
  };
  return { call, ask, bell, admin };
}

test("a person is told of an event channel by channel, until when it is held on their own clock, and of nobody else", async () => {
  const { ask, bell, admin } = await open();
  const { body: hours } = await ask("GET", "/admin/api/quiet-hours", undefined, admin);
  await ask("PUT", "/admin/api/quiet-hours", { ...hours, enabled: true, start: "08:00", end: "22:30", timeZone: "Europe/Berlin" }, admin);
  const recipients = [{ id: "u1", email: "u1@example.com", timeZone: "America/St_Johns" }, "u2"];
  await ask("POST", "/v1/events", { id: "e1", type: "task_assigned", priority: "low", recipients, deliverAt: "2026-11-23T13:00:00Z" });

  const { status, body } = await ask("GET", "/v1/me/events/e1", undefined, await bell("u1"));
  expect(status).toBe(200);
  expect(body).toMatchObject({
    id: "e1",
    type: "task_assigned",
    priority: "low",
    timeZone: "America/St_Johns",
    deliveries: [
      { user: "u1", channel: "in-app", state: "held", reason: "scheduled", localUntil: "2026-11-23T09:30" },
      { channel: "email" },
      { channel: "sms", state: "skipped", reason: "matrix-off" },
      { channel: "whatsapp", state: "skipped", reason: "matrix-off" },
      { channel: "push" },
    ],
  });
  expect((body["deliveries"] as object[])[2]).not.toHaveProperty("localUntil");
  expect((await ask("GET", "/v1/me/events/e1", undefined, await bell("u3"))).status).toBe(404);

  const { body: preferences } = await ask("GET", "/v1/me/preferences", undefined, await bell("u1"));
  await ask("PUT", "/v1/me/preferences", { ...preferences, timeZone: "Asia/Tokyo" }, await bell("u1"));
  expect((await ask("GET", "/v1/me/events/e1", undefined, await bell("u1"))).body).toMatchObject({
    timeZone: "Asia/Tokyo",
    deliveries: [{ localUntil: "2026-11-23T22:00" }, {}, {}, {}, {}],
  });
  expect((await ask("GET", "/v1/me/events/e1", undefined, await bell("u2"))).body).toMatchObject({ timeZone: "Europe/Berlin" });
});

test("people are suggested to admins, the admins' own bells are not, and no person of the CRM may look like one", async () => {
  const { call, ask, admin } = await open();
  await ask("PUT", "/v1/users/u1", { name: "Ada Adler", email: "ada@example.com" });
  const { text } = await call("POST", "/admin/api/channels/in-app/test", { body: {}, headers: admin });
  expect(text).toContain('"stage":"done","ok":true');
  expect(await ask("GET", "/admin/api/users", undefined, admin)).toEqual({
    status: 200,
    body: { data: [{ id: "u1", name: "Ada Adler", email: "ada@example.com" }] },
  });
  expect(await ask("GET", "/admin/api/users?q=adm", undefined, admin)).toEqual({ status: 200, body: { data: [] } });

  expect((await ask("PUT", "/v1/users/admin:1", { name: "Kim" })).status).toBe(422);
  expect((await ask("POST", "/v1/tokens", { user: "admin:1" })).status).toBe(422);
  expect((await ask("POST", "/v1/events", { type: "mention", recipients: ["admin:1"] })).status).toBe(422);
});
