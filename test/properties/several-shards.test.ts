import { expect, test } from "vitest";
import { shardOf } from "@carillon/worker/pipeline/place";
import { readOrg } from "@carillon/worker/settings/org";
import { startApp, type House } from "../harness/app.ts";
import { pick, randomFrom, seeds, whole } from "./seeds.ts";

const SHARDS = 4;
const PEOPLE = Array.from({ length: 24 }, (_, n) => `p${n}`);

/** A house with email on, that sends to nobody: what is due stays due. */
async function openHouse(shards: number): Promise<House> {
  const house = await startApp({ shards });
  const admin = await house.signIn("owner");
  const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings, secrets: { password: "secret" } }, admin);
  await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
  const users = PEOPLE.map((id, n) => ({ id, email: `${id}@example.com`, teams: [n % 3 === 0 ? "north" : "south"] }));
  await house.call("POST", "/v1/users/bulk", { users }, house.key);
  await house.settle();
  return house;
}

/** What a job goes by that has just read the settings. */
const versionOf = async ({ outside }: House): Promise<number> => (await readOrg(outside, "acme"))!.version;

/** The timers of all shards, until nothing is left to be told or handed on. */
async function runTimers(house: House, shards: number, rounds = 40): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    house.clock.pass(5_000);
    for (let shard = 0; shard < shards; shard++) await house.shards.ring("acme", shard);
    await house.settle();
  }
}

const event = (id: string, more: object) => ({ id, type: "task_assigned", data: { task: { title: `Call ${id}` } }, ...more });
const post = (house: House, body: object) => house.call("POST", "/v1/events", body, house.key);
const get = async (house: House, path: string) => (await house.call("GET", path, undefined, house.key)).body;
async function inboxes(house: House): Promise<Record<string, string[]>> {
  const all: Record<string, string[]> = {};
  for (const id of PEOPLE) {
    const { body } = await house.call("GET", "/v1/me/inbox?filter=all&limit=100", undefined, await house.bell(id));
    all[id] = body.data.map((item: { event: string }) => item.event).sort();
  }
  return all;
}

test.each(seeds("four shards against one", 6))(
  "four shards, some of them away now and then, end as one does (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const one = await openHouse(1);
    const four = await openHouse(SHARDS);
    for (let n = 0; n < 30; n++) {
      const recipients = [...new Set(Array.from({ length: whole(random, 1, 8) }, () => pick(random, PEOPLE)))];
      const audience = random() < 0.1 ? pick(random, [{ kind: "all" }, { kind: "team", name: "north" }]) : undefined;
      const body = event(`e${n}`, audience ? { audience } : { recipients });
      expect((await post(one, body)).status).toBe(202);
      // A home that is away takes nothing; the CRM asks again.
      for (let answer = 0; answer !== 202;) {
        four.shards.away = new Set(random() < 0.3 ? [whole(random, 0, SHARDS - 1)] : []);
        answer = (await post(four, body)).status;
        expect([202, 503]).toContain(answer);
      }
      if (random() < 0.5) await four.settle();
      if (random() < 0.2) await four.shards.ring("acme", whole(random, 0, SHARDS - 1));
    }
    await four.settle();
    four.shards.away = new Set();
    await runTimers(four, SHARDS, 10);
    await runTimers(one, 1, 10);
    expect(await inboxes(four)).toEqual(await inboxes(one));
    const ledger = await get(four, "/v1/ledger");
    expect(ledger).toEqual(await get(one, "/v1/ledger"));
    expect(ledger.unaccounted).toBe(0);
    for (let n = 0; n < 30; n++) {
      const [here, there] = [await get(one, `/v1/events/e${n}`), await get(four, `/v1/events/e${n}`)];
      expect(there.recipients.sort()).toEqual(here.recipients.sort());
      expect(there.deliveries.length).toBe(here.deliveries.length);
    }
  },
  60_000,
);

