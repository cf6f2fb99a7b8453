import { expect, test } from "vitest";
import { localApp } from "./fixtures.ts";

const EMAIL = "/admin/api/templates/task_assigned/email/en";
const SMS = "/admin/api/templates/task_assigned/sms/en";

/** What a parsed answer is before a test has looked at it. */
type Json = ReturnType<typeof JSON.parse>;

/** The page's calls by role, the CRM's, and what the store holds. */
async function open() {
  const { call, key, signIn, store } = await localApp();
  const headers = { owner: await signIn("owner"), viewer: await signIn("viewer"), operator: await signIn("operator") };
  const as =
    (role: keyof typeof headers) =>
    async (method: string, path: string, body?: object): Promise<{ status: number; body: Json }> => {
      const { status, json } = await call(method, path, { body, headers: headers[role] });
      return { status, body: json() };
    };
  return {
    owner: as("owner"),
    viewer: as("viewer"),
    operator: as("operator"),
    store,
    crm: async (method: string, path: string, body?: object) => (await call(method, path, { body, headers: key })).json() as Json,
  };
}
const task = (id: string, title = "Call Acme") => ({
  id,
  type: "task_assigned",
  recipients: ["u1"],
  data: { task: { title }, actorName: "Kim" },
});

test("a text is read with the built-in one and its variables, saved, and reset", async () => {
  const { owner } = await open();
  const { status, body: before } = await owner("GET", EMAIL);
  expect(status).toBe(200);
  expect(before).toMatchObject({ type: "task_assigned", channel: "email", locale: "en", version: 0, changed: false, action: "Open task" });
  expect(before.builtIn).toEqual({ title: before.title, body: before.body, action: before.action });
  expect(before.variables).toEqual([
    { name: "actorName", kind: "text", description: "Who did it", sample: "Kim Sander", mayBeMissing: true },
    { name: "task_title", kind: "text", description: "The task's title", sample: "Call Acme about the renewal", mayBeMissing: true },
    { name: "task_dueAt", kind: "time", description: "When the task is due", sample: "Nov 24, 2026, 9:00 AM UTC", mayBeMissing: true },
  ]);

  // What was read may be sent back as it is, with a part changed.
  const saved = await owner("PUT", EMAIL, { ...before, title: "Work: {task_title}" });
  expect(saved).toEqual({ status: 200, body: { ...before, version: 1, changed: true, title: "Work: {task_title}" } });
  expect((await owner("GET", EMAIL)).body).toEqual(saved.body);
  const { body: list } = await owner("GET", "/admin/api/templates");
  expect(list.data[0]).toMatchObject({ type: "task_assigned", changed: { "in-app": [], email: ["en"], sms: [], push: [] } });
  expect(list.data).toHaveLength(14);

  const reset = await owner("DELETE", `${EMAIL}?version=1`);
  expect(reset).toEqual({ status: 200, body: { ...before, version: 2 } });
  expect((await owner("GET", "/admin/api/templates")).body.data[0].changed.email).toEqual([]);
  const { body: audit } = await owner("GET", "/admin/api/audit");
  expect(audit.data.slice(0, 2)).toMatchObject([
    { act: "template.reset", what: "task_assigned, email, en", detail: { version: 2 } },
    { act: "template.save", what: "task_assigned, email, en", detail: { version: 1, changed: true } },
  ]);
  expect((await owner("GET", "/admin/api/settings/history")).body.data.slice(0, 2)).toMatchObject([
    { what: "text of task_assigned, email, en reset" },
    { what: "text of task_assigned, email, en saved" },
  ]);
});

test("only what differs is kept, so that a text saved as it was built in is not changed", async () => {
  const { owner, store } = await open();
  const { body: before } = await owner("GET", SMS);
  // An SMS shows neither title nor action: they are not edited.
  const { body: saved } = await owner("PUT", SMS, { ...before, title: "x", action: "y" });
  expect(saved).toEqual({ ...before, version: 1 });
  const [document] = await store.run(["HGET", "settings:demo", "2"]);
  expect(JSON.parse(String(document)).texts).toEqual({ version: 1, saved: { task_assigned: { sms: { en: { version: 1 } } } } });
});

test("whoever saves what somebody else has saved meanwhile is told; other texts are nobody's conflict", async () => {
  const { owner } = await open();
  const { body: before } = await owner("GET", EMAIL);
  await owner("PUT", EMAIL, { ...before, title: "Theirs" });
  expect(await owner("PUT", EMAIL, { ...before, title: "Mine" })).toMatchObject({
    status: 409,
    body: { code: "settings.conflict", current: { version: 1, title: "Theirs" } },
  });
  expect(await owner("DELETE", `${EMAIL}?version=0`)).toMatchObject({ status: 409, body: { current: { title: "Theirs" } } });
  const { body: sms } = await owner("GET", SMS);
  expect(await owner("PUT", SMS, { ...sms, body: "Hi" })).toMatchObject({ status: 200, body: { version: 2 } });
  await owner("DELETE", EMAIL);
  expect(await owner("PUT", EMAIL, { ...before, version: 1, title: "Mine" })).toMatchObject({
    status: 409,
    body: { current: { version: 3, changed: false } },
  });
});

