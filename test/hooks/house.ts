import { createHmac } from "node:crypto";
import { EVENT_TYPES } from "@carillon/shared/event-types";
import { channels } from "@carillon/worker/channels/all";
import type { ExternalChannel } from "@carillon/shared/channels";
import type { Message, Outcome } from "@carillon/worker/channels/channel";
import type { Config } from "@carillon/worker/ports";
import { changeSettings } from "@carillon/worker/settings/change";
import { readOrg } from "@carillon/worker/settings/org";
import { ORIGIN, startApp, type Answer } from "../harness/app.ts";
import { SHARDS } from "../harness/shards.ts";

export const AUTH_TOKEN = "the-auth-token-of-acme";
export const APP_SECRET = "the-app-secret-of-acme";
export const VERIFY_TOKEN = "the-verify-token-of-acme";
export const TWILIO_ACCOUNT = `AC${"0".repeat(32)}`;
export const META_ACCOUNT = "102290129340398";
export const ADA = { id: "u1", name: "Ada", email: "ada@example.com", phone: "+4915112345601", whatsappOptIn: true };
export const BEN = { id: "u2", name: "Ben", email: "ben@example.com", phone: "+12025550102", whatsappOptIn: true };

/** Saving them through the page would ask Meta. */
const TEMPLATES = Object.fromEntries(EVENT_TYPES.map((type) => [type, { en: { name: "crm_task", language: "en", variables: [] } }]));

/** Carillon with all channels set up and on for every event, and two people. Nothing leaves: `serve` is the provider, or the stand-ins are. */
export async function openHouse({ shards = SHARDS, standIns = {} }: { shards?: number; standIns?: Config["standIns"] } = {}) {
  const house = await startApp({ shards, config: { allowPrivateHosts: true, standIns } });
  const admin = await house.signIn("owner");
  const keys = channels.push.generateKeys();
  const forms: Record<ExternalChannel, { settings: object; secrets: object }> = {
    email: { settings: { host: "127.0.0.1", port: 2525, username: "", encryption: "none", fromAddress: "crm@example.com" }, secrets: {} },
    sms: {
      settings: { accountSid: TWILIO_ACCOUNT, from: "+15551234567", messagingServiceSid: "" },
      secrets: { authToken: AUTH_TOKEN },
    },
    whatsapp: {
      settings: { phoneNumberId: "106540352242922", businessAccountId: META_ACCOUNT, templates: {} },
      secrets: { accessToken: "EAAB", appSecret: APP_SECRET, verifyToken: VERIFY_TOKEN },
    },
    push: { settings: { subject: "mailto:crm@example.com", publicKey: keys.publicKey }, secrets: { privateKey: keys.privateKey } },
  };
  for (const [channel, form] of Object.entries(forms)) {
    const path = `/admin/api/channels/${channel}`;
    const { body } = await house.call("GET", path, undefined, admin);
    const saved = await house.call("PUT", path, { version: body.version, ...form }, admin);
    if (saved.status !== 200) throw new Error(saved.text);
    await house.call("POST", `${path}/enable`, {}, admin);
  }
  await changeSettings(house.outside, "acme", "test", "templates chosen", (settings) => {
    const whatsapp = { ...settings.channels.whatsapp.settings, templates: TEMPLATES };
    return { ...settings, channels: { ...settings.channels, whatsapp: { ...settings.channels.whatsapp, settings: whatsapp } } };
  });
  const routing = (await house.call("GET", "/admin/api/routing", undefined, admin)).body;
  for (const type of EVENT_TYPES) for (const channel of Object.keys(forms)) routing.cells[type][channel] = { when: "on", locked: false };
  await house.call("PUT", "/admin/api/routing", { version: routing.version, cells: routing.cells }, admin);
  for (const { id, ...fields } of [ADA, BEN]) await house.call("PUT", `/v1/users/${id}`, fields, house.key);

  const post = async (id: string, more: object = {}) => {
    const event = { id, type: "task_assigned", recipients: ["u1"], data: { task: { title: id } }, ...more };
    const answer = await house.call("POST", "/v1/events", event, house.key);
    if (answer.status !== 202) throw new Error(answer.text);
    await house.settle();
  };

  /** Sends what is due on a channel as a provider that answers so; the messages in their order. */
  const serve = async (channel: ExternalChannel, outcome: Outcome = { kind: "ok" }): Promise<Message[]> => {
    const sent: Message[] = [];
    const { version } = (await readOrg(house.outside, "acme"))!;
    for (let number = 0; number < shards; number++) {
      const shard = house.shards.get("acme", number);
      const call = { version, channel, job: { at: house.clock.now(), number: `job${sent.length}` } };
      let served = await shard.begin(call);
      while (!("behind" in served) && served.claim) {
        sent.push(served.claim.message);
        served = await shard.next({ ...call, claim: served.claim.id, outcome, ms: 1, isLast: false });
      }
    }
    return sent;
  };

  /** The delivery of an event to a person on a channel. */
  const deliveryOf = async (event: string, channel: ExternalChannel, user = "u1") => {
    const { body } = await house.call("GET", `/v1/events/${event}`, undefined, house.key);
    return body.deliveries.find((one: { channel: string; user: string }) => one.channel === channel && one.user === user);
  };

  const twilio = (fields: Record<string, string>, delivery: string | null = null, headers?: Record<string, string>): Promise<Answer> => {
    const path = `/hooks/twilio/acme${delivery === null ? "" : `?delivery=${delivery}`}`;
    return house.fetch("POST", path, {
      body: new URLSearchParams(fields).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", ...(headers ?? signTwilio(path, fields)) },
    });
  };

  const meta = (changes: { field: string; value: unknown }[], headers?: Record<string, string>): Promise<Answer> => {
    const body = JSON.stringify({ object: "whatsapp_business_account", entry: [{ id: "1", changes }] });
    return house.fetch("POST", "/hooks/whatsapp/acme", { body, headers: headers ?? signMeta(body) });
  };

  return { ...house, admin, keys, post, serve, deliveryOf, twilio, meta };
}
export type OpenHouse = Awaited<ReturnType<typeof openHouse>>;

export function signTwilio(path: string, fields: Record<string, string>, token = AUTH_TOKEN): Record<string, string> {
  const text = Object.keys(fields)
    .sort()
    .reduce((all, name) => all + name + fields[name], ORIGIN + path);
  return { "x-twilio-signature": createHmac("sha1", token).update(text).digest("base64") };
}

export const signMeta = (body: string, secret = APP_SECRET): Record<string, string> => ({
  "content-type": "application/json",
  "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
});
