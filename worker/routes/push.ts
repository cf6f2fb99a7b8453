import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import {
  pushReportSchema,
  pushSettingsSchema,
  pushSubscriptionSchema,
  type PushReport,
  type PushSettings,
} from "@carillon/shared/push-settings";
import { RATES, countTry } from "../access/rate-limit.ts";
import type { PushSubscription } from "../channels/channel.ts";
import { conflict, invalid, notFound, unauthorized } from "../errors.ts";
import { readRenewal, readReport, renewalProof } from "../pipeline/links.ts";
import { shardOf } from "../pipeline/place.ts";
import { publish } from "../pipeline/publish.ts";
import { recordReceipt } from "../pipeline/record.ts";
import type { Ports } from "../ports.ts";
import { readOrg } from "../settings/org.ts";
import { readSettings } from "../settings/store.ts";
import type { ShardCalls, Wake } from "../shard/calls.ts";
import { checkOrigin } from "./cors.ts";
import { route, type Route } from "./route.ts";

const endpointSchema = z.string().max(2_000);
const bodySchema = z.intersection(pushSubscriptionSchema, z.object({ replaces: endpointSchema.optional() }));
const renewalSchema = z.strictObject({ endpoint: endpointSchema, subscription: pushSubscriptionSchema, proof: z.string().max(400) });
const keptSchema = z.object({
  browsers: z.int().describe(`How many take messages for this person, ${LIMITS.browsers} at the most`),
  proof: z.string().describe("For POST /v1/push/renew, should the browser's address change while nobody is signed in"),
});

type Whose = { org: string; shards: number; user: string };
type Receipt = Parameters<typeof recordReceipt>[2];

/** Browsers that take push messages, and what they tell of them. */
export const pushRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/me/push",
    caller: { kind: "user" },
    summary: "Whether push is on, the VAPID key to subscribe with, and the person's browsers.",
    answer: {
      schema: z.object({
        user: z.string(),
        enabled: z.boolean(),
        publicKey: z.string().nullable().describe("Null while push is off"),
        browsers: z.int(),
        endpoints: z.array(z.string()),
      }),
      description: "What a page needs to subscribe its browser",
    },
    async handle({ c, ports, who }) {
      const [push, known] = await Promise.all([readPush(ports, who.org), shardOfUser(ports, who).browsersOf(who.user)]);
      const publicKey = push?.enabled ? push.settings.publicKey : null;
      const endpoints = known.map(({ endpoint }) => endpoint);
      return c.json({ user: who.user, enabled: publicKey !== null, publicKey, browsers: endpoints.length, endpoints });
    },
  }),
  route<z.infer<typeof bodySchema>>({
    method: "PUT",
    path: "/v1/me/push",
    caller: { kind: "user" },
    summary: "Binds this browser to the person, and takes it from whoever had it. `replaces` is its address before, if it had one.",
    body: bodySchema,
    answer: { schema: keptSchema, description: "It takes messages now" },
    async handle({ c, ports, who, body: { replaces, ...browser } }) {
      await countTry(ports, RATES.browsers, `${who.org}:${who.user}`);
      const { calls, bound } = await admit(ports, who, browser);
      const replaced = replaces === undefined ? null : await calls.replaceBrowser(who.user, replaces, bound);
      return c.json(await kept(ports, who, bound, replaced ?? (await calls.putBrowser(who.user, bound))));
    },
  }),
  route<{ endpoint: string }>({
    method: "DELETE",
    path: "/v1/me/push",
    caller: { kind: "user" },
    summary: "This browser takes no more messages.",
    body: z.strictObject({ endpoint: endpointSchema }),
    answer: { schema: z.object({ removed: z.boolean() }), description: "Whether it was the person's" },
    handle: async ({ c, ports, who, body }) => c.json({ removed: await shardOfUser(ports, who).removeBrowser(who.user, body.endpoint) }),
  }),
  route<z.infer<typeof renewalSchema>>({
    method: "POST",
    path: "/v1/push/renew",
    caller: { kind: "link" },
    summary: "A service worker tells its browser's new address. The proof is from PUT /v1/me/push and good for this old address only.",
    body: renewalSchema,
    answer: { schema: keptSchema, description: "It takes messages at the new address" },
    async handle({ c, ports, body: { endpoint, subscription, proof } }) {
      const renewed = await readRenewal(ports, proof, endpoint);
      const org = renewed && (await readOrg(ports, renewed.org));
      if (!renewed || !org) throw unauthorized("push.proof", "This proof is not good for this address.");
      await checkOrigin(c, ports, org);
      await countTry(ports, RATES.browsers, `${renewed.org}:${renewed.user}`);
      const whose = { org: org.org, shards: org.shards, user: renewed.user };
      const { calls, bound } = await admit(ports, whose, subscription);
      const replaced = await calls.replaceBrowser(whose.user, endpoint, bound);
      // What was taken away, or is somebody else's by now, does not come back by an old proof.
      if (!replaced) throw notFound("browser");
      return c.json(await kept(ports, whose, bound, replaced));
    },
  }),
  route<PushReport>({
    method: "POST",
    path: "/hooks/push/:report",
    caller: { kind: "link" },
    summary: "A service worker tells that a message is on the screen, or was clicked.",
    body: pushReportSchema,
    answer: { status: 204, description: "Noted" },
    async handle({ c, ports, body }) {
      const reported = await readReport(ports, c.req.param("report") ?? "");
      const org = reported && (await readOrg(ports, reported.org));
      if (!reported || !org) throw unauthorized("push.report", "This address is not ours.");
      await recordReceipt(ports, org, receiptOf(reported.delivery, body));
      return c.body(null, 204);
    },
  }),
];