test("a text that can't be sent is refused with its place; one that may leave a gap is not", async () => {
  const { owner } = await open();
  const { body: before } = await owner("GET", EMAIL);
  expect(await owner("PUT", EMAIL, { ...before, title: " ", body: "Hi\n{task_titel} {actorName, select, none {}}" })).toMatchObject({
    status: 422,
    body: {
      code: "template.invalid",
      errors: [
        { path: "title", message: "Line 1, column 1: Write a subject" },
        { path: "body", message: expect.stringMatching(/^Line 2, column \d+: The case other is missing/) },
      ],
    },
  });
  expect(await owner("PUT", EMAIL, { ...before, body: "{task_titel}" })).toMatchObject({
    status: 422,
    body: { errors: [{ path: "body", message: "Line 1, column 2: There is no {task_titel}; did you mean {task_title}?" }] },
  });
  expect(await owner("PUT", EMAIL, { ...before, body: "{deal_name}" })).toMatchObject({ status: 422 });
  expect(await owner("PUT", EMAIL, { ...before, title: 7 })).toMatchObject({ status: 422, body: { errors: [{ path: "title" }] } });
  expect((await owner("PUT", EMAIL, { ...before, body: "{task_title}" })).status).toBe(200);
});

test("what has no texts here is not found", async () => {
  const { owner } = await open();
  for (const path of ["nothing/email/en", "task_assigned/whatsapp/en", "task_assigned/email/xx", "__proto__/email/en"]) {
    for (const method of ["GET", "DELETE"]) expect((await owner(method, `/admin/api/templates/${path}`)).status, path).toBe(404);
  }
});

test("viewers and operators look and preview; only admins save", async () => {
  const { owner, viewer, operator } = await open();
  const { body: before } = await owner("GET", SMS);
  const { title, body, action } = before;
  for (const ask of [viewer, operator]) {
    expect((await ask("GET", "/admin/api/templates")).status).toBe(200);
    expect((await ask("POST", `${SMS}/preview`, { title, body, action })).status).toBe(200);
    expect((await ask("PUT", SMS, before)).status).toBe(403);
    expect((await ask("DELETE", SMS)).status).toBe(403);
  }
});

test("what is accepted from then on reads as it was written; an item in the bell keeps its text", async () => {
  const { owner, crm } = await open();
  await crm("POST", "/v1/events", task("before"));
  const path = "/admin/api/templates/task_assigned/in-app/en";
  const { body: before } = await owner("GET", path);
  await owner("PUT", path, { ...before, title: "For you: {task_title}" });
  await crm("POST", "/v1/events", task("after"));
  const titleOf = async (id: string) => (await crm("GET", `/v1/events/${id}`)).deliveries[0].title;
  expect(await titleOf("before")).toBe("New task: Call Acme");
  expect(await titleOf("after")).toBe("For you: Call Acme");
  await owner("DELETE", path);
  await crm("POST", "/v1/events", task("reset"));
  expect(await titleOf("reset")).toBe("New task: Call Acme");
});

test("an own event's texts name what its schema has, whatever the event is called", async () => {
  const { owner, crm } = await open();
  const { body: types } = await owner("GET", "/admin/api/event-types");
  const schema = { type: "object", required: ["site"], properties: { site: { type: "string" }, visitors: { type: "integer" } } };
  const own = { name: "Site visit", description: "", priority: "normal", schema };
  await owner("PUT", "/admin/api/event-types", {
    version: types.version,
    types: [...types.types, { ...own, type: "site_visit" }, { ...own, type: "constructor" }],
  });
  for (const type of ["site_visit", "constructor"]) {
    const path = `/admin/api/templates/${type}/in-app/en`;
    const { body: before } = await owner("GET", path);
    expect(before.variables.map(({ name }: { name: string }) => name)).toEqual(["eventName", "title", "text", "site", "visitors"]);
    const title = "{site}: {visitors, plural, =0 {nobody} one {# visitor} other {# visitors}}";
    expect((await owner("PUT", path, { ...before, title })).body).toMatchObject({ changed: true, title });
    await crm("POST", "/v1/events", { id: type, type, recipients: ["u1"], data: { site: "Dock 4", visitors: 2 } });
    expect((await crm("GET", `/v1/events/${type}`)).deliveries[0].title).toBe("Dock 4: 2 visitors");
  }
  expect(Object.keys(Object)).toEqual([]);
});

