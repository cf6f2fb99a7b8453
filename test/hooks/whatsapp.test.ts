import { beforeEach, describe, expect, test } from "vitest";
import { ADA, VERIFY_TOKEN, openHouse, signMeta, type OpenHouse } from "./house.ts";

let house: OpenHouse;
beforeEach(async () => {
  house = await openHouse();
});

const statuses = (...all: { id: string; status: string; code?: number }[]) => ({
  field: "messages",
  value: {
    statuses: all.map(({ id, status, code }) => ({
      id: "wamid.1",
      status,
      biz_opaque_callback_data: id,
      ...(code === undefined ? {} : { errors: [{ code, title: `Error ${code}` }] }),
    })),
  },
});
const reply = (body: string, from = ADA.phone.slice(1)) => ({ field: "messages", value: { messages: [{ from, text: { body } }] } });
const template = (event: string, name = "crm_task") => ({
  field: "message_template_status_update",
  value: { event, reason: "NONE", message_template_name: name, message_template_language: "en" },
});

async function sentMessage(event = "e1"): Promise<string> {
  await house.post(event);
  expect(await house.serve("whatsapp")).toHaveLength(1);
  return (await house.deliveryOf(event, "whatsapp")).id;
}
const stateOf = async (event = "e1") => {
  const { state, reason } = await house.deliveryOf(event, "whatsapp");
  return `${state} ${reason}`;
};

describe("Meta's check of the address", () => {
  const ask = (query: Record<string, string>) => house.fetch("GET", `/hooks/whatsapp/acme?${new URLSearchParams(query)}`);

  test("is answered with its challenge as plain text", async () => {
    const answer = await ask({ "hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "<b>1158201444</b>" });
    expect([answer.status, answer.text]).toEqual([200, "<b>1158201444</b>"]);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test.each<Record<string, string>>([
    {},
    { "hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1" },
    { "hub.mode": "unsubscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1" },
    { "hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN },
  ])("is refused with %j", async (query) => {
    expect((await ask(query)).status).toBe(401);
  });
});

describe("a webhook", () => {
  test("with several statuses moves each delivery on, whatever their order", async () => {
    const one = await sentMessage("e1");
    const two = await sentMessage("e2");
    const { status } = await house.meta([
      statuses({ id: one, status: "read" }, { id: two, status: "delivered" }),
      statuses({ id: one, status: "delivered" }, { id: two, status: "sent" }, { id: "0-zzz", status: "read" }),
    ]);
    expect(status).toBe(200);
    expect([await stateOf("e1"), await stateOf("e2")]).toEqual(["read matrix", "delivered matrix"]);
    expect((await house.call("GET", "/v1/ledger", undefined, house.key)).body.unaccounted).toBe(0);
  });

  test("of a number without WhatsApp leaves that number alone", async () => {
    const id = await sentMessage();
    await house.meta([statuses({ id, status: "failed", code: 131026 })]);
    expect(await stateOf()).toBe("failed address-gone");
    await house.post("e2");
    expect(await house.serve("whatsapp")).toEqual([]);
  });

  test("signed over other bytes, with another secret or not at all stores nothing", async () => {
    const id = await sentMessage();
    const before = house.shards.calls.length;
    const news = [statuses({ id, status: "read" })];
    const body = JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes: news }] });
    const good = signMeta(body)["x-hub-signature-256"]!;
    for (const signature of [null, "", "sha256=", good.slice("sha256=".length), good.toUpperCase(), `sha1=${good.slice(7)}`])
      expect((await house.meta(news, signature === null ? {} : { "x-hub-signature-256": signature })).status, String(signature)).toBe(401);
    for (const headers of [signMeta(`${body} `), signMeta(body, "another secret"), signMeta(body, "")])
      expect((await house.meta(news, headers)).status).toBe(401);
    expect(house.shards.calls.slice(before)).toEqual([]);
    expect((await house.meta(news)).status).toBe(200);
    expect(await stateOf()).toBe("read matrix");
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "no JSON"],
    ["null", "null"],
    ["a list", "[]"],
    ["an entry of another kind", '{"entry": 1}'],
    ["changes of another kind", '{"entry":[{"changes":[{"field":"messages","value":7}]}]}'],
    ["a tower of brackets", `${"[".repeat(5_000)}${"]".repeat(5_000)}`],
  ])("in no known shape (%s) is taken once it is Meta's", async (_, body) => {
    expect((await house.fetch("POST", "/hooks/whatsapp/acme", { body, headers: signMeta(body) })).status).toBe(200);
  });

  test("with letters beyond ASCII is signed over its bytes", async () => {
    const body = JSON.stringify({ entry: [{ changes: [reply("Grüße 世界 🧑‍🧑‍🧒")] }] });
    expect((await house.fetch("POST", "/hooks/whatsapp/acme", { body, headers: signMeta(body) })).status).toBe(200);
  });

  test("when the shard can't be reached Meta is asked to come again", async () => {
    const id = await sentMessage();
    house.shards.isAway = true;
    const answer = await house.meta([statuses({ id, status: "read" })]);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
  });

  test("may hold a thousand statuses, and not any length", async () => {
    const id = await sentMessage();
    const many = Array.from({ length: 1_000 }, () => ({ id, status: "delivered" }));
    expect((await house.meta([statuses(...many)])).status).toBe(200);
    const body = " ".repeat(3 * 1024 * 1024 + 1);
    expect((await house.fetch("POST", "/hooks/whatsapp/acme", { body, headers: signMeta(body) })).status).toBe(413);
  });
});

