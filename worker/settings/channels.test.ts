import { Buffer } from "node:buffer";
import { beforeEach, expect, test } from "vitest";
import type { TestStage } from "@carillon/shared/channels";
import { SECRET_MASK, initialSettings, type ChannelView } from "@carillon/shared/settings";
import { channels } from "../channels/all.ts";
import type { Configuration } from "../channels/channel.ts";
import { AppError } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { prepareTrial, runTrial } from "./channel-test.ts";
import { revealSecret, saveChannel, showChannel, switchChannel } from "./channels.ts";
import { fixedClock, memoryQueue, memoryStore, toldShards } from "./fixtures.ts";
import { readHistory } from "./store.ts";
import { createVault } from "./vault.ts";

const clock = fixedClock();
const NOW = "2026-11-23T12:00:00.000Z";
const EMAIL = {
  host: "smtp.example.com",
  port: 587,
  username: "crm",
  encryption: "tls",
  fromAddress: "crm@example.com",
  fromName: "CRM",
  replyTo: "",
  auth: "password",
};

let ports: Ports;
let store: ReturnType<typeof memoryStore>;
let shards: ReturnType<typeof toldShards>;
let tested: Configuration<unknown>[];
let stages: TestStage[];

beforeEach(async () => {
  store = memoryStore(clock);
  shards = toldShards(2);
  tested = [];
  stages = [
    { stage: "tcp", ok: true, ms: 1 },
    { stage: "done", ok: true, ms: 2 },
  ];
  ports = {
    clock,
    store,
    shards,
    queue: memoryQueue(),
    vault: createVault({ keys: { k1: Buffer.alloc(32, 1).toString("base64") }, active: "k1" }),
    background: () => {},
    config: { publicUrl: "https://carillon.example.com", allowPrivateHosts: false, standIns: {}, bootstrapToken: null, local: null },
    asset: async () => null,
    socket: async () => new Response(),
    isFromQueue: async () => false,
    self: async () => new Response(),
    channels: {
      ...channels,
      email: {
        open: () => ({ send: async () => ({ kind: "ok" as const }), close: async () => {} }),
        async *test(configuration) {
          tested.push(configuration);
          yield* stages;
        },
        check: ({ host }, { allowPrivateHosts }) =>
          host === "localhost" && !allowPrivateHosts ? [{ path: "host", message: "private" }] : [],
      },
    },
  };
  await store.run(
    ["HSET", "org:acme", "version", "1", "shards", "2", "name", "Acme"],
    ["HSET", "settings:acme", "1", JSON.stringify(initialSettings())],
  );
});

const place = async () => ({ org: "acme", shards: 2, version: Number((await store.run(["HGET", "org:acme", "version"]))[0]) });
const show = async () => showChannel(ports, await place(), "email");
const save = async (form: Parameters<typeof saveChannel>[4]) => (await saveChannel(ports, await place(), "Kim", "email", form)).view;
const password = async () => revealSecret(ports, await place(), "email", "password");
const trial = async (form: Parameters<typeof prepareTrial>[3]) => prepareTrial(ports, await place(), "email", form);
const run = async (form: Parameters<typeof prepareTrial>[3]) => {
  const seen: TestStage[] = [];
  for await (const stage of runTrial(ports, await place(), "Kim", "email", await trial(form), "kim@example.com")) seen.push(stage);
  return seen;
};
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof AppError ? { code: error.code, errors: error.errors } : error;
};

test("a new channel is unconfigured; once saved it is untested, and keeps its secrets to itself", async () => {
  expect(await show()).toEqual({
    channel: "email",
    version: 1,
    enabled: false,
    configured: false,
    health: { state: "unconfigured" },
    parked: 0,
    oldestParked: null,
    settings: {},
    secrets: { password: { set: false }, clientSecret: { set: false }, refreshToken: { set: false } },
    switched: null,
    tested: null,
  } satisfies ChannelView);
  const view = await save({ version: 1, settings: { ...EMAIL, replyTo: undefined }, secrets: { password: "hunter2" } });
  expect(view).toMatchObject({
    version: 2,
    enabled: false,
    configured: true,
    health: { state: "untested" },
    settings: EMAIL,
    secrets: { password: { set: true } },
  });
  expect(await show()).toEqual(view);
  expect(JSON.stringify(store.commands)).not.toContain("hunter2");
  expect(await password()).toBe("hunter2");
});

