import { expect, test } from "vitest";
import type { Rules } from "@carillon/shared/decide";
import { defaultRouting } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { preferencesSchema } from "@carillon/shared/preferences";
import { initialQuietHours, type QuietHours } from "@carillon/shared/quiet-hours";
import { openSql } from "../adapters/node-sqlite.ts";
import { Shard } from "./shard.ts";

/** A Monday. */
const at = (time: string, day = "2026-11-23"): number => Date.parse(`${day}T${time}Z`);
const NIGHTS: Partial<QuietHours> = { enabled: true, start: "20:00", end: "08:00", quietDays: [], timeZone: "Europe/Berlin" };

function makeShard(quietHours: Partial<QuietHours> = NIGHTS, start = at("12:00")) {
  let now = start;
  let version = 0;
  let number = 0;
  const rules = (changes: Partial<QuietHours>, more: Partial<Rules> = {}): Rules => ({
    version: ++version,
    gates: { "in-app": "on", email: "on", sms: "unset", whatsapp: "unset", push: "unset" },
    cells: defaultRouting(),
    quietHours: { ...initialQuietHours(), ...changes },
    silentInQuietHours: true,
    ...more,
  });
  const shard = new Shard({ sql: openSql(":memory:"), clock: { now: () => now }, org: "acme", shard: 0, randomId: () => `w${number++}` });
  shard.apply(rules(quietHours));
  const post = (input: { id: string } & Record<string, unknown>) => {
    const event = toEvent(
      eventSchema.parse({
        type: "task_assigned",
        recipients: [{ id: "u1", email: "u1@example.com", timeZone: "Europe/Berlin" }],
        ...input,
      }),
      input.id,
    );
    const answer = shard.accept({ version: 1, events: [{ event, hash: JSON.stringify(input) }] });
    shard.beforeCommit();
    return answer;
  };
  return {
    shard,
    post,
    go: (instant: number) => (now = instant),
    change: (changes: Partial<QuietHours>, more: Partial<Rules> = {}) => shard.apply(rules(changes, more)),
    cell: (event: string, channel: string, user = "u1") => {
      const { state, reason, until } = shard.event(event)!.deliveries.find((one) => one.channel === channel && one.user === user)!;
      return [state, reason, ...(until ? [until] : [])].join(" ");
    },
    serve: () => {
      const job = { at: now, number: `job${number++}` };
      const sent: string[] = [];
      let served = shard.begin({ version, channel: "email", job });
      while (!("behind" in served) && served.claim) {
        sent.push(served.claim.message.event.id);
        served = shard.next({ version, channel: "email", job, claim: served.claim.id, outcome: { kind: "ok" }, ms: 1, isLast: false });
      }
      shard.beforeCommit();
      return sent;
    },
  };
}

test("a task at 23:00 on a quiet night reaches the bell now, silently, and the mailbox at 08:00", () => {
  const { shard, post, go, cell, serve } = makeShard(NIGHTS, at("22:00"));
  expect(post({ id: "night" })).toMatchObject({ wakes: [{ channel: "email", at: at("07:00", "2026-11-24") }] });
  expect(cell("night", "email")).toBe("held quiet-hours 2026-11-24T07:00:00.000Z");
  expect(shard.inbox({ user: "u1", filter: "all", q: null, type: null, limit: 1, cursor: null }).data).toMatchObject([{ silent: true }]);
  go(at("06:59:59.999", "2026-11-24"));
  expect(serve()).toEqual([]);
  go(at("07:00", "2026-11-24"));
  expect(serve()).toEqual(["night"]);
  expect(shard.ledger({ from: null, to: null })).toMatchObject({ sent: 1, held: 0, unaccounted: 0 });
});

test("an urgent one passes, unless urgent ones are to wait too", () => {
  const { post, cell, change } = makeShard(NIGHTS, at("22:00"));
  post({ id: "urgent", priority: "high" });
  expect(cell("urgent", "email")).toBe("queued matrix");
  change({ ...NIGHTS, urgentPasses: false });
  expect(cell("urgent", "email")).toMatch(/^held quiet-hours/);
});

test("any change plans anew what is held: longer, shorter, off, another zone, a route switched off", () => {
  const { shard, post, cell, change } = makeShard(NIGHTS, at("22:00"));
  post({ id: "e" });
  change({ ...NIGHTS, end: "09:00" });
  expect(cell("e", "email")).toBe("held quiet-hours 2026-11-24T08:00:00.000Z");
  change({ ...NIGHTS, end: "06:00" });
  expect(cell("e", "email")).toBe("held quiet-hours 2026-11-24T05:00:00.000Z");
  expect(shard.putUsers([{ id: "u1", fields: { timeZone: "America/New_York" } }]).wakes).toMatchObject([{ channel: "email" }]);
  expect(cell("e", "email")).toBe("queued matrix");
  change({ ...NIGHTS, timeZone: "Asia/Tokyo" });
  shard.putUsers([{ id: "u1", fields: { timeZone: "Asia/Tokyo" } }]);
  post({ id: "f", recipients: ["u1"], deliverAt: new Date(at("12:30", "2026-11-24")).toISOString() });
  expect(cell("f", "email")).toBe("held quiet-hours 2026-11-24T23:00:00.000Z");
  const cells = defaultRouting();
  cells["task_assigned"]!.email = { when: "off", locked: false };
  change(NIGHTS, { cells });
  expect(cell("f", "email")).toBe("cancelled route-off");
});