test("the log of four shards is one, newest first, page after page without a gap or a double", async () => {
  const house = await openHouse(SHARDS);
  for (let n = 0; n < 40; n++) {
    house.clock.pass(1_000);
    await post(house, event(`e${n}`, { recipients: [PEOPLE[n % PEOPLE.length]!, PEOPLE[(n * 7) % PEOPLE.length]!] }));
    await house.settle();
  }
  for (const filter of ["", "&channel=email", "&user=p3", "&q=e7", "&state=delivered"]) {
    const all = (await get(house, `/v1/deliveries?limit=100${filter}`)).data.map(({ id }: { id: string }) => id);
    const paged: { id: string; at: string }[] = [];
    let cursor: string | null = null;
    do {
      const page: { data: { id: string; at: string }[]; next: string | null } = await get(
        house,
        `/v1/deliveries?limit=7${filter}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      paged.push(...page.data);
      cursor = page.next;
    } while (cursor !== null);
    expect(paged.slice(0, all.length).map(({ id }) => id)).toEqual(all);
    expect(new Set(paged.map(({ id }) => id)).size).toBe(paged.length);
    const times = paged.map(({ at }) => at);
    expect(times).toEqual(times.toSorted().toReversed());
  }
});

test("what resolves reaches every shard, and a cancelled event is cancelled in all of them, also where it is still to come", async () => {
  const house = await openHouse(SHARDS);
  const later = new Date(house.clock.now() + 3_600_000).toISOString();
  await post(house, event("first", { recipients: PEOPLE, collapseKey: "deal:1", deliverAt: later }));
  await house.settle();
  await post(house, event("second", { recipients: [PEOPLE[0]!], resolves: ["deal:1"] }));
  await house.settle();
  expect(await get(house, "/v1/ledger")).toMatchObject({ held: 0, cancelled: 2 * PEOPLE.length, unaccounted: 0 });

  const home = 0;
  const id = `e${home}_x`;
  house.shards.away = new Set([1, 2, 3]);
  await post(house, event(id, { recipients: PEOPLE, deliverAt: later }));
  await house.settle();
  expect((await house.call("POST", `/v1/events/${id}/cancel`, undefined, house.key)).status).toBe(503);
  house.shards.away = new Set();
  expect((await house.call("POST", `/v1/events/${id}/cancel`, undefined, house.key)).status).toBe(200);
  await runTimers(house, SHARDS, 4);
  expect(await get(house, "/v1/ledger")).toMatchObject({ held: 0, unaccounted: 0 });
  expect((await get(house, `/v1/events/${id}`)).recipients).toEqual(PEOPLE.filter((person) => shardOf(person, SHARDS) === home));
});

test("every admin's bell hears of a fault once, whichever shards the admins and the fault are in", async () => {
  const house = await openHouse(SHARDS);
  const admins = ["anna", "ben", "cleo", "dora", "emil"].map((name) => `admin:${name}`);
  for (const admin of admins) await house.shards.get("acme", shardOf(admin, SHARDS)).socketTicket(admin, Date.now());
  await post(house, event("e1", { recipients: PEOPLE }));
  await house.settle();
  const version = await versionOf(house);
  // Two find out at the same time, before they have heard of each other.
  for (const shard of [1, 3]) {
    const calls = house.shards.get("acme", shard);
    const job = { at: 0, number: `j${shard}` };
    house.shards.away = new Set();
    const begun = await calls.begin({ version, channel: "email", job });
    if ("behind" in begun || !begun.claim) throw new Error("Nothing is due");
    const outcome = { kind: "fault" as const, said: "535 wrong password" };
    house.shards.away = new Set([0, 1, 2, 3].filter((other) => other !== shard));
    await calls.next({ version, channel: "email", job, claim: begun.claim.id, outcome, ms: 5, isLast: true });
    await house.settle();
  }
  house.shards.away = new Set();
  await runTimers(house, SHARDS, 2);
  await house.settle();
  for (const admin of admins) {
    const { data } = await house.shards
      .get("acme", shardOf(admin, SHARDS))
      .inbox({ user: admin, filter: "all", q: null, type: null, limit: 10, cursor: null });
    expect(data.map(({ title }) => title)).toEqual(["Email has stopped"]);
  }
});

test("a channel that has stopped in one shard has stopped in all, and a green test sets all of them going", async () => {
  const house = await openHouse(SHARDS);
  await post(house, event("e1", { recipients: PEOPLE }));
  await house.settle();
  const calls = house.shards.get("acme", 2);
  const version = await versionOf(house);
  const job = { at: 0, number: "j" };
  const begun = await calls.begin({ version, channel: "email", job });
  if ("behind" in begun || !begun.claim) throw new Error("Nothing is due");
  const outcome = { kind: "fault" as const, said: "535 wrong password" };
  await calls.next({ version, channel: "email", job, claim: begun.claim.id, outcome, ms: 5, isLast: true });
  await house.settle();
  const { parked, inFlight } = await get(house, "/v1/ledger");
  expect({ parked, inFlight }).toEqual({ parked: PEOPLE.length, inFlight: 0 });
  const health = async (shard: number) => (await house.shards.get("acme", shard).channelStatus("email")).fault?.why ?? null;
  for (let shard = 0; shard < SHARDS; shard++) expect(await health(shard)).toBe("535 wrong password");
  await calls.next({ version, channel: "email", job, claim: begun.claim.id, outcome, ms: 5, isLast: true });
  for (let shard = 0; shard < SHARDS; shard++) await house.shards.get("acme", shard).clearFault("email");
  expect(await get(house, "/v1/ledger")).toMatchObject({ parked: 0, inFlight: PEOPLE.length });
});

test("a probe that gets through in one shard sets all of them going", async () => {
  const house = await openHouse(SHARDS);
  await post(house, event("e1", { recipients: PEOPLE }));
  await house.settle();
  for (let shard = 0; shard < SHARDS; shard++)
    await house.shards.get("acme", shard).tripped({ channel: "email", fault: { why: "down", remedy: null, since: house.clock.now() } });
  expect(await get(house, "/v1/ledger")).toMatchObject({ parked: PEOPLE.length });
  house.clock.pass(61_000);
  const version = await versionOf(house);
  const calls = house.shards.get("acme", 1);
  const job = { at: 0, number: "probe" };
  const probe = await calls.begin({ version, channel: "email", job });
  if ("behind" in probe || !probe.claim) throw new Error("Nothing was tried");
  await calls.next({ version, channel: "email", job, claim: probe.claim.id, outcome: { kind: "ok" }, ms: 5, isLast: true });
  await house.settle();
  expect(await get(house, "/v1/ledger")).toMatchObject({ parked: 0, sent: 1, inFlight: PEOPLE.length - 1 });
});