test("a preview is what the channel would send, with sample data, with a named event, or with the newest", async () => {
  const { owner, crm } = await open();
  const text = { title: "Work: {task_title}", body: "From {actorName}", action: "Look" };
  const preview = async (channel: string, more: object = {}, source: object = text) =>
    (await owner("POST", `/admin/api/templates/task_assigned/${channel}/en/preview`, { ...source, ...more })).body;

  expect(await preview("in-app")).toEqual({
    event: null,
    title: "Work: Call Acme about the renewal",
    text: "From Kim Sander",
    action: "Look",
  });
  expect(await preview("in-app", { useLatest: true })).toMatchObject({ event: null, text: "From Kim Sander" });
  const mail = await preview("email");
  expect(mail).toMatchObject({ event: null, title: "Work: Call Acme about the renewal" });
  expect(mail.text).toBe("Work: Call Acme about the renewal\n\nFrom Kim Sander\n\nLook: https://crm.example.com/records/42\n\n-- \nDemo");
  expect(mail.html).toContain('href="https://crm.example.com/records/42"');
  expect(await preview("sms")).toMatchObject({
    title: "",
    text: "From Kim Sander\nhttps://crm.example.com/records/42",
    sms: { encoding: "GSM-7", units: 50, segments: 1, left: 110 },
  });
  expect(await preview("push")).toMatchObject({ title: "Work: Call Acme about the renewal", text: "From Kim Sander" });

  await crm("POST", "/v1/events", { ...task("e1", "<b>First</b>"), link: "/tasks/1" });
  await crm("POST", "/v1/events", { ...task("e2", "Second"), link: null });
  await crm("POST", "/v1/events", { id: "e3", type: "mention", recipients: ["u1"] });
  expect(await preview("push", { useLatest: true })).toMatchObject({ event: { id: "e2" }, title: "Work: Second" });
  expect(await preview("email", { useLatest: true })).toMatchObject({ text: expect.not.stringContaining("Look:") });
  const first = await preview("email", { event: "e1" });
  expect(first).toMatchObject({ event: { id: "e1", at: "2026-11-23T12:00:00.000Z" }, title: "Work: <b>First</b>" });
  expect(first.html).toContain("&lt;b&gt;First");
  expect(first.html).toContain('href="http://localhost:8787/tasks/1"');
  expect(await preview("email", { event: "e3" })).toMatchObject({ status: 404 });
  expect(await preview("email", {}, { ...text, body: "{" })).toMatchObject({ code: "template.invalid", errors: [{ path: "body" }] });
  expect((await owner("GET", EMAIL)).body.version).toBe(0);
});

test("a preview and the samples have their times in the organisation's zone", async () => {
  const { owner } = await open();
  const { body: quiet } = await owner("GET", "/admin/api/quiet-hours");
  expect((await owner("PUT", "/admin/api/quiet-hours", { ...quiet, timeZone: "Europe/Berlin" })).status).toBe(200);
  const source = { title: "Due {task_dueAt}", body: "Due {task_dueAt}", action: "Open" };
  const preview = async (channel: string) =>
    (await owner("POST", `/admin/api/templates/task_assigned/${channel}/en/preview`, source)).body.text as string;
  expect(await preview("email")).toContain("Due Nov 24, 2026, 10:00 AM\n");
  expect(await preview("in-app")).toBe("Due Nov 24, 2026, 10:00 AM GMT+1");
  const { variables } = (await owner("GET", EMAIL)).body;
  expect(variables).toContainEqual(expect.objectContaining({ name: "task_dueAt", sample: "Nov 24, 2026, 10:00 AM" }));
});

test("settings from before there were texts read as if nobody had changed any, and can be changed", async () => {
  const { owner, store, crm } = await open();
  const [document] = await store.run(["HGET", "settings:demo", "1"]);
  expect(JSON.parse(String(document))).not.toHaveProperty("texts");
  expect((await owner("GET", "/admin/api/templates")).body).toMatchObject({ version: 0 });
  const { body: before } = await owner("GET", "/admin/api/templates/mention/in-app/en");
  expect((await owner("PUT", "/admin/api/templates/mention/in-app/en", { ...before, title: "Psst" })).status).toBe(200);
  await crm("POST", "/v1/events", { id: "m", type: "mention", recipients: ["u1"] });
  expect((await crm("GET", "/v1/events/m")).deliveries[0].title).toBe("Psst");
});

test("all texts together have their measure", async () => {
  const { owner } = await open();
  const { body: types } = await owner("GET", "/admin/api/event-types");
  const own = Array.from({ length: 60 }, (_, n) => ({ type: `own_${n}`, name: "Own", description: "", priority: "normal", schema: null }));
  await owner("PUT", "/admin/api/event-types", { version: types.version, types: [...types.types, ...own] });
  const statuses: number[] = [];
  for (let n = 0; n < 60 && statuses.at(-1) !== 422; n++) {
    for (const channel of ["email", "in-app"]) {
      const body = `${"x".repeat(1_900)}{text, select, none {} other {${"y".repeat(4_000)}}}`;
      statuses.push(
        (await owner("PUT", `/admin/api/templates/own_${n}/${channel}/en`, { version: 0, title: "T", body, action: "Go" })).status,
      );
    }
  }
  expect(statuses.at(-1)).toBe(422);
  expect(statuses.length).toBeGreaterThan(15);
});