test("a person may shorten the night or mute an event; what the admin locks or bounds is refused, also later", () => {
  const { shard, post, cell, change } = makeShard(NIGHTS, at("22:00"));
  post({ id: "held" });
  const own = (changes: object) => preferencesSchema.parse({ quietHours: { enabled: true, start: "23:30", end: "07:00" }, ...changes });
  expect(shard.setPreferences("u1", own({}))).toMatchObject({ saved: { quietHours: { start: "23:30" } }, wakes: [{ channel: "email" }] });
  expect(cell("held", "email")).toBe("queued matrix");
  expect(shard.setPreferences("u1", own({ quietHours: { enabled: true, start: "19:00", end: "07:00" } }))).toMatchObject({
    code: "preferences.outside-bounds",
  });
  shard.setPreferences("u1", preferencesSchema.parse({ cells: { task_assigned: { email: false } } }));
  post({ id: "muted" });
  expect(cell("muted", "email")).toBe("skipped user-muted");
  const cells = defaultRouting();
  cells["task_assigned"]!.email = { when: "on", locked: true };
  change({ enabled: false }, { cells });
  post({ id: "locked" });
  expect(cell("locked", "email")).toBe("queued matrix");
  expect(shard.preferences("u1")).toMatchObject({ cells: {} });
  expect(shard.setPreferences("u1", preferencesSchema.parse({ cells: { task_assigned: { email: false } } }))).toMatchObject({
    code: "preferences.locked",
  });
});

test("bounds that tightened since keep nobody from choosing something else", () => {
  const { shard, post, change } = makeShard(NIGHTS);
  post({ id: "e" });
  const quietHours = { enabled: true, start: "20:00", end: "07:00" };
  shard.setPreferences("u1", preferencesSchema.parse({ quietHours }));
  change({ ...NIGHTS, start: "22:00" });
  expect(shard.setPreferences("u1", preferencesSchema.parse({ quietHours, cells: { mention: { email: false } } }))).toHaveProperty("saved");
  expect(shard.setPreferences("u1", preferencesSchema.parse({ quietHours: { ...quietHours, end: "06:00" } }))).toMatchObject({
    code: "preferences.outside-bounds",
  });
});

test("a newer one takes the place of a waiting one with its key, and what it resolves is cancelled", () => {
  const { post, cell, serve, go } = makeShard(NIGHTS, at("22:00"));
  post({ id: "first", collapseKey: "task:7" });
  post({ id: "second", collapseKey: "task:7" });
  expect(cell("first", "email")).toBe("collapsed collapsed");
  post({ id: "done", resolves: ["task:7"] });
  expect(cell("second", "email")).toBe("cancelled cancelled");
  go(at("08:00", "2026-11-24"));
  expect(serve()).toEqual(["done"]);
});

test("an expired one is not sent, a cancelled one neither", () => {
  const { shard, post, cell, serve, go } = makeShard(NIGHTS, at("22:00"));
  post({ id: "short", expiresAt: new Date(at("23:00")).toISOString() });
  post({ id: "called-off" });
  expect(shard.cancel("called-off")).toEqual({ cancelled: 1, shards: [] });
  expect(shard.cancel("unknown")).toBeNull();
  go(at("08:00", "2026-11-24"));
  expect(serve()).toEqual([]);
  expect(cell("short", "email")).toBe("expired expired");
  expect(cell("called-off", "email")).toBe("cancelled cancelled");
  expect(shard.ledger({ from: null, to: null }).unaccounted).toBe(0);
});

test("the simulator says what would be decided, for people who are known and for those who are not, and stores nothing", () => {
  const { shard } = makeShard(NIGHTS);
  const event = toEvent(
    eventSchema.parse({ type: "mention", recipients: [{ id: "new", email: "new@example.com", timeZone: "Asia/Tokyo" }] }),
    "simulation",
  );
  expect(shard.simulate({ version: 1, event, at: at("11:30") })).toMatchObject({
    decisions: [
      { user: "new", channel: "in-app", do: "send", silent: true, why: "matrix" },
      {
        channel: "email",
        do: "hold",
        why: "quiet-hours",
        until: "2026-11-23T23:00:00.000Z",
        details: { timeZone: "Asia/Tokyo", localTime: "mon 20:30", quiet: true },
      },
      { channel: "sms", do: "skip", why: "matrix-off" },
      { channel: "whatsapp", do: "skip", why: "matrix-off" },
      { channel: "push", do: "skip", why: "not-configured" },
    ],
  });
  expect(shard.user("new")).toBeNull();
});

