import type { Context } from "hono";
import * as z from "zod";
import { CHANNELS, HEALTH_STATES, channelSchema, testStageSchema, type Channel, type TestStage } from "@carillon/shared/channels";
import { LIMITS } from "@carillon/shared/limits";
import { channelPutSchema, channelTestSchema, enableBodySchema } from "@carillon/shared/settings";
import { adminUser } from "../../access/admin-user.ts";
import { fingerprintOf, noteAct } from "../../access/audit.ts";
import { RATES, countTry } from "../../access/rate-limit.ts";
import { isConfirmed } from "../../access/sessions.ts";
import { forbidden, invalid, notFound } from "../../errors.ts";
import { log } from "../../log.ts";
import { sendTestItem } from "../../pipeline/test-item.ts";
import type { Ports } from "../../ports.ts";
import { prepareTrial, runTrial } from "../../settings/channel-test.ts";
import { outlookOf, statusOf } from "../../settings/channel-view.ts";
import { revealSecret, saveChannel, showChannel, switchChannel, type Place } from "../../settings/channels.ts";
import { readOrg } from "../../settings/org.ts";
import { creditTrial } from "../../settings/trial-memory.ts";
import { linesOf } from "../lines.ts";
import { route, type Identity, type Route } from "../route.ts";

export const channelViewSchema = z.object({
  channel: channelSchema,
  version: z.int(),
  enabled: z.boolean(),
  configured: z.boolean(),
  health: z.object({
    state: z.enum(HEALTH_STATES),
    why: z.string().optional(),
    remedy: z.string().optional(),
    since: z.string().optional(),
  }),
  parked: z.int(),
  oldestParked: z.string().nullable(),
  settings: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.object({ set: z.boolean() })),
  switched: z.object({ at: z.string(), by: z.string() }).nullable(),
  tested: z.object({ at: z.string(), ok: z.boolean() }).nullable(),
  templateFaults: z
    .array(
      z.object({
        type: z.string(),
        name: z.string(),
        language: z.string(),
        why: z.string(),
        remedy: z.string().optional(),
        since: z.string(),
      }),
    )
    .optional(),
});
const parkedSchema = z.object({
  parked: z.int(),
  oldestParked: z.string().nullable(),
  urgent: z.int(),
  people: z.int().describe("Of how many people: so many messages are a digest each"),
  segments: z.int().nullable().describe("As how many SMS they count; null for every other channel"),
});
const revealSchema = z.strictObject({ field: z.string().min(1).max(80) });
const PATH = "/admin/api/channels/:channel";

export const channelRoutes: Route[] = [
  route({
    method: "GET",
    path: "/admin/api/channels",
    caller: { kind: "admin", role: "viewer" },
    summary: "All five channels: on or off, health, what is parked.",
    answer: { schema: z.object({ data: z.array(channelViewSchema) }), description: "The channels" },
    handle: async ({ c, ports, who }) => c.json({ data: await Promise.all(CHANNELS.map((channel) => showChannel(ports, who, channel))) }),
  }),
  route({
    method: "GET",
    path: PATH,
    caller: { kind: "admin", role: "viewer" },
    summary: "One channel. Secrets are never in it, only whether they are set.",
    answer: { schema: channelViewSchema, description: "The channel" },
    handle: async ({ c, ports, who }) => c.json(await showChannel(ports, who, channelOf(c))),
  }),
  route<z.infer<typeof channelPutSchema>>({
    method: "PUT",
    path: PATH,
    caller: { kind: "admin", role: "admin" },
    summary: "Save a channel. `version` is the one that was read; an absent secret stays, null clears it.",
    body: channelPutSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: channelViewSchema, description: "The channel as it stands now" },
    async handle({ c, ports, who, body }) {
      const channel = channelOf(c);
      const { view, changed } = await saveChannel(ports, who, who.admin.name, channel, body);
      await noteAct(ports, who, "channel.save", channel, { changed, secrets: await fingerprints(ports, body.secrets) });
      const isCredited = changed.length > 0 && (await creditTrial(ports, who, who.admin.name, channel));
      return c.json(isCredited ? await showChannel(ports, await newestPlace(ports, who), channel) : view);
    },
  }),
  route<z.infer<typeof enableBodySchema>>({
    method: "POST",
    path: `${PATH}/enable`,
    caller: { kind: "admin", role: "operator" },
    summary: "Switch on; `release` says what becomes of the parked ones, all unless told otherwise.",
    body: enableBodySchema,
    answer: { schema: channelViewSchema, description: "The channel" },
    async handle({ c, ports, who, body }) {
      const channel = channelOf(c);
      const view = await switchChannel(ports, who, who.admin.name, channel, true, body.release);
      await noteAct(ports, who, "channel.enable", channel, { release: body.release });
      return c.json(view);
    },
  }),
  route({
    method: "POST",
    path: `${PATH}/disable`,
    caller: { kind: "admin", role: "operator" },
    summary: "Switch off: deliveries stop at once and are parked.",
    answer: { schema: channelViewSchema, description: "The channel" },
    async handle({ c, ports, who }) {
      const channel = channelOf(c);
      const view = await switchChannel(ports, who, who.admin.name, channel, false);
      await noteAct(ports, who, "channel.disable", channel);
      return c.json(view);
    },
  }),
  route({
    method: "GET",
    path: `${PATH}/parked`,
    caller: { kind: "admin", role: "viewer" },
    summary: "What is parked and since when, and what would leave if the channel were switched on, by what may be chosen.",
    answer: { schema: parkedSchema, description: "What is parked" },
    async handle({ c, ports, who }) {
      const channel = channelOf(c);
      const [{ oldestParked }, outlook] = await Promise.all([statusOf(ports.shards, who, channel), outlookOf(ports.shards, who, channel)]);
      return c.json({ ...outlook, oldestParked: oldestParked === null ? null : new Date(oldestParked).toISOString() });
    },
  }),
  route<z.infer<typeof revealSchema>>({
    method: "POST",
    path: `${PATH}/reveal`,
    caller: { kind: "admin", role: "admin" },
    summary: "Show a secret to whoever signed in or confirmed within 15 minutes.",
    body: revealSchema,
    answer: { schema: z.object({ value: z.string() }), description: "The secret" },
    async handle({ c, ports, who, body }) {
      await countTry(ports, RATES.reveal, `${who.org}:${who.admin.id}`);
      const channel = channelOf(c);
      if (!(await isConfirmed(ports, who.session))) throw forbidden("session.confirm-needed", "Please confirm that it is you.");
      const value = await revealSecret(ports, who, channel, body.field);
      // Noted before it is shown: no one sees a secret unnoticed.
      await noteAct(ports, who, "channel.reveal", `${channel} ${body.field}`);
      return c.json({ value }, 200, { "cache-control": "no-store" });
    },
  }),
  route<z.infer<typeof channelTestSchema>>({
    method: "POST",
    path: `${PATH}/test`,
    caller: { kind: "admin", role: "operator" },
    summary: "Test a channel with values that need not be saved. Answers a JSON line per stage, the last is `done`.",
    body: channelTestSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { schema: testStageSchema, type: "application/x-ndjson", description: "The stages as they end" },
    async handle({ c, ports, who, body }) {
      const channel = channelOf(c);
      await countTry(ports, RATES.test, who.org);
      if (channel === "in-app") return linesOf(noted(ports, who, channel, testInApp(ports, who)));
      const to = channel === "email" ? addressOf(body.to, who) : (body.to ?? "");
      const trial = await prepareTrial(ports, who, channel, body);
      return linesOf(noted(ports, who, channel, runTrial(ports, who, who.admin.name, channel, trial, to)));
    },
  }),
];