test("what was read may be put back unchanged, set up or not", async () => {
  expect(await save(await show())).toEqual(await show());
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2" } });
  const before = await show();
  expect(await save(before)).toEqual({ ...before, version: 3 });
  expect(await password()).toBe("hunter2");
});

test("an absent secret stays, null and nothing clear it, a typed one replaces", async () => {
  await save({ version: 1, settings: EMAIL, secrets: { password: "a", clientSecret: "b" } });
  await save({ version: 2, settings: { ...EMAIL, fromName: "Sales" } });
  expect(await password()).toBe("a");
  await save({ version: 3, settings: EMAIL, secrets: { password: "c", clientSecret: null } });
  expect([await password(), (await show()).secrets.clientSecret]).toEqual(["c", { set: false }]);
  await save({ version: 4, settings: EMAIL, secrets: { password: "" } });
  expect(await refusal(password())).toMatchObject({ code: "not-found" });
});

test("what was tested and typed once more is no change, and stays tested", async () => {
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2" } });
  await run({ settings: EMAIL, secrets: { password: "hunter2" } });
  expect(await save({ version: 2, settings: EMAIL, secrets: { password: "hunter2" } })).toMatchObject({ health: { state: "ok" } });
  expect(await save({ version: 3, settings: EMAIL, secrets: { password: "hunter3" } })).toMatchObject({ health: { state: "untested" } });
});

test("whoever moves the server has to type the password again", async () => {
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2", refreshToken: "r" } });
  for (const [index, change] of [{ host: "evil.example.com" }, { port: 465 }, { username: "other" }].entries()) {
    const view = await save({ version: 2 + index * 2, settings: { ...EMAIL, ...change }, secrets: { password: { set: true } } });
    expect(view.secrets).toMatchObject({ password: { set: false }, refreshToken: { set: false } });
    await save({ version: 3 + index * 2, settings: EMAIL, secrets: { password: "hunter2" } });
  }
  const moved = await save({ version: 8, settings: { ...EMAIL, host: "smtp2.example.com" }, secrets: { password: "typed" } });
  expect(moved.secrets.password).toEqual({ set: true });
  const { configuration, savedVersion } = await trial({ settings: { ...EMAIL, host: "evil.example.com" } });
  expect([configuration.secrets, savedVersion]).toEqual([{}, null]);
});

test("every mistake is named at its field", async () => {
  const form = {
    version: 1,
    settings: { ...EMAIL, host: "https://x", port: 0, colour: "red" },
    secrets: { password: SECRET_MASK, pin: "1" },
  };
  const answer = await refusal(save(form));
  expect(answer).toMatchObject({ code: "settings.invalid" });
  expect((answer as AppError).errors.map(({ path }) => path).sort()).toEqual([
    "secrets.password",
    "secrets.pin",
    "settings",
    "settings.host",
    "settings.port",
  ]);
  expect(await refusal(save({ version: 1, settings: { ...EMAIL, host: "localhost" } }))).toEqual({
    code: "settings.invalid",
    errors: [{ path: "settings.host", message: "private" }],
  });
  ports.config.allowPrivateHosts = true;
  expect((await save({ version: 1, settings: { ...EMAIL, host: "localhost" } })).version).toBe(2);
});

test("the second of two who read the same version gets the first one's values", async () => {
  await save({ version: 1, settings: EMAIL });
  const error = await save({ version: 1, settings: { ...EMAIL, fromName: "Other" } }).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ status: 409, code: "settings.conflict", extra: { current: { version: 2, settings: EMAIL } } });
});

test("switching is no edit: a form stays good, and every shard has heard of it", async () => {
  expect(await refusal(switchChannel(ports, await place(), "Kim", "email", true))).toMatchObject({ code: "channel.unconfigured" });
  await save({ version: 1, settings: EMAIL });
  const on = await switchChannel(ports, await place(), "Kim", "email", true, { dropOlderThanDays: 2 });
  expect(on).toMatchObject({ version: 2, enabled: true, switched: { at: NOW, by: "Kim" } });
  for (const { rules, releases } of shards.told)
    expect([rules?.gates.email, releases]).toEqual(["on", { email: { dropOlderThanDays: 2 } }]);
  const versions = (await place()).version;
  await switchChannel(ports, await place(), "Kim", "email", true);
  expect((await place()).version).toBe(versions);
  expect((await save({ version: 2, settings: EMAIL })).enabled).toBe(true);
  await switchChannel(ports, await place(), "Kim", "email", false);
  expect(shards.told.map(({ rules }) => rules?.gates.email)).toEqual(["off", "off"]);
});

