import { expect, test } from "vitest";
import { CHANNELS } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import { defaultRouting } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { preferencesSchema } from "@carillon/shared/preferences";
import { initialQuietHours, quietHoursSchema } from "@carillon/shared/quiet-hours";
import { openSql } from "../adapters/node-sqlite.ts";
import { Shard } from "./shard.ts";

/** A Monday, 22:00 in Berlin. */
const T0 = Date.UTC(2026, 10, 23, 21, 0, 0);
const HOUR = 3_600_000;
const QUIET = quietHoursSchema.parse({ version: 2, enabled: true, start: "20:00", end: "08:00", quietDays: [], timeZone: "Europe/Berlin" });

const rulesOf = (version: number, more: Partial<Rules> = {}): Rules => ({
  version,
  gates: { "in-app": "on", email: "on", sms: "unset", whatsapp: "unset", push: "unset" },
  cells: defaultRouting(),
  quietHours: initialQuietHours(),
  silentInQuietHours: true,
  ...more,
});

function makeShard(rules: Rules) {
  let now = T0;
  let version = rules.version;
  const shard = new Shard({ sql: openSql(":memory:"), clock: { now: () => now }, org: "acme", shard: 0 });
  shard.apply(rules);
  return {
    shard,
    pass: (ms: number) => (now += ms),
    apply: (next: Rules) => (shard.apply(next), (version = next.version)),
    post(id: string) {
      const input = eventSchema.parse({ id, type: "task_assigned", recipients: [{ id: "u1", email: "u1@example.com" }], data: {} });
      shard.accept({ version, events: [{ event: toEvent(input, id), hash: id }] });
      shard.beforeCommit();
    },
    email: (id: string) => shard.event(id)!.deliveries.find(({ channel }) => channel === "email")!,
  };
}

test("a decision is told with the values of its moment, whatever has changed since", () => {
  const { shard, apply, post, pass, email } = makeShard(rulesOf(1));
  post("e1");
  pass(HOUR);
  shard.putUsers([{ id: "u1", fields: { timeZone: "Asia/Tokyo", email: null } }]);
  shard.setPreferences("u1", preferencesSchema.parse({ cells: { task_assigned: { email: false } } }));
  const routing = defaultRouting();
  routing["task_assigned"]!.email = { when: "off", locked: true };
  apply(rulesOf(2, { cells: routing }));
  post("e2");

  expect(shard.event("e1")!.deliveries.map(({ channel }) => channel)).toEqual(CHANNELS);
  const [inApp] = shard.event("e1")!.deliveries;
  expect(inApp!.decided).toEqual({
    at: new Date(T0).toISOString(),
    settingsVersion: 1,
    from: {
      cell: { when: "on", locked: false },
      preference: null,
      gate: "on",
      address: "yes",
      timeZone: "UTC",
      localTime: "mon 21:00",
      quiet: false,
    },
  });
  expect(email("e2").decided).toMatchObject({
    settingsVersion: 2,
    from: { cell: { when: "off", locked: true }, preference: false, address: "yes", timeZone: "Asia/Tokyo", localTime: "tue 07:00" },
  });
});

test("what was decided anew is told by the newer rules: held, and then released", () => {
  const { apply, post, pass, email } = makeShard(rulesOf(1, { quietHours: QUIET }));
  post("e1");
  expect(email("e1")).toMatchObject({
    state: "held",
    decided: { at: new Date(T0).toISOString(), settingsVersion: 1, from: { quiet: true, localTime: "mon 22:00" } },
  });
  pass(HOUR);
  apply(rulesOf(2));
  expect(email("e1")).toMatchObject({
    state: "queued",
    decided: { at: new Date(T0 + HOUR).toISOString(), settingsVersion: 2, from: { quiet: false, localTime: "mon 22:00" } },
  });
});

test("nothing is told any more of an erased person", () => {
  const { shard, post } = makeShard(rulesOf(1));
  post("e1");
  shard.putUsers([{ id: "u1", fields: { timeZone: "Asia/Tokyo" } }]);
  shard.eraseUser("u1");
  expect(shard.event("e1")!.deliveries.map(({ decided }) => decided?.from)).toEqual([null, null, null, null, null]);
});

test("whoever comes after an erased person does not take their place in the log", () => {
  const { shard, post } = makeShard(rulesOf(1));
  post("e1");
  shard.eraseUser("u1");
  shard.putUsers([{ id: "u2", fields: { email: "u2@example.com" } }]);
  expect(shard.event("e1")!.deliveries.map(({ user }) => user)).not.toContain("u2");
  const query = { channel: null, state: null, type: null, from: null, to: null, q: null, limit: 10, cursor: null };
  expect(shard.deliveries({ ...query, user: "u2" } as Parameters<typeof shard.deliveries>[0]).data).toEqual([]);
  post("e2");
  expect(new Set(shard.event("e2")!.deliveries.map(({ user }) => user))).toEqual(new Set(["u1"]));
});
