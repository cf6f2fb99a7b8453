import { beforeEach, describe, expect, test } from "vitest";
import { CHANNELS } from "@carillon/shared/channels";
import { startApp, type House } from "../harness/app.ts";

const SHARDS = 4;
/** More than one slice of a preview in every shard. */
const PEOPLE = 2_400;
const ids = Array.from({ length: PEOPLE }, (_, n) => `p${n}`);
const isNorth = (n: number): boolean => n % 3 === 0;
const event = { type: "deal_closed_won", data: { deal: { name: "Acme" }, actorName: "Kim" }, link: "https://crm.example.com/deals/1" };
const north = { kind: "team", name: "north" };

let house: House;
let key: Record<string, string>;
let admin: Record<string, string>;

const post = (path: string, body: unknown, headers = admin) => house.call("POST", path, body, headers);
const get = async (path: string) => (await house.call("GET", `/admin/api${path}`, undefined, admin)).body;
const preview = async (body: object) => (await post("/v1/events/preview", body, key)).body;
async function runTimers(rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    house.clock.pass(5_000);
    for (let shard = 0; shard < SHARDS; shard++) await house.shards.ring("acme", shard);
    await house.settle();
  }
}

beforeEach(async () => {
  house = await startApp({ shards: SHARDS });
  ({ key } = house);
  admin = await house.signIn("admin");
  const owner = await house.signIn("owner");
  const connect = async (channel: string, settings: object, secrets: object) => {
    const path = `/admin/api/channels/${channel}`;
    const { version } = (await house.call("GET", path, undefined, owner)).body;
    expect((await house.call("PUT", path, { version, settings, secrets }, owner)).status).toBe(200);
  };
  await connect("sms", { accountSid: `AC${"0".repeat(32)}`, from: "+15551234567", messagingServiceSid: "" }, { authToken: "token" });
  await connect(
    "email",
    { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" },
    { password: "secret" },
  );
  await post("/admin/api/channels/sms/enable", {}, owner);
  for (let from = 0; from < PEOPLE; from += 400) {
    const users = ids.slice(from, from + 400).map((id, index) => ({
      id,
      email: `${id}@example.com`,
      ...(index % 2 === 0 ? { phone: `+4915100${String(from + index).padStart(6, "0")}` } : {}),
      teams: [isNorth(from + index) ? "north" : "south"],
      lists: ["everybody"],
    }));
    expect((await post("/v1/users/bulk", { users }, key)).status).toBe(200);
  }
  await house.settle();
});

describe("a preview", () => {
  test("counts everybody over all shards, with the reasons of whoever gets nothing, the cost and the text", async () => {
    const told = await preview({ ...event, audience: { kind: "all" } });
    expect(told).toMatchObject({
      people: PEOPLE,
      reached: PEOPLE,
      channels: {
        "in-app": { send: PEOPLE, hold: {}, park: {}, skip: {} },
        email: { send: 0, park: { "channel-off": PEOPLE } },
        sms: { send: PEOPLE / 2, skip: { "no-address": PEOPLE / 2 }, segments: PEOPLE / 2 },
        whatsapp: { send: 0, skip: { "matrix-off": PEOPLE } },
        push: { send: 0, skip: { "not-configured": PEOPLE } },
      },
      cost: { sms: { low: 9.6, high: 120, currency: "USD" } },
      firstAt: new Date(house.clock.now()).toISOString(),
      lastAt: new Date(house.clock.now()).toISOString(),
      text: { sms: { text: expect.stringMatching(/^.*Acme.*\nhttps:\/\/crm\.example\.com\/deals\/1$/) } },
    });
    expect((await preview({ ...event, audience: north })).people).toBe(PEOPLE / 3);
    expect(await preview({ ...event, audience: { kind: "role", name: "nobody's" } })).toMatchObject({
      people: 0,
      reached: 0,
      firstAt: null,
      cost: {},
    });
  });

  test("asks each shard in short calls, stores nothing, and wakes nobody", async () => {
    const before = (await get("/ledger")).accepted;
    const { before: during } = await house.count(() => preview({ ...event, audience: { kind: "all" } }));
    const calls = during.calls.filter(({ name }) => name === "preview");
    expect(new Set(calls.map(({ shard }) => shard)).size).toBe(SHARDS);
    expect(calls.length).toBeGreaterThan(SHARDS);
    expect(calls.flatMap(({ statements }) => statements).filter(({ query }) => !/^\s*SELECT/.test(query))).toEqual([]);
    expect(during.requests).toEqual([]);
    expect((await get("/ledger")).accepted).toBe(before);
    expect(await get("/broadcasts")).toEqual({ data: [] });
  });

  test("says what the event then does, cell for cell, and for a list of people what the simulator says", async () => {
    const quiet = (await get("/quiet-hours")) as object;
    const nights = { ...quiet, enabled: true, start: "00:00", end: "23:59", heldChannels: ["sms"], quietDays: [], timeZone: "UTC" };
    expect((await house.call("PUT", "/admin/api/quiet-hours", nights, admin)).status).toBe(200);
    const told = await preview({ ...event, audience: north });
    expect(told.channels.sms.hold["quiet-hours"]).toBe(PEOPLE / 6);
    expect(Date.parse(told.lastAt)).toBeGreaterThan(house.clock.now());
    expect((await post("/v1/events", { ...event, id: "won", audience: north }, key)).body.accepted).toBe(told.people);
    await house.settle();
    await runTimers(10);
    const ledger = await get("/ledger");
    const sum = (part: string) => CHANNELS.reduce((all, name) => all + countOf(told.channels[name][part]), 0);
    expect([ledger.held, ledger.parked, ledger.skipped]).toEqual([sum("hold"), sum("park"), sum("skip")]);

    const recipients = [...ids.slice(0, 50), { id: "new", email: "new@example.com", phone: "+491510000001" }];
    const listed = await preview({ ...event, recipients });
    const { body } = await post("/v1/simulate", { ...event, recipients }, key);
    for (const channel of CHANNELS) {
      for (const act of ["send", "hold", "park", "skip"]) {
        const cells = body.decisions.filter((one: { channel: string; do: string }) => one.channel === channel && one.do === act);
        expect([channel, act, countOf(listed.channels[channel][act])]).toEqual([channel, act, cells.length]);
      }
    }
  });

  test("refuses what would be refused if it were posted", async () => {
    const wrong = await post("/admin/api/broadcast/preview", { ...event, type: "no_such", audience: north });
    expect([wrong.status, wrong.body.code]).toEqual([422, "event.unknown-type"]);
    expect((await post("/admin/api/broadcast/preview", { ...event, audience: north, recipients: ["p1"] })).status).toBe(422);
  });
});

const countOf = (part: number | Record<string, number>): number =>
  typeof part === "number" ? part : Object.values(part).reduce((sum, n) => sum + n, 0);

describe("a broadcast", () => {
  test("is sent once, however often it is asked for, and is on record with who sent it", async () => {
    const body = { ...event, id: "broadcast-1", audience: north };
    const answers = await Promise.all([post("/admin/api/broadcast", body), post("/admin/api/broadcast", body)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(answers.map(({ body: answer }) => answer.duplicate).sort()).toEqual([false, true]);
    await house.settle();
    await runTimers(10);
    expect((await get("/ledger")).accepted).toBe((PEOPLE / 3) * CHANNELS.length);
    const sent = (await get("/audit")).data.filter(({ act }: { act: string }) => act === "broadcast.send");
    expect(sent).toMatchObject([{ who: "The admin", what: "broadcast-1", detail: { audience: north, type: "deal_closed_won" } }]);
    const other = await post("/admin/api/broadcast", { ...body, data: {} });
    expect([other.status, other.body.code]).toEqual([409, "event.id-reused"]);
  });

  test("shows how far it is, beside the CRM's own, and can be cancelled by an operator, on record", async () => {
    await post("/v1/events", { ...event, id: "of-the-crm", audience: { kind: "list", name: "everybody" } }, key);
    await house.settle();
    await runTimers(12);
    await post("/admin/api/broadcast", { ...event, id: "broadcast-1", audience: north });
    await house.settle();
    await runTimers(1);
    const [newest, older] = (await get("/broadcasts")).data;
    expect(newest).toMatchObject({ id: "broadcast-1", people: PEOPLE / 3, state: "telling", sent: { by: "The admin", audience: north } });
    expect(newest.told).toBeGreaterThan(0);
    expect(newest.told).toBeLessThan(PEOPLE / 3);
    expect(newest.title).toContain("Acme");
    expect(older).toMatchObject({ id: "of-the-crm", people: PEOPLE, told: PEOPLE, state: "told", sent: null });

    const operator = await house.signIn("operator");
    expect((await post("/admin/api/events/broadcast-1/cancel", {}, await house.signIn("viewer"))).status).toBe(403);
    expect((await post("/admin/api/events/broadcast-1/cancel", {}, operator)).status).toBe(200);
    await runTimers(12);
    expect((await get("/broadcasts")).data[0]).toMatchObject({ told: newest.told, state: "cancelled" });
    expect((await get("/audit")).data[0]).toMatchObject({ act: "event.cancel", what: "broadcast-1", role: "operator" });
    expect((await get("/ledger")).unaccounted).toBe(0);
    expect((await post("/admin/api/events/nothing/cancel", {}, operator)).status).toBe(404);
  });

  test("one that was told to all and still waits is shown as cancelled too", async () => {
    const deliverAt = new Date(house.clock.now() + 86_400_000).toISOString();
    await post("/admin/api/broadcast", { ...event, id: "later", audience: north, deliverAt });
    await house.settle();
    await runTimers(12);
    expect((await get("/broadcasts")).data[0]).toMatchObject({ told: PEOPLE / 3, state: "told", deliverAt });
    const { body } = await post("/admin/api/events/later/cancel", {});
    expect(body.cancelled).toBeGreaterThan(0);
    expect((await get("/broadcasts")).data[0]).toMatchObject({ told: PEOPLE / 3, state: "cancelled" });
  });

  test("is told once nobody is left to be told, though somebody left the audience meanwhile", async () => {
    await post("/admin/api/broadcast", { ...event, id: "broadcast-1", audience: north });
    const gone = ids.filter((_, n) => isNorth(n)).slice(-3);
    for (const id of gone) expect((await house.call("DELETE", `/v1/users/${id}`, undefined, key)).status).toBe(204);
    await house.settle();
    await runTimers(12);
    const [{ people, told, state }] = (await get("/broadcasts")).data;
    expect([people, told, state]).toEqual([PEOPLE / 3, PEOPLE / 3 - gone.length, "told"]);
  });

  test("needs an audience, an id, and the role of an admin", async () => {
    for (const wrong of [{ recipients: ["p1"] }, { audience: north, recipients: ["p1"], id: "x" }, { audience: north }]) {
      expect((await post("/admin/api/broadcast", { ...event, ...wrong })).status).toBe(422);
    }
    const operator = await house.signIn("operator");
    expect((await post("/admin/api/broadcast", { ...event, id: "x", audience: north }, operator)).status).toBe(403);
    expect(await get("/audit")).toMatchObject({ data: expect.not.arrayContaining([expect.objectContaining({ act: "broadcast.send" })]) });
  });

  test("may be for whoever the people say that they are, counted over all shards", async () => {
    expect(await get("/audiences")).toEqual({
      people: PEOPLE,
      groups: [
        { kind: "list", name: "everybody", people: PEOPLE },
        { kind: "team", name: "north", people: PEOPLE / 3 },
        { kind: "team", name: "south", people: (PEOPLE * 2) / 3 },
      ],
    });
  });
});
