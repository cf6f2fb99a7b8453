import { describe, expect, test } from "vitest";
import type { Rules } from "@carillon/shared/decide";
import { eventSchema, toEvent } from "@carillon/shared/events";
import type { RetentionDays } from "@carillon/shared/retention";
import type { Release } from "@carillon/shared/settings";
import { openSql, type HostSql } from "@carillon/worker/adapters/node-sqlite";
import { rearmAll } from "@carillon/worker/pipeline/rearm";
import { readHistory, readSettings } from "@carillon/worker/settings/store";
import { Shard } from "@carillon/worker/shard/shard";
import { startApp } from "../harness/app.ts";
import { rulesWith } from "../harness/rules.ts";
import { pick, randomFrom, seeds, whole } from "../properties/seeds.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PEOPLE = ["u1", "u2", "u3", "u4"];
const FOR_EVER: RetentionDays = { inbox: null, log: null, audit: null, settingsHistory: null };

/** A shard that keeps things for so long, driven by its own copy of the same random numbers. */
class World {
  readonly sql: HostSql = openSql(":memory:");
  readonly random: () => number;
  readonly days: RetentionDays;
  readonly shard: Shard;
  now = T0;
  version = 1;
  isOn = true;
  /** When each was accepted, or is to be told. */
  events = new Map<string, number>();
  #numbers = 0;