test("who is quiet now, how much is held, and when the next of it goes; admins, who have a bell too, are not counted", () => {
  const { shard, post } = makeShard(NIGHTS, at("22:00"));
  shard.putUsers([{ id: "admin:1", fields: { timeZone: "Europe/Berlin" } }]);
  post({
    id: "e",
    recipients: [
      { id: "u1", email: "a@example.com", timeZone: "Europe/Berlin" },
      { id: "u2", timeZone: "America/New_York" },
    ],
  });
  expect(shard.quietNow()).toEqual({
    people: 2,
    quiet: 1,
    users: [{ id: "u1", name: null, until: "2026-11-24T07:00:00.000Z" }],
    held: 1,
    nextRelease: "2026-11-24T07:00:00.000Z",
  });
});

test("more than five that were held become one message for the person; urgent ones and what is no longer true stay out of it", () => {
  const { shard, post, go, cell, serve, change } = makeShard({ ...NIGHTS, urgentPasses: false }, at("22:00"));
  for (let index = 0; index < 7; index++) post({ id: `e${index}`, data: { task: { title: `Call ${index}` } } });
  post({ id: "urgent", priority: "high" });
  shard.cancel("e3");
  for (let index = 0; index < 5; index++)
    post({ id: `few${index}`, recipients: [{ id: "u2", email: "u2@example.com", timeZone: "Europe/Berlin" }] });
  go(at("07:00", "2026-11-24"));
  const served = shard.begin({ version: 1, channel: "email", job: { at: 0, number: "x" } });
  if ("behind" in served) throw new Error("behind");
  expect(served.claim?.message.texts.title).toBe("6 notifications while it was quiet");
  expect(served.claim?.message.texts.body).toContain("Call 6");
  expect(served.claim?.message.texts.body).not.toContain("Call 3");
  shard.next({
    version: 1,
    channel: "email",
    job: { at: 0, number: "x" },
    claim: served.claim!.id,
    outcome: { kind: "ok" },
    ms: 1,
    isLast: true,
  });
  expect(serve().sort()).toEqual(["few0", "few1", "few2", "few3", "few4", "urgent"]);
  expect([cell("e0", "email"), cell("e1", "email"), cell("e3", "email")]).toEqual([
    "sent matrix",
    "collapsed collapsed",
    "cancelled cancelled",
  ]);
  expect(shard.ledger({ from: null, to: null })).toMatchObject({ sent: 7, collapsed: 5, cancelled: 1, held: 0, unaccounted: 0 });
  change({ ...NIGHTS, catchUp: false });
  go(at("22:00", "2026-11-24"));
  for (let index = 0; index < 7; index++) post({ id: `single${index}` });
  go(at("07:00", "2026-11-25"));
  expect(serve()).toHaveLength(7);
});

test("an item that came while it was quiet says so; one by day, and one that waited for another reason, came by the matrix", () => {
  const { shard, post, go, change } = makeShard(NIGHTS, at("12:00"));
  const reasons = () =>
    shard
      .inbox({ user: "u1", filter: "all", q: null, type: null, limit: 10, cursor: null })
      .data.map(({ event, why, silent }) => [event, why, silent]);
  post({ id: "by-day" });
  go(at("22:00"));
  post({ id: "at-night" });
  change(NIGHTS, { silentInQuietHours: false });
  post({ id: "loud" });
  expect(reasons()).toEqual([
    ["loud", "matrix", false],
    ["at-night", "quiet-hours", true],
    ["by-day", "matrix", false],
  ]);
});

test("people are found by the beginning of id, email or a part of the name, the very id first; admins are no people of the CRM", () => {
  const { shard } = makeShard();
  shard.putUsers([
    { id: "u1", fields: { name: "Zoe Ultra" } },
    { id: "u10", fields: { name: "Ada Adler", email: "ada@example.com" } },
    { id: "u2", fields: { name: "ben_10%", email: "Adler@example.com" } },
    { id: "u3", fields: {} },
    { id: "admin:1", fields: { name: "Ada Admin" } },
    { id: "administration", fields: {} },
  ]);
  const found = (q: string, limit = 20) => shard.suggestUsers({ q, limit }).map(({ id }) => id);
  expect(found("")).toEqual(["u10", "u2", "u1", "administration", "u3"]);
  expect(found("u1")).toEqual(["u1", "u10"]);
  expect(found("adl")).toEqual(["u10", "u2"]);
  expect(found("ULT")).toEqual(["u1"]);
  expect(found("admin")).toEqual(["administration"]);
  expect(found("%")).toEqual([]);
  expect(found("ben_1")).toEqual(["u2"]);
  expect(found("ben%")).toEqual([]);
  expect(found("u", 2)).toEqual(["u10", "u2"]);
});