test("a green test of the saved values makes a channel healthy and ends its fault everywhere", async () => {
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2" } });
  shards.told[1]!.status = {
    fault: { why: "535", remedy: "Check the password", since: clock.now() },
    parked: 3,
    rest: null,
    templateFaults: [],
    sending: 0,
    oldestParked: clock.now(),
  };
  shards.told[1]!.wakes = [{ channel: "email", at: clock.now(), number: "w" }];
  expect(await show()).toMatchObject({
    health: { state: "fault", why: "535", remedy: "Check the password", since: NOW },
    parked: 3,
    oldestParked: NOW,
  });
  expect(await run({})).toEqual(stages);
  expect(tested).toEqual([
    {
      endpoints: {},
      settings: EMAIL,
      secrets: { password: "hunter2" },
      sender: { publicUrl: "https://carillon.example.com", orgName: "Acme" },
      allowPrivateHosts: false,
    },
  ]);
  expect(await show()).toMatchObject({ version: 2, health: { state: "ok" }, tested: { at: NOW, ok: true } });
  expect((ports.queue as ReturnType<typeof memoryQueue>).jobs).toContainEqual({
    org: "acme",
    shard: 1,
    channel: "email",
    at: clock.now(),
    number: "w",
  });
  expect((await readHistory(ports, "acme"))[0]).toMatchObject({ what: "email tested", by: "Kim" });
  expect((await save({ version: 2, settings: { ...EMAIL, fromName: "New" } })).health).toEqual({ state: "untested" });
});

test("a pace has no part in a test: with another one the channel stays tested", async () => {
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2" } });
  await run({});
  const pace = { perSecond: 0.5, connections: 3 };
  expect(await save({ version: 2, settings: { ...EMAIL, pace } })).toMatchObject({ health: { state: "ok" }, settings: { pace } });
  expect((await save({ version: 3, settings: EMAIL })).settings).not.toHaveProperty("pace");
});

test("a test of values that are not saved says nothing about the channel", async () => {
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2" } });
  await run({ settings: { ...EMAIL, fromName: "New" } });
  await run({ secrets: { password: "typed" } });
  expect((await show()).health).toEqual({ state: "untested" });
  await run({ settings: EMAIL, secrets: { password: "hunter2" } });
  expect((await show()).health).toEqual({ state: "ok" });
  stages = [{ stage: "done", ok: false, ms: 1 }];
  await run({});
  expect((await show()).health).toMatchObject({ state: "untested", why: "The last test failed." });
});

test("a test whose result can't be stored still tells it", async () => {
  await save({ version: 1, settings: EMAIL });
  const prepared = await trial({});
  const target = await place();
  store.isAway = true;
  const seen: TestStage[] = [];
  for await (const stage of runTrial(ports, target, "Kim", "email", prepared, "kim@example.com")) seen.push(stage);
  expect(seen.at(-1)).toMatchObject({ stage: "done", ok: true, remedy: expect.stringContaining("could not be stored") });
});

test("a secret whose key is gone asks to be typed again", async () => {
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2" } });
  ports.vault = createVault({ keys: { k2: Buffer.alloc(32, 2).toString("base64") }, active: "k2" });
  expect(await refusal(password())).toMatchObject({ code: "secret.unreadable" });
  expect(await refusal(trial({}))).toMatchObject({ code: "secret.unreadable" });
  expect((await trial({ secrets: { password: "typed" } })).configuration.secrets).toEqual({ password: "typed" });
});

test("an empty OAuth part and none at all name the same destination, so that no secret goes", async () => {
  const oauth = { clientId: "", tokenUrl: "" };
  await save({ version: 1, settings: EMAIL, secrets: { password: "hunter2", clientSecret: "s", refreshToken: "r" } });
  const all = { password: { set: true }, clientSecret: { set: true }, refreshToken: { set: true } };
  expect((await save({ version: 2, settings: { ...EMAIL, oauth } })).secrets).toEqual(all);
  expect((await save({ version: 3, settings: { ...EMAIL, oauth: { ...oauth, tenant: "" } } })).secrets).toEqual(all);
  expect((await save({ version: 4, settings: EMAIL })).secrets).toEqual(all);
  expect((await save({ version: 5, settings: { ...EMAIL, oauth: { ...oauth, clientId: "another" } } })).secrets).toMatchObject({
    password: { set: true },
    clientSecret: { set: false },
    refreshToken: { set: false },
  });
});