  constructor(seed: number, days: RetentionDays) {
    this.days = days;
    this.random = randomFrom(seed);
    this.shard = new Shard({
      sql: this.sql,
      clock: { now: () => this.now },
      org: "acme",
      shard: 0,
      random: this.random,
      randomId: () => `w${this.#numbers++}`,
    });
    this.turn(() => this.shard.apply(this.#rules()));
    const users = PEOPLE.map((id) => ({ id, fields: { email: `${id}@example.com` } }));
    this.turn(() => this.shard.putUsers(users));
  }

  turn<Answer>(work: () => Answer): Answer {
    return this.sql.transaction(() => {
      const answer = work();
      this.shard.beforeCommit();
      return answer;
    });
  }

  accept(more: object = {}, people = PEOPLE.filter(() => this.random() < 0.5)): string {
    const id = `e${this.events.size}`;
    const { deliverAt } = more as { deliverAt?: string };
    const event = toEvent(
      eventSchema.parse({ id, type: "mention", recipients: people.length > 0 ? people : ["u1"], data: { text: id }, ...more }),
      id,
    );
    this.turn(() => this.shard.accept({ version: this.version, events: [{ event, hash: id }] }));
    this.events.set(id, Math.max(this.now, deliverAt === undefined ? 0 : Date.parse(deliverAt)));
    return id;
  }

  serve(): void {
    const job = { at: this.now, number: `job${this.#numbers++}` };
    let served = this.turn(() => this.shard.begin({ version: this.version, channel: "email", job }));
    while (!("behind" in served) && served.claim) {
      const { id: claim } = served.claim;
      const outcome = { kind: pick(this.random, ["ok", "ok", "ok", "retry", "permanent"] as const) };
      const isLast = this.random() < 0.3;
      served = this.turn(() => this.shard.next({ version: this.version, channel: "email", job, claim, outcome, ms: 1, isLast }));
    }
  }

  read(): void {
    const user = pick(this.random, PEOPLE);
    const mark = pick(this.random, ["read", "archive", "dismiss", "unread"] as const);
    // By their number, so that what one world has forgotten makes no other choice in it.
    const salt = whole(this.random, 0, 2);
    const { data } = this.shard.inbox({ user, filter: "all", q: null, type: null, limit: 100_000, cursor: null });
    const isYoung = (event: string) => this.events.get(event)! > this.now - 4 * DAY;
    const ids = data.filter(({ event }) => isYoung(event) && Number(event.slice(1)) % 3 === salt).map(({ id }) => id);
    this.turn(() => this.shard.mark({ user, mark, ids }));
  }

  toggle(release: Release = "all"): void {
    this.isOn = !this.isOn;
    this.version++;
    this.turn(() => this.shard.apply(this.#rules(), { email: release }));
  }

  /** As often as a whole sweep may need. */
  ring(): void {
    for (let slice = 0; slice < 20; slice++) {
      this.now += 60;
      this.turn(() => this.shard.alarm());
    }
  }

  act(): void {
    const dice = this.random();
    if (dice < 0.35) this.accept();
    else if (dice < 0.4) this.accept({ deliverAt: new Date(this.now + whole(this.random, 1, 20) * DAY).toISOString() });
    else if (dice < 0.5) this.accept({ collapseKey: `key${whole(this.random, 1, 3)}` });
    else if (dice < 0.53) this.accept({ resolves: ["key1"] });
    else if (dice < 0.65) this.serve();
    else if (dice < 0.75) this.read();
    else if (dice < 0.79) this.toggle();
    else if (dice < 0.9) this.now += whole(this.random, 0, 12) * HOUR;
    else {
      this.now += whole(this.random, 6, 60) * HOUR;
      this.ring();
    }
  }

  view(id: string) {
    return this.shard.event(id);
  }

  inbox(user: string) {
    const page = (filter: "all" | "archived" | "dismissed") =>
      this.shard.inbox({ user, filter, q: null, type: null, limit: 100_000, cursor: null }).data;
    return [...page("all"), ...page("archived"), ...page("dismissed")];
  }

  unread(user: string): number {
    return this.shard.inbox({ user, filter: "unread", q: null, type: null, limit: 1, cursor: null }).unread;
  }

  count(table: string): number {
    return this.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).toArray()[0]!.n;
  }

  #rules(): Rules {
    const rules = rulesWith("in-app", "email");
    rules.gates.email = this.isOn ? "on" : "off";
    return { ...rules, version: this.version, retention: this.days };
  }
}

const OPEN = ["queued", "sending", "held", "parked"];

for (const seed of seeds("a shard that forgets", 30)) {
  test(`what is forgotten changes no sum, nothing that is not settled, and nothing that is young (seed ${seed})`, () => {
    const days = { ...FOR_EVER, inbox: 5, log: 12 };
    const forgetful = new World(seed, days);
    const entire = new World(seed, FOR_EVER);
    for (let act = 0; act < 300; act++) {
      for (const world of [forgetful, entire]) world.act();
      if (act % 50 !== 0) continue;
      expect(forgetful.shard.ledger({ from: null, to: null })).toEqual(entire.shard.ledger({ from: null, to: null }));
    }
    for (const world of [forgetful, entire]) {
      world.now += 7 * HOUR;
      world.ring();
    }
    const { now } = forgetful;

    const ledger = forgetful.shard.ledger({ from: null, to: null });
    expect(ledger).toEqual(entire.shard.ledger({ from: null, to: null }));
    expect(ledger.unaccounted).toBe(0);
    for (let round = 0; round < 20; round++) {
      const [from, to] = [forgetful.random(), forgetful.random()].map((part) => T0 + Math.floor((part * (now - T0)) / HOUR) * HOUR).sort();
      const range = { from: from!, to: to! };
      expect(forgetful.shard.ledger(range)).toEqual(entire.shard.ledger(range));
      expect(forgetful.shard.ledger({ from: from! + 1_234, to: to! + 2_345 }).unaccounted).toBe(0);
    }

    let forgotten = 0;
    for (const [id, at] of entire.events) {
      const before = entire.view(id)!;
      const isOld = at < now - 12 * DAY;
      const isOpen = before.deliveries.some(({ state }) => OPEN.includes(state));
      if (!isOld || isOpen) expect(forgetful.view(id), `${id} ${isOpen ? "is not settled" : "is young"}`).toEqual(before);
      else if (forgetful.view(id) === null) forgotten++;
      else
        expect(
          before.deliveries.map(({ state }) => state),
          `${id} is settled and old`,
        ).toContain("collapsed");
    }
    expect(forgotten).toBeGreaterThan(0);
    for (const user of PEOPLE) {
      const kept = entire.inbox(user).filter(({ event }) => entire.events.get(event)! >= now - 5 * DAY);
      const items = forgetful.inbox(user);
      expect(items.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
      const isUnread = (one: (typeof items)[number]) => one.readAt === null && one.archivedAt === null && one.dismissedAt === null;
      expect(forgetful.unread(user)).toBe(items.filter(isUnread).length);
    }
  });
}

describe("a shard that forgets", () => {
  test("leaves no row of an old settled event behind, and never gives its numbers out again", () => {
    const world = new World(1, { ...FOR_EVER, inbox: 1, log: 1 });
    for (let n = 0; n < 120; n++) world.accept({ collapseKey: "one" }, PEOPLE);
    world.serve();
    world.toggle();
    world.toggle();
    for (let round = 0; round < 40; round++) {
      world.now += HOUR;
      world.serve();
    }
    const last = world.view("e119")!.deliveries.at(-1)!.id;
    world.now += 2 * DAY;
    world.ring();
    const left = Object.fromEntries(
      ["event", "notice", "delivery", "subject", "search", "rules_before"].map((table) => [table, world.count(table)]),
    );
    expect(left).toEqual({ event: 0, notice: 0, delivery: 0, subject: 0, search: 0, rules_before: left["rules_before"]! });
    const ledger = world.shard.ledger({ from: null, to: null });
    expect(ledger).toMatchObject({ accepted: 120 * 4 * 5, inFlight: 0, unaccounted: 0 });

    const again = new Shard({ sql: world.sql, clock: { now: () => world.now }, org: "acme", shard: 0 });
    world.turn(() => again.ledger({ from: null, to: null }));
    world.accept({}, ["u1"]);
    const first = world.view("e120")!.deliveries[0]!.id;
    const numberOf = (id: string) => Number.parseInt(id.split("-")[1]!, 36);
    expect(numberOf(first)).toBeGreaterThan(numberOf(last));
  });

  test("works in small slices", () => {
    const world = new World(1, { ...FOR_EVER, inbox: 1, log: 1 });
    for (let n = 0; n < 200; n++) world.accept({}, PEOPLE);
    while (world.shard.ledger({ from: null, to: null }).inFlight > 0) {
      world.serve();
      world.now += HOUR;
    }
    world.now += 2 * DAY;
    const counts = [world.count("event")];
    while (counts.at(-1)! > 0 && counts.length < 20) {
      world.turn(() => world.shard.alarm());
      counts.push(world.count("event"));
      expect(world.shard.nextAlarm()).toBeLessThanOrEqual(world.now + 50);
      world.now += 50;
    }
    expect(counts).toEqual([200, 150, 100, 50, 0]);
  });

  test("keeps a parked message for as long as it is parked, and lets it go afterwards", () => {
    const world = new World(1, { ...FOR_EVER, inbox: 1, log: 1 });
    world.toggle();
    world.accept({}, ["u1"]);
    world.now += 400 * DAY;
    world.ring();
    expect(world.view("e0")!.deliveries.find(({ channel }) => channel === "email")).toMatchObject({ state: "parked" });
    world.toggle();
    for (let round = 0; round < 12; round++) {
      world.serve();
      world.now += 13 * HOUR;
    }
    world.ring();
    expect(world.view("e0")).toBeNull();
  });

  test("keeps what another message has still to tell of", () => {
    const world = new World(1, { ...FOR_EVER, inbox: 1, log: 1 });
    world.toggle();
    for (const text of ["first", "second"]) world.accept({ data: { text } }, ["u1"]);
    world.now += 2 * DAY;
    world.toggle("digest");
    world.ring();
    const mails = ["e0", "e1"].map((id) => world.view(id)!.deliveries.find(({ channel }) => channel === "email")!.state);
    expect(mails).toEqual(["queued", "collapsed"]);
    for (let round = 0; round < 12; round++) {
      world.serve();
      world.now += 13 * HOUR;
    }
    world.ring();
    expect([world.view("e0"), world.view("e1")]).toEqual([null, null]);
  });

  test("tells open bells that an item has gone", () => {
    const world = new World(1, { ...FOR_EVER, inbox: 1 });
    world.accept({}, ["u1"]);
    const [item] = world.inbox("u1");
    world.shard.takeTold();
    world.now += 2 * DAY;
    world.ring();
    expect(world.shard.takeTold()).toEqual([
      { person: "u1", frame: { type: "state", ids: [item!.id], state: "dismiss", rev: expect.any(Number), unread: 0 } },
    ]);
    expect(world.view("e0")!.deliveries.find(({ channel }) => channel === "in-app")).toMatchObject({ state: "delivered" });
  });

  test("forgets old acts of admins, and no young ones", () => {
    const world = new World(1, { ...FOR_EVER, audit: 30 });
    const note = (what: string) =>
      world.turn(() => world.shard.audit({ at: world.now, who: "Kim", role: "owner", act: "routing.save", what, detail: null }));
    for (let n = 0; n < 1_200; n++) note("old");
    world.now += 20 * DAY;
    note("young");
    world.now += 11 * DAY;
    world.ring();
    expect(world.shard.auditLog({ limit: 10, cursor: null }).data.map(({ what }) => what)).toEqual(["young"]);
  });

  test("asks for no timer while everything is kept for ever", () => {
    expect(new World(1, FOR_EVER).shard.nextAlarm()).toBeNull();
  });
});

describe("for how long things are kept", () => {
  const form = { version: 1, inbox: 30, log: 365, audit: 365, settingsHistory: 365 };

  test("is for ever until an owner says otherwise", async () => {
    const house = await startApp();
    const owner = await house.signIn("owner");
    expect((await house.call("GET", "/admin/api/retention", undefined, owner)).body).toEqual({ version: 1, ...FOR_EVER });
    const put = (body: object, by = owner) => house.call("PUT", "/admin/api/retention", body, by);
    expect((await put(form, await house.signIn("admin"))).status).toBe(403);
    expect(await put(form)).toMatchObject({ status: 200, body: { ...form, version: 2 } });
    expect(await put(form)).toMatchObject({ status: 409, body: { code: "settings.conflict", current: { version: 2 } } });
    const { body } = await house.call("GET", "/admin/api/audit", undefined, owner);
    expect(body.data[0]).toMatchObject({ act: "retention.save", detail: { log: 365 } });
  });

  test.each([
    ["half a day", { inbox: 0.5 }],
    ["no time at all", { audit: 0 }],
    ["the bell longer than the log", { inbox: 400 }],
    ["the bell for ever and the log not", { inbox: null }],
    ["an unknown kind", { people: 3 }],
  ])("is refused for %s", async (_, change) => {
    const house = await startApp();
    const answer = await house.call("PUT", "/admin/api/retention", { ...form, ...change }, await house.signIn("owner"));
    expect(answer.status).toBe(422);
  });

  test("reaches every shard, whose timer then forgets", async () => {
    const house = await startApp({ shards: 2 });
    const owner = await house.signIn("owner");
    const people = Array.from({ length: 20 }, (_, n) => `p${n}`);
    await house.call("POST", "/v1/events", { id: "old", type: "mention", recipients: people, data: { text: "old" } }, house.key);
    await house.settle();
    const { body: before } = await house.call("GET", "/v1/ledger", undefined, house.key);
    await house.call("PUT", "/admin/api/retention", { ...form, inbox: 1, log: 1 }, owner);
    house.clock.pass(2 * DAY);
    for (const shard of [0, 1]) await house.shards.ring("acme", shard);
    expect((await house.call("GET", "/v1/events/old", undefined, house.key)).status).toBe(404);
    expect((await house.call("GET", "/v1/deliveries", undefined, house.key)).body.data).toEqual([]);
    expect((await house.call("GET", "/v1/ledger", undefined, house.key)).body).toEqual(before);
  });

  test("past settings go once they have been out of force for so long, those in force never", async () => {
    const house = await startApp();
    const owner = await house.signIn("owner");
    const put = async (version: number) => {
      const { body } = await house.call("GET", "/admin/api/quiet-hours", undefined, owner);
      expect((await house.call("PUT", "/admin/api/quiet-hours", { ...body, version }, owner)).status).toBe(200);
    };
    const sweep = () => rearmAll(house.outside);
    const versions = async () => (await readHistory(house.outside, "acme")).map(({ version }) => version);
    await put(1);
    await put(2);
    house.clock.pass(10 * 60_000);
    await house.call("PUT", "/admin/api/retention", { ...form, settingsHistory: 7 }, owner);
    expect(await versions()).toEqual([4, 3, 2, 1]);
    await sweep();
    expect(await versions()).toEqual([4, 3, 2, 1]);
    house.clock.pass(7 * DAY - 60_000);
    await sweep();
    expect(await versions()).toEqual([4, 3]);
    house.clock.pass(2 * 60_000);
    await sweep();
    expect(await versions()).toEqual([4, 3]); // Looked into once a day.
    house.clock.pass(400 * DAY);
    await sweep();
    expect(await versions()).toEqual([4]);
    expect((await readSettings(house.outside, "acme", 4)).retention?.settingsHistory).toBe(7);
  });
});
