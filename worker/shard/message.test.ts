import { expect, test } from "vitest";
import type { ExternalChannel } from "@carillon/shared/channels";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { preferencesSchema } from "@carillon/shared/preferences";
import { initialSettings } from "@carillon/shared/settings";
import { openSql } from "../adapters/node-sqlite.ts";
import type { Message } from "../channels/channel.ts";
import { rulesOf } from "../settings/rules.ts";
import { Shard } from "./shard.ts";

const T0 = Date.UTC(2026, 10, 23, 9);

/** A shard with all channels on for tasks, whose organisation is in `timeZone`. */
function makeShard(timeZone: string) {
  const settings = initialSettings();
  const rules = { ...rulesOf({ ...settings, version: 1 }), quietHours: { ...settings.quietHours, timeZone } };
  const shard = new Shard({ sql: openSql(":memory:"), clock: { now: () => T0 }, org: "acme", shard: 0 });
  const on = { when: "on", locked: false } as const;
  shard.apply({
    ...rules,
    gates: { "in-app": "on", email: "on", sms: "on", whatsapp: "on", push: "on" },
    cells: { task_assigned: { "in-app": on, email: on, sms: on, whatsapp: on, push: on } },
    templates: { task_assigned: { en: { name: "crm_task", language: "en" } } },
  });
  return {
    shard,
    /** What a person with these fields reads of a task that is due at noon UTC. */
    read(fields: object, id = "ada") {
      shard.putUsers([{ id, fields: { email: "ada@example.com", phone: "+4915112345601", whatsappOptIn: true, ...fields } }]);
      shard.putBrowser(id, { endpoint: `https://push.example.com/${id}`, p256dh: "p", auth: "a" });
      const data = { task: { title: "Call Acme", dueAt: "2026-11-24T12:00:00Z" } };
      const event = toEvent(eventSchema.parse({ id: `of-${id}`, type: "task_assigned", recipients: [id], data }), `of-${id}`);
      shard.accept({ version: 1, events: [{ event, hash: id }] });
      const sent = (channel: ExternalChannel): Message => {
        const served = shard.begin({ version: 1, channel, job: { at: T0, number: `${channel} ${id}` } });
        if ("behind" in served || !served.claim) throw new Error(`Nothing is due on ${channel}`);
        return served.claim.message;
      };
      const bell = shard.inbox({ user: id, filter: "all", q: null, type: null, limit: 1, cursor: null }).data[0]!;
      return {
        bell: bell.body,
        email: sent("email").texts.body,
        sms: sent("sms").texts.body,
        push: sent("push").texts.body,
        whatsapp: sent("whatsapp").values?.task_dueAt,
      };
    },
  };
}

test("each channel's text has its times in the reader's zone, the bell's in the organisation's", () => {
  const { read } = makeShard("America/New_York");
  const { bell, email, sms, push, whatsapp } = read({ timeZone: "Asia/Tokyo" });
  const there = "Nov 24, 2026, 9:00 PM";
  for (const text of [email, sms, push, whatsapp]) expect(text).toContain(there);
  for (const text of [email, sms, push, whatsapp]) expect(text).not.toMatch(/UTC|GMT/);
  expect(bell).toContain("Nov 24, 2026, 7:00 AM GMT-5");
});

test("what a person has chosen goes before what the CRM says; without either it is the organisation's zone, and at last UTC", () => {
  const { shard, read } = makeShard("America/New_York");
  shard.setPreferences("own", preferencesSchema.parse({ timeZone: "Australia/Sydney" }));
  expect(read({ timeZone: "Asia/Tokyo" }, "own").email).toContain("Nov 24, 2026, 11:00 PM");
  expect(read({}, "none").email).toContain("Nov 24, 2026, 7:00 AM");
  expect(makeShard("UTC").read({}).email).toContain("Nov 24, 2026, 12:00 PM UTC");
});

test("days and hours are written as the reader's country writes them", () => {
  const { read } = makeShard("Europe/London");
  const { email, whatsapp } = read({ locale: "en-GB" });
  for (const text of [email, whatsapp]) expect(text).toContain("24 Nov 2026, 12:00");
});