/** The settings have changed since the session was read. */
async function newestPlace(ports: Ports, who: Identity): Promise<Place> {
  return (await readOrg(ports, who.org)) ?? who;
}

function channelOf(c: Context): Channel {
  const parsed = channelSchema.safeParse(c.req.param("channel"));
  if (!parsed.success) throw notFound("channel");
  return parsed.data;
}

function addressOf(to: string | undefined, who: Identity): string {
  const parsed = z
    .email()
    .max(320)
    .safeParse(to?.trim() || who.admin.email);
  if (!parsed.success)
    throw invalid("settings.invalid", "The settings are not as they should be; see errors.", [
      { path: "to", message: "An address such as eve@example.com" },
    ]);
  return parsed.data;
}

/** The in-app test puts a real item into the admin's own bell. */
async function* testInApp(ports: Ports, who: Identity): AsyncGenerator<TestStage> {
  const started = ports.clock.now();
  const { enabled } = await showChannel(ports, who, "in-app");
  if (!enabled) {
    yield {
      stage: "switch",
      ok: false,
      ms: ports.clock.now() - started,
      said: "In-app is switched off.",
      remedy: "Switch it on, then test again.",
    };
  } else {
    await sendTestItem(ports, who, adminUser(who.admin.id));
    yield { stage: "item", ok: true, ms: ports.clock.now() - started, said: "An item is in your bell." };
  }
  yield { stage: "done", ok: enabled, ms: ports.clock.now() - started };
}

/** Passes the stages on and writes the result down. A stream that has begun can't turn into an error, so it ends in words. */
async function* noted(ports: Ports, who: Identity, channel: Channel, stages: AsyncIterable<TestStage>): AsyncGenerator<TestStage> {
  const started = ports.clock.now();
  try {
    for await (const stage of stages) {
      if (stage.stage === "done") await noteAct(ports, who, "channel.test", channel, { ok: stage.ok });
      yield stage;
    }
  } catch (error) {
    log("error", "a channel test broke off", { channel, error: String(error) });
    yield { stage: "done", ok: false, ms: ports.clock.now() - started, remedy: "The test broke off on our side. Please try again." };
  }
}

async function fingerprints({ vault }: Ports, secrets: Record<string, unknown> = {}): Promise<Record<string, string | null>> {
  const typed = Object.entries(secrets).filter(
    (entry): entry is [string, string | null] => entry[1] === null || typeof entry[1] === "string",
  );
  return Object.fromEntries(
    await Promise.all(typed.map(async ([field, value]) => [field, value === null ? null : await fingerprintOf(vault, value)] as const)),
  );
}
