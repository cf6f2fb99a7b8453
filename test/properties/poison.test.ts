import { expect, test } from "vitest";
import { CHANNELS, EXTERNAL_CHANNELS, type ExternalChannel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import { EVENT_TYPES, type RoutingCells } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { SAMPLE_TEMPLATES } from "@carillon/shared/whatsapp-samples";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import type { Message } from "@carillon/worker/channels/channel";
import { buildMail, showMail } from "@carillon/worker/channels/email/message";
import { MAX_PLAIN, payloadOf } from "@carillon/worker/channels/push/payload";
import { requestOf } from "@carillon/worker/channels/sms/session";
import { buildMessage } from "@carillon/worker/channels/whatsapp/message";
import { Shard } from "@carillon/worker/shard/shard";
import { NAUGHTY } from "./naughty.ts";
import { pick, randomFrom, seeds } from "./seeds.ts";

const SENDER = { publicUrl: "https://carillon.example.com", orgName: "Acme\r\nBcc: evil@example.com" };
const EMAIL = {
  host: "h",
  port: 587,
  username: "",
  encryption: "tls",
  fromAddress: "a@example.com",
  fromName: "A",
  replyTo: "",
  auth: "password",
} as const;
const SMS = { accountSid: `AC${"0".repeat(32)}`, from: "+15551234567", messagingServiceSid: "" };

const KEYS = ["task", "deal", "lead", "actorName", "text", "title", "approval", "target", "import", "note", "owner"];

const rules: Rules = {
  version: 1,
  gates: { "in-app": "on", email: "on", sms: "on", whatsapp: "on", push: "on" },
  cells: Object.fromEntries(
    EVENT_TYPES.map((type) => [type, Object.fromEntries(CHANNELS.map((channel) => [channel, { when: "on", locked: false }]))]),
  ) as RoutingCells,
  quietHours: initialQuietHours(),
  silentInQuietHours: true,
  templates: Object.fromEntries(EVENT_TYPES.map((type) => [type, { en: { name: "crm_task", language: "en" } }])),
};

const HEADERS = new Set([
  "From",
  "To",
  "Subject",
  "Message-ID",
  "Date",
  "MIME-Version",
  "Content-Type",
  "Content-Transfer-Encoding",
  "Auto-Submitted",
  "X-Carillon-Delivery",
]);

/** Takes the message as the provider would get it; throws if it is none. */
const BUILDERS: Record<ExternalChannel, (message: Message) => void> = {
  email(message) {
    const raw = buildMail(message, EMAIL, SENDER).toString("latin1");
    const header = raw.split("\r\n\r\n", 1)[0]!.replace(/\r\n[ \t]/g, " ");
    const names = header.split("\r\n").map((line) => line.split(":", 1)[0]);
    expect(names.filter((name) => !HEADERS.has(name!))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
    expect(header).toContain(message.to.address);
    expect(showMail(message, SENDER).html).not.toMatch(/<script|<img[^>]*onerror/i);
    expect(raw.split("\r\n").filter((line) => line.length > 998)).toEqual([]);
  },
  sms(message) {
    const { body = "", to } = requestOf(message, { settings: SMS, secrets: {}, sender: SENDER, allowPrivateHosts: false });
    expect(to).toBe(message.to.address);
    expect(body.length).toBeGreaterThan(0);
    expect(body.length).toBeLessThanOrEqual(1_600);
  },
  whatsapp(message) {
    const built = buildMessage(message, SAMPLE_TEMPLATES[message.event.type as keyof typeof SAMPLE_TEMPLATES].mapping, SENDER);
    const texts = [...JSON.stringify(built).matchAll(/"text":"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => JSON.parse(`"${text}"`) as string);
    for (const text of texts) expect(text).toMatch(/^[^\n\r\t]+$/);
    for (const text of texts) expect(text).not.toMatch(/ {5}/);
  },
  push(message) {
    const payload = payloadOf(message, SENDER.publicUrl);
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(MAX_PLAIN);
    expect(JSON.parse(payload)).toMatchObject({ id: message.deliveryId });
  },
};

test.each(seeds("poison", 20))(
  "whatever an event holds, every channel builds its message and the next person's goes on (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const shard = new Shard({ sql: openSql(":memory:"), clock: { now: () => 1_800_000_000_000 }, org: "acme", shard: 0 });
    shard.apply(rules);
    const poison = (depth = 0): unknown => {
      const dice = random();
      if (dice < 0.6 || depth > 3) return pick(random, NAUGHTY);
      if (dice < 0.7) return pick(random, [0, -1, 1e300, true, null, 0.1]);
      if (dice < 0.8) return [poison(depth + 1)];
      return Object.fromEntries(["title", "name", "text", "stage", "dueAt", "amount"].map((key) => [key, poison(depth + 1)]));
    };
    const name = pick(random, NAUGHTY)
      .replace(/\p{Cc}/gu, "")
      .slice(0, 200)
      .trim();
    const fields = (id: string) => ({ id, name, email: `${id}@example.com`, phone: "+15551230000", whatsappOptIn: true });
    for (const user of ["bad", "good"]) shard.putBrowser(user, { endpoint: `https://push.example/${user}`, p256dh: "p", auth: "a" });

    EVENT_TYPES.forEach((type, index) => {
      const poisoned = Object.fromEntries(KEYS.map((key) => [key, poison()]));
      for (const [user, data] of [
        ["bad", poisoned],
        ["good", {}],
      ] as const) {
        const id = `${user}-${index}`;
        const input = eventSchema.parse({ id, type, recipients: [fields(user)], data });
        shard.accept({ version: 1, events: [{ event: toEvent(input, id), hash: id }] });
      }
    });
    for (const channel of EXTERNAL_CHANNELS) {
      const reached: string[] = [];
      const job = { at: 0, number: channel };
      let served = shard.begin({ version: 1, channel, job });
      while (!("behind" in served) && served.claim) {
        const { id, message } = served.claim;
        BUILDERS[channel](message);
        reached.push(message.event.id);
        served = shard.next({ version: 1, channel, job, claim: id, outcome: { kind: "ok" }, ms: 1, isLast: false });
      }
      expect(
        reached.filter((id) => id.startsWith("bad")),
        channel,
      ).toHaveLength(EVENT_TYPES.length);
      expect(
        reached.filter((id) => id.startsWith("good")),
        channel,
      ).toHaveLength(EVENT_TYPES.length);
    }
    const bell = shard.inbox({ user: "bad", filter: "all", q: "alert", type: null, limit: 50, cursor: null });
    expect(bell.unread).toBe(EVENT_TYPES.length);
    expect(shard.ledger({ from: null, to: null }).unaccounted).toBe(0);
  },
);
