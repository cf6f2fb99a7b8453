import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instance, sleep, until, type Runtime } from "../harness/instance.ts";
import { BellSocket } from "../harness/bell-socket.ts";
import { NAUGHTY } from "../properties/naughty.ts";

const event = (id: string, more: object = {}) => ({
  id,
  type: "task_assigned",
  recipients: ["u1", "u2"],
  data: { task: { title: `Call ${id}` }, actorName: "Kim" },
  ...more,
});

const SHAPES: [string, Runtime, Record<string, string>][] = [
  ["Deno", "deno", {}],
  ["Deno over Upstash's protocols", "deno", { CARILLON_FACES: "1" }],
  ["workerd", "workers", {}],
  ["Deno with four shards", "deno", { CARILLON_SHARDS: "4" }],
  ["workerd with four shards", "workers", { CARILLON_SHARDS: "4" }],
];

describe.each(SHAPES)("the main path on %s", (_, runtime, env) => {
  const carillon = new Instance(runtime, env);
  /** As a CRM does it: what a busy machine answers with 503 is posted again. */
  const postAgain = async (body: object): ReturnType<Instance["api"]> => {
    for (;;) {
      const answer = await carillon.api("POST", "/v1/events", body);
      if (answer.status !== 503) return answer;
      await sleep(200);
    }
  };
  beforeAll(() => carillon.start(), 90_000);
  afterAll(() => carillon.dispose());

  test("one event reaches bell and mailbox of both people within a second, and the log shows it all", async () => {
    const bell = await BellSocket.open(carillon, "u1");
    const started = Date.now();
    expect(await carillon.api("POST", "/v1/events", event("first"))).toEqual({
      status: 202,
      body: { id: "first", accepted: 2, duplicate: false },
    });
    await until(() => bell.frames.some((frame) => frame.type === "item"), "the bell rings", 2_000);
    await until(async () => (await carillon.messages("&limit=10")).length >= 2, "both mails arrive", 3_000);
    expect(Date.now() - started).toBeLessThan(3_000);
    expect(bell.frames.find((frame) => frame.type === "item")).toMatchObject({
      unread: 1,
      item: { event: "first", title: expect.stringContaining("Call first") },
    });
    const mails = await carillon.messages();
    expect(mails.map((mail) => mail.to).sort()).toEqual(["ada@example.com", "ben@example.com"]);
    expect(mails[0]!.subject).toContain("Call first");
    await until(async () => (await carillon.api("GET", "/v1/ledger")).body.inFlight === 0, "both are settled");
    const { body } = await carillon.api("GET", "/v1/events/first");
    const cells = body.deliveries.map(
      (cell: { user: string; channel: string; state: string; reason: string }) =>
        `${cell.user} ${cell.channel} ${cell.state} ${cell.reason}`,
    );
    expect(cells.sort()).toEqual(
      ["u1", "u2"]
        .flatMap((user) => [
          `${user} in-app delivered matrix`,
          `${user} email sent matrix`,
          `${user} sms skipped matrix-off`,
          `${user} whatsapp skipped matrix-off`,
          `${user} push sent matrix`,
        ])
        .sort(),
    );
    expect(body.deliveries.find(({ channel }: { channel: string }) => channel === "email").attempts).toMatchObject([
      { n: 1, outcome: "ok", ambiguous: false },
    ]);
    bell.close();
  });

  test("an event for all five channels arrives on each, and the providers' receipts come back", async () => {
    const admin = await carillon.admin();
    const { body: routing } = await admin("GET", "/routing");
    const row = routing.cells.approval_completed;
    for (const channel of Object.keys(row)) row[channel] = { when: "on", locked: false };
    expect((await admin("PUT", "/routing", routing)).status).toBe(200);
    const data = { approval: { title: "Discount", decision: "approved" }, actorName: "Kim" };
    await carillon.api("POST", "/v1/events", { id: "all-five", type: "approval_completed", recipients: ["u5"], data });
    const expected = ["in-app delivered", "email sent", "sms delivered", "whatsapp delivered", "push sent"];
    const states = async () => {
      const { body } = await carillon.api("GET", "/v1/events/all-five");
      return body.deliveries.map(({ channel, state }: { channel: string; state: string }) => `${channel} ${state}`);
    };
    await until(async () => JSON.stringify(await states()) === JSON.stringify(expected), "all five have arrived", 10_000).catch(() => null);
    expect(await states()).toEqual(expected);
    for (const [channel, to] of [
      ["email", "eve@example.com"],
      ["sms", "+447700900105"],
      ["whatsapp", "+447700900105"],
      ["push", "u5"],
    ] as const) {
      const arrived = await carillon.messages("", channel);
      expect(
        arrived.filter((message) => message.to === to && message.text.includes("Discount")),
        channel,
      ).toHaveLength(1);
    }
  });

  test("a dead letter is seen by the admins, and five replays at once send it once", async () => {
    const { token } = (await (await carillon.admin())("POST", "/me-token", {})).body;
    const owner = (method: string, path: string) => carillon.api(method, `/v1/me${path}`, undefined, { authorization: `Bearer ${token}` });
    await owner("POST", "/socket-ticket"); // as the bell in the page's header does
    const recipient = { id: "moved", email: "permanent@example.com" };
    await carillon.api("POST", "/v1/events", event("dead", { recipients: [recipient] }));
    const cell = async () =>
      (await carillon.api("GET", "/v1/events/dead")).body.deliveries.find(({ channel }: { channel: string }) => channel === "email");
    await until(async () => (await cell()).state === "failed", "it has failed for good", 5_000);
    expect((await owner("GET", "/inbox")).body.data).toMatchObject([
      { type: "carillon_alert", link: "/delivery-log?state=failed&channel=email" },
    ]);
    await carillon.api("PUT", "/v1/users/moved", { email: "moved@example.com" });
    const { id } = await cell();
    const replays = await Promise.all(Array.from({ length: 5 }, () => carillon.api("POST", `/v1/deliveries/${id}/retry`)));
    expect(replays.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    await until(async () => (await cell()).state === "sent", "it is sent", 5_000);
    expect((await carillon.messages("&to=moved@example.com")).length).toBe(1);
  });

  test("what one person gets on a channel comes in the order in which it was accepted", async () => {
    const recipients = [{ id: "ordered", email: "ordered@example.com" }];
    const ids = Array.from({ length: 40 }, (_, index) => `in-order-${index}`);
    for (let from = 0; from < ids.length; from += 8)
      await carillon.api("POST", "/v1/events", { events: ids.slice(from, from + 8).map((id) => event(id, { recipients })) });
    const arrived = () => carillon.messages("&to=ordered@example.com");
    await until(async () => (await arrived()).length === ids.length, "all have arrived", 15_000);
    const order = (await arrived()).toReversed().map(({ subject }) => /in-order-\d+/.exec(subject ?? "")?.[0]);
    expect(order).toEqual(ids);
  });

  test("fifty parallel posts of one id are one event; another body is refused", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => postAgain(event("same"))));
    expect(answers.every(({ status }) => status === 202)).toBe(true);
    expect(answers.filter(({ body }) => !body.duplicate)).toHaveLength(1);
    expect(await carillon.api("POST", "/v1/events", event("same", { priority: "high" }))).toMatchObject({
      status: 409,
      body: { code: "event.id-reused" },
    });
    expect(await carillon.api("POST", "/v1/events", { ...event("x"), id: undefined }, { "idempotency-key": "key-1" })).toMatchObject({
      status: 202,
      body: { duplicate: false },
    });
    expect(await carillon.api("POST", "/v1/events", { ...event("x"), id: undefined }, { "idempotency-key": "key-1" })).toMatchObject({
      status: 202,
      body: { duplicate: true },
    });
  });

  test("a batch answers each of its events in order, good and bad", async () => {
    const { status, body } = await carillon.api("POST", "/v1/events", {
      events: [event("b1"), { type: "nonsense", recipients: ["u1"] }, event("b1")],
    });
    expect(status).toBe(202);
    expect(body.results).toMatchObject([
      { id: "b1", duplicate: false },
      { status: 422, code: "event.unknown-type" },
      { id: "b1", duplicate: true },
    ]);
  });

  test("bad input is refused with a problem that says what is wrong, and nothing is stored", async () => {
    const before = (await carillon.api("GET", "/v1/ledger")).body.accepted;
    const deep = `${'{"a":'.repeat(20)}1${"}".repeat(20)}`;
    const cases: [string, unknown, number, string][] = [
      ["unknown type", { type: "nonsense", recipients: ["u1"] }, 422, "event.unknown-type"],
      ["no recipient", { type: "mention" }, 422, "event.invalid"],
      ["empty recipients", { type: "mention", recipients: [] }, 422, "event.invalid"],
      ["a body of 1 MiB", { type: "mention", recipients: ["u1"], data: { text: "x".repeat(1024 * 1024) } }, 413, "body.too-large"],
      ["deep JSON", `{"type":"mention","recipients":["u1"],"data":${deep}}`, 422, "body.too-deep"],
      ["__proto__", `{"type":"mention","recipients":["u1"],"data":{"__proto__":{"x":1}}}`, 422, "body.forbidden-name"],
      ["not JSON", "{", 400, "body.not-json"],
      ["an unknown field", { type: "mention", recipients: ["u1"], colour: "red" }, 422, "event.invalid"],
      ["data of another shape", { type: "task_assigned", recipients: ["u1"], data: { task: "a" } }, 422, "event.invalid-data"],
    ];
    for (const [name, body, status, code] of cases) {
      const response = await carillon.fetch("POST", "/v1/events", body);
      expect(response.headers.get("content-type"), name).toBe("application/problem+json");
      expect(await response.json(), name).toMatchObject({ status, code, detail: expect.any(String), requestId: expect.any(String) });
    }
    expect(await carillon.api("POST", "/v1/events", event("k"), { authorization: "Bearer ck_demo.k1_wrong" })).toMatchObject({
      status: 401,
    });
    expect(
      await carillon.api("POST", "/v1/events", event("k"), {
        authorization: carillon.credentials.apiKey.replace("ck_demo", "Bearer ck_other"),
      }),
    ).toMatchObject({ status: 401 });
    expect(await carillon.api("GET", "/v1/me/inbox", undefined, { authorization: "Bearer a.b.c" })).toMatchObject({ status: 401 });
    expect((await carillon.api("GET", "/v1/ledger")).body.accepted).toBe(before);
  });

  test("what has broken other people's software is told like anything else, and holds nobody up", async () => {
    const people = ["poison-1", "poison-2", "poison-3", "poison-4", "poison-5"].map((id) => ({ id, email: `${id}@example.com` }));
    const events = [...NAUGHTY, "\u{1f4a3}".repeat(40_000)].map((title, index) =>
      event(`poison-${index}`, { recipients: people, data: { task: { title }, actorName: title.slice(0, 200) } }),
    );
    const taken: string[] = [];
    for (const poison of [...events, event("healthy", { recipients: people })]) {
      const { status } = await postAgain(poison);
      expect([202, 422], poison.id).toContain(status);
      if (status === 202) taken.push(poison.id);
    }
    expect(taken).toContain("healthy");
    expect(taken.length).toBeGreaterThan(NAUGHTY.length / 2);
    await until(async () => (await carillon.api("GET", "/v1/ledger")).body.inFlight === 0, "all are settled", 20_000);
    for (const { id, email } of people) {
      const { body } = await (await carillon.me(id))("GET", "/inbox?filter=all&limit=100");
      expect(body.data.map((item: { event: string }) => item.event).sort()).toEqual(taken.toSorted());
      expect(await carillon.messages(`&limit=100&to=${email}`)).toHaveLength(taken.length);
    }
  }, 60_000);

  test("an expired user token is refused", async () => {
    const { body } = await carillon.api("POST", "/v1/tokens", { user: "u1", ttl: 1 });
    await sleep(2_100);
    expect(await carillon.api("GET", "/v1/me/inbox", undefined, { authorization: `Bearer ${body.token}` })).toMatchObject({
      status: 401,
      body: { code: "token.expired" },
    });
  });

  test("email off parks at once and for what comes, on sends each exactly once", async () => {
    const admin = await carillon.admin();
    expect((await admin("POST", "/channels/email/disable", {})).body).toMatchObject({ enabled: false });
    await fetch(`${carillon.credentials.sandboxUrl}/messages`, { method: "DELETE" });
    for (let index = 0; index < 5; index++) await carillon.api("POST", "/v1/events", event(`parked-${index}`));
    await sleep(300);
    expect(await carillon.messages()).toHaveLength(0);
    expect((await admin("GET", "/channels/email")).body).toMatchObject({ enabled: false, parked: 10 });
    expect((await admin("POST", "/channels/email/enable", { release: "all" })).status).toBe(200);
    await until(async () => (await carillon.messages()).length === 10, "all ten arrive");
    await sleep(300);
    expect((await carillon.messages()).map((mail) => `${mail.to} ${mail.subject}`).sort()).toEqual(
      [...new Set((await carillon.messages()).map((mail) => `${mail.to} ${mail.subject}`))].sort(),
    );
    expect((await admin("GET", "/channels/email")).body).toMatchObject({ enabled: true, parked: 0 });
  });

  test("in-app off parks items, on lets them appear in order, and sockets stay up", async () => {
    const admin = await carillon.admin();
    const bell = await BellSocket.open(carillon, "u3");
    await admin("POST", "/channels/in-app/disable", {});
    for (let index = 0; index < 3; index++) await carillon.api("POST", "/v1/events", event(`quiet-${index}`, { recipients: ["u3"] }));
    const u3 = await carillon.me("u3");
    expect((await u3("GET", "/inbox")).body).toMatchObject({ unread: 0, data: [] });
    await admin("POST", "/channels/in-app/enable", {});
    await until(() => bell.frames.filter((frame) => frame.type === "item").length === 3, "three items appear");
    expect(bell.frames.flatMap((frame) => (frame.type === "item" ? [frame.item.event] : []))).toEqual(["quiet-0", "quiet-1", "quiet-2"]);
    expect(bell.isOpen).toBe(true);
    bell.close();
  });

  test("read in one tab is read in the other, search covers the whole history, resume leaves no gap", async () => {
    const first = await BellSocket.open(carillon, "u4");
    const second = await BellSocket.open(carillon, "u4");
    await carillon.api("POST", "/v1/events", event("tab", { recipients: ["u4"] }));
    await until(() => second.frames.some((frame) => frame.type === "item"), "the second tab hears of it");
    const item = second.frames.flatMap((frame) => (frame.type === "item" ? [frame.item] : []))[0]!;
    first.send({ type: "read", ids: [item.id] });
    await until(() => second.frames.some((frame) => frame.type === "state"), "the second tab hears that it was read");
    expect(second.frames.find((frame) => frame.type === "state")).toMatchObject({ state: "read", ids: [item.id], unread: 0 });
    second.close();
    await carillon.api("POST", "/v1/events", event("away", { recipients: ["u4"] }));
    const third = await BellSocket.open(carillon, "u4", item.rev);
    expect(third.frames[0]).toMatchObject({ type: "sync", unread: 1, more: false });
    expect((third.frames[0] as { items: { event: string }[] }).items.map((one) => one.event).sort()).toEqual(["away", "tab"]);
    const u4 = await carillon.me("u4");
    await u4("POST", "/inbox/dismiss", { ids: [item.id] });
    expect((await u4("GET", "/inbox")).body.data.map((one: { event: string }) => one.event)).toEqual(["away"]);
    expect((await u4("GET", "/inbox?q=call%20tab")).body.data.map((one: { event: string }) => one.event)).toEqual(["tab"]);
    first.close();
    third.close();
  });

  test("a ticket opens one socket, once", async () => {
    const u5 = await carillon.me("u5");
    const { ticket } = (await u5("POST", "/socket-ticket")).body;
    const first = await BellSocket.connect(carillon, ticket);
    expect(first.isOpen).toBe(true);
    await expect(BellSocket.connect(carillon, ticket)).rejects.toThrow();
    first.close();
  });

  test("an erased person is gone from people, inbox and search", async () => {
    await carillon.api("PUT", "/v1/users/gone", { name: "Gone Person", email: "gone-person@example.org" });
    await carillon.api("POST", "/v1/events", event("secret-words", { recipients: ["gone"] }));
    expect((await carillon.api("DELETE", "/v1/users/gone")).status).toBe(204);
    expect((await carillon.api("GET", "/v1/users/gone")).status).toBe(404);
    expect(JSON.stringify((await carillon.api("GET", "/v1/events/secret-words")).body)).not.toMatch(
      /gone-person|Gone Person|Call secret-words/,
    );
    expect((await carillon.api("GET", "/v1/ledger")).body.unaccounted).toBe(0);
  });

  test("settings, history and log outlast a stop and a kill", async () => {
    const before = (await carillon.api("GET", "/v1/events/first")).body;
    expect(await carillon.stop()).toBeLessThan(5_000);
    await carillon.start();
    expect((await carillon.api("GET", "/v1/events/first")).body).toEqual(before);
    await carillon.kill();
    await expect(fetch(`${carillon.credentials.url}/healthz`)).rejects.toThrow();
    await carillon.start();
    expect((await carillon.api("GET", "/v1/events/first")).body).toEqual(before);
    expect((await carillon.api("GET", "/v1/ledger")).body.unaccounted).toBe(0);
    expect((await (await carillon.me("u4"))("GET", "/inbox")).body.data).not.toHaveLength(0);
  }, 90_000);
});