test("STOP on WhatsApp is no STOP on SMS, and START takes it back", async () => {
  await house.meta([reply("stop")]);
  await house.post("e1");
  expect([await house.serve("whatsapp"), (await house.serve("sms")).length]).toEqual([[], 1]);
  await house.meta([reply("START")]);
  await house.post("e2");
  expect(await house.serve("whatsapp")).toHaveLength(1);
});

test("that a template can't be used, told by webhook, parks what that template is for", async () => {
  const id = await sentMessage();
  await house.meta([statuses({ id, status: "failed", code: 132015 })]);
  expect(await stateOf()).toBe("parked template-not-approved");
  const { body } = await house.call("GET", "/admin/api/channels/whatsapp", undefined, house.admin);
  expect(body.templateFaults).toContainEqual(expect.objectContaining({ name: "crm_task", language: "en", type: "task_assigned" }));
  await house.meta([template("APPROVED")]);
  expect(await house.serve("whatsapp")).toHaveLength(1);
});

describe("a template", () => {
  const fault = { kind: "fault", code: "132015", said: "Template is paused", template: { name: "crm_task", language: "en" } } as const;

  test("that Meta approves again releases what waited for it, once", async () => {
    await house.post("e1");
    await house.serve("whatsapp", fault);
    expect(await stateOf()).toBe("parked template-not-approved");
    await house.meta([template("PAUSED")]);
    expect(await house.serve("whatsapp")).toEqual([]);
    await house.meta([template("APPROVED")]);
    await house.meta([template("APPROVED")]);
    expect(await house.serve("whatsapp")).toHaveLength(1);
    expect(await stateOf()).toBe("sent matrix");
  });

  test.each(["PAUSED", "DISABLED", "REJECTED"])(
    "that Meta reports %s parks at once what waits for it, and what still comes",
    async (status) => {
      await house.post("e1");
      await house.meta([template(status)]);
      expect(await stateOf("e1")).toBe("parked template-not-approved");
      await house.post("e2");
      expect(await stateOf("e2")).toBe("parked template-not-approved");
      expect([await house.serve("whatsapp"), (await house.serve("sms")).length]).toEqual([[], 2]);
      const { data } = (await house.call("GET", "/v1/deliveries?channel=whatsapp", undefined, house.key)).body;
      expect(data.map(({ attempts }: { attempts: unknown[] }) => attempts)).toEqual([[], []]);
      await house.meta([template("APPROVED")]);
      await house.meta([template("APPROVED")]);
      expect((await house.serve("whatsapp")).map(({ event }) => event.id)).toEqual(["e1", "e2"]);
      expect([await stateOf("e1"), await stateOf("e2")]).toEqual(["sent matrix", "sent matrix"]);
    },
  );

  test("that can't be used is shown with why and what to do, and told to the admins once", async () => {
    const shard = house.shards.get("acme", 0);
    await shard.socketTicket("admin:olga", house.clock.now() + 60_000);
    await house.meta([template("DISABLED")]);
    await house.meta([template("DISABLED")]);
    const { body } = await house.call("GET", "/admin/api/channels/whatsapp", undefined, house.admin);
    expect(body.templateFaults).toContainEqual({
      type: "task_assigned",
      name: "crm_task",
      language: "en",
      why: "Meta has disabled the template for good",
      remedy: "Make another and choose it.",
      since: new Date(house.clock.now()).toISOString(),
    });
    const { data } = await shard.inbox({ user: "admin:olga", filter: "all", q: null, type: null, limit: 10, cursor: null });
    expect(data).toMatchObject([{ title: "WhatsApp: template crm_task (en) can't be used" }]);
    await house.meta([template("APPROVED")]);
    const after = await house.call("GET", "/admin/api/channels/whatsapp", undefined, house.admin);
    expect(after.body.templateFaults).toBeUndefined();
  });

  test("that no event has may be whatever Meta says", async () => {
    await house.post("e1");
    await house.meta([template("DISABLED", "another")]);
    expect(await house.serve("whatsapp")).toHaveLength(1);
    expect((await house.call("GET", "/admin/api/channels/whatsapp", undefined, house.admin)).body.templateFaults).toBeUndefined();
  });

  test("of which Meta only warns goes on", async () => {
    await house.post("e1");
    await house.meta([template("FLAGGED"), template("PENDING")]);
    expect(await house.serve("whatsapp")).toHaveLength(1);
  });

  test("stops in every shard of the organisation, is listed once, and what is left of a night stays held", async () => {
    house = await openHouse({ shards: 4 });
    const people = Array.from({ length: 12 }, (_, n) => ({ id: `p${n}`, phone: `+4915112345${600 + n}`, whatsappOptIn: true }));
    for (const { id, ...fields } of people) await house.call("PUT", `/v1/users/${id}`, fields, house.key);
    const recipients = people.map(({ id }) => id);
    await house.post("now", { recipients });
    await house.post("later", { recipients, deliverAt: new Date(house.clock.now() + 60_000).toISOString() });
    await house.meta([template("PAUSED")]);
    const reasons = async (event: string) =>
      new Set((await Promise.all(recipients.map((user) => house.deliveryOf(event, "whatsapp", user)))).map(({ reason }) => reason));
    expect([await reasons("now"), await reasons("later")]).toEqual([new Set(["template-not-approved"]), new Set(["scheduled"])]);
    const { body } = await house.call("GET", "/admin/api/channels/whatsapp", undefined, house.admin);
    expect(body.templateFaults.filter(({ type }: { type: string }) => type === "task_assigned")).toHaveLength(1);
    await house.meta([template("APPROVED")]);
    expect(await house.serve("whatsapp")).toHaveLength(12);
    house.clock.pass(60_000);
    expect(await house.serve("whatsapp")).toHaveLength(12);
  });

  test("and what Meta says of it stands in the audit log", async () => {
    await house.meta([
      template("PAUSED"),
      {
        field: "message_template_quality_update",
        value: { message_template_name: "crm_task", message_template_language: "en", new_quality_score: "RED" },
      },
    ]);
    const { data } = await house.shards.get("acme", 0).auditLog({ limit: 1, cursor: null });
    expect(data).toMatchObject([
      { who: "Meta", act: "template.status", what: "crm_task (en)", detail: { status: "PAUSED", reason: "NONE" } },
    ]);
  });
});
