import { expect, test } from "vitest";
import type { Gate } from "@carillon/shared/decide";
import { defaultRouting } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { preferencesSchema } from "@carillon/shared/preferences";
import { initialQuietHours } from "@carillon/shared/quiet-hours";
import type { Release } from "@carillon/shared/settings";
import { openSql } from "../adapters/node-sqlite.ts";
import type { Outcome } from "../channels/channel.ts";
import { Shard } from "./shard.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const HOUR = 3_600_000;

/** A shard whose mail is switched off and on again, and Ada, who is told of tasks. */
function makeShard() {
  let now = T0;
  let version = 0;
  const shard = new Shard({ sql: openSql(":memory:"), clock: { now: () => now }, org: "acme", shard: 0, random: () => 0.5 });
  const turn = (email: Gate, release: Release = "all") => {
    const gates = { "in-app": "on", email, sms: "unset", whatsapp: "unset", push: "unset" } as const;
    const rules = { version: ++version, gates, cells: defaultRouting(), quietHours: initialQuietHours(), silentInQuietHours: true };
    return shard.apply(rules, { email: release });
  };
  turn("on");
  shard.putUsers([{ id: "ada", fields: { email: "ada@example.com" } }]);
  return {
    shard,
    turn,
    pass: (ms: number) => (now += ms),
    post(id: string, more: object = {}) {
      const input = { id, type: "task_assigned", recipients: ["ada"], data: { task: { title: id } }, ...more };
      shard.accept({ version: 1, events: [{ event: toEvent(eventSchema.parse(input), id), hash: id }] });
      now++;
    },
    /** What each mail of a job tells of. */
    serve(outcome: Outcome = { kind: "ok" }): string[][] {
      const job = { at: now, number: `job${now}` };
      const mails: string[][] = [];
      let served = shard.begin({ version, channel: "email", job });
      while (!("behind" in served) && served.claim) {
        const { isBundle, texts, event } = served.claim.message;
        mails.push(isBundle ? texts.body.split("\n").map((line) => line.replace("• New task: ", "")) : [event.id]);
        served = shard.next({ version, channel: "email", job, claim: served.claim.id, outcome, ms: 1, isLast: false });
      }
      shard.beforeCommit();
      return mails;
    },
    cell: (event: string) => {
      const { state, reason, receipts } = shard.event(event)!.deliveries.find(({ channel }) => channel === "email")!;
      return [state, reason, ...receipts.map(({ said }) => said)].join(" ");
    },
    balance: () => shard.ledger({ from: null, to: null }),
  };
}

/** Three tasks that were parked and leave as one mail, which the first speaks for. */
function withDigest(first: object = {}) {
  const made = makeShard();
  made.turn("off");
  made.post("e1", first);
  made.post("e2");
  made.post("e3");
  made.turn("on", "digest");
  return made;
}

test("what was parked leaves as one message", () => {
  const { serve, cell, balance } = withDigest();
  expect(serve()).toEqual([["e1", "e2", "e3"]]);
  expect(cell("e3")).toMatch(/^collapsed collapsed told with 0-/);
  expect(balance()).toMatchObject({ sent: 1, collapsed: 2, inFlight: 0, unaccounted: 0 });
});

test.each<[why: string, end: (made: ReturnType<typeof withDigest>) => void, left: string]>([
  ["is cancelled", ({ shard }) => void shard.cancel("e1"), "cancelled cancelled"],
  ["expires", ({ pass }) => void pass(HOUR), "expired expired"],
  ["is no longer true", ({ post }) => post("e4", { resolves: ["task:1"], recipients: ["ben"] }), "cancelled cancelled"],
  ["expires while the channel is off", ({ turn, pass }) => (turn("off"), pass(HOUR), void turn("on")), "expired expired"],
  ["is cancelled while the channel is off", ({ turn, shard }) => (turn("off"), shard.cancel("e1"), void turn("on")), "cancelled cancelled"],
])("where the one that speaks for others %s, the next speaks for the rest", (_, end, left) => {
  const made = withDigest({ expiresAt: new Date(T0 + HOUR / 2).toISOString(), collapseKey: "task:1" });
  end(made);
  expect([...made.serve(), ...made.serve()]).toEqual([["e2", "e3"]]);
  const idOf = (event: string) => made.shard.event(event)!.deliveries.find(({ channel }) => channel === "email")!.id;
  expect(["e1", "e2", "e3"].map(made.cell)).toEqual([
    `${left} the others are told with ${idOf("e2")}`,
    `sent matrix told with ${idOf("e1")}`,
    `collapsed collapsed told with ${idOf("e1")}`,
  ]);
  expect(made.balance()).toMatchObject({ sent: 1, inFlight: 0, parked: 0, unaccounted: 0 });
});

test("where the provider could not deliver it and the one that speaks for others has expired since, the next speaks for the rest", () => {
  const { shard, pass, serve, cell } = withDigest({ expiresAt: new Date(T0 + HOUR / 2).toISOString() });
  expect(serve()).toEqual([["e1", "e2", "e3"]]);
  pass(HOUR);
  const { id } = shard.event("e1")!.deliveries.find(({ channel }) => channel === "email")!;
  shard.receipt({ id, attempt: null, state: "failed", said: null, outcome: { kind: "retry" } });
  expect(cell("e1")).toMatch(/^expired/);
  expect(serve()).toEqual([["e2", "e3"]]);
});

test("of two the other goes by itself", () => {
  const made = makeShard();
  made.turn("off");
  made.post("e1");
  made.post("e2");
  made.turn("on", "digest");
  made.shard.cancel("e1");
  expect(made.serve()).toEqual([["e2"]]);
});

test("what is dropped at a release is dropped one by one, by its own age", () => {
  const { turn, pass, serve, post, balance } = makeShard();
  turn("off");
  post("old");
  pass(30 * HOUR);
  post("new");
  post("newer");
  turn("on", "digest");
  turn("off");
  turn("on", { dropOlderThanDays: 1 });
  expect(serve()).toEqual([["new", "newer"]]);
  expect(balance()).toMatchObject({ cancelled: 1, sent: 1, parked: 0, unaccounted: 0 });
});

test("a person who mutes the type of the first is told of the others", () => {
  const { shard, turn, post, serve, cell } = makeShard();
  turn("off");
  post("m1", { type: "mention", data: { text: "hello" } });
  post("e1");
  post("e2");
  turn("on", "digest");
  shard.setPreferences("ada", preferencesSchema.parse({ cells: { mention: { email: false } } }));
  expect(serve()).toEqual([["e1", "e2"]]);
  expect(cell("m1")).toMatch(/^skipped user-muted/);
});

test("what was tried before goes again as it was: nothing joins a message that may have arrived", () => {
  const { turn, post, serve, cell } = makeShard();
  post("e1");
  expect(serve({ kind: "ambiguous" })).toEqual([["e1"]]);
  turn("off");
  post("e2");
  post("e3");
  turn("on", "digest");
  expect(serve()).toEqual([["e1"], ["e2", "e3"]]);
  expect(cell("e1")).toBe("sent matrix");
});