const receiptOf = (deliveryId: string, { state }: PushReport): Receipt => ({
  deliveryId,
  attempt: null,
  state: state === "clicked" ? "read" : "delivered",
  code: null,
  outcome: null,
});

async function readPush(ports: Ports, name: string): Promise<{ enabled: boolean; settings: PushSettings } | null> {
  const org = await readOrg(ports, name);
  const push = org && (await readSettings(ports, name, org.version)).channels.push;
  return push?.settings ? { enabled: push.enabled, settings: pushSettingsSchema.parse(push.settings) } : null;
}

/**
 * The person's shard, and the browser as it is to be kept there. Another shard that has it loses it first: no message may reach two
 * people through one browser.
 * @throws 409 `push.unconfigured`; 422 `push.endpoint` for where we don't write to, `push.key` for a key that is not live
 */
async function admit(ports: Ports, whose: Whose, browser: PushSubscription): Promise<{ calls: ShardCalls; bound: PushSubscription }> {
  const push = await readPush(ports, whose.org);
  if (!push) throw conflict("push.unconfigured", "Browser push is not set up.");
  const refusal = ports.channels.push.whyNotEndpoint(browser.endpoint, ports.config.standIns.pushHosts);
  if (refusal) throw invalid("push.endpoint", `${refusal}.`, [{ path: "endpoint", message: refusal }]);
  const { publicKey, previousPublicKey } = push.settings;
  if (browser.publicKey !== undefined && ![publicKey, previousPublicKey].includes(browser.publicKey)) {
    throw invalid("push.key", "This browser has subscribed with keys that are not live.", [{ path: "publicKey", message: "Not live" }]);
  }
  const home = shardOf(whose.user, whose.shards);
  const others = Array.from({ length: whose.shards }, (_, shard) => shard).filter((shard) => shard !== home);
  await Promise.all(others.map((shard) => ports.shards.get(whose.org, shard).removeBrowser(null, browser.endpoint)));
  return { calls: shardOfUser(ports, whose), bound: { publicKey, ...browser } };
}

async function kept(
  ports: Ports,
  whose: Whose,
  { endpoint }: PushSubscription,
  { browsers, wakes }: { browsers: number; wakes: Wake[] },
): Promise<z.infer<typeof keptSchema>> {
  ports.background(publish(ports, whose.org, shardOf(whose.user, whose.shards), wakes));
  return { browsers, proof: await renewalProof(ports, whose, endpoint) };
}

const shardOfUser = (ports: Ports, { org, shards, user }: Whose) => ports.shards.get(org, shardOf(user, shards));
