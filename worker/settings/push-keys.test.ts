import { Buffer } from "node:buffer";
import { beforeEach, expect, test } from "vitest";
import { initialSettings } from "@carillon/shared/settings";
import { channels } from "../channels/all.ts";
import { AppError } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { prepareTrial } from "./channel-test.ts";
import { revealSecret, saveChannel } from "./channels.ts";
import { fixedClock, memoryQueue, memoryStore, toldShards } from "./fixtures.ts";
import { generatePair } from "./push-keys.ts";
import { createVault } from "./vault.ts";

const SUBJECT = "mailto:crm@example.com";
let clock: ReturnType<typeof fixedClock>;
let ports: Ports;
let store: ReturnType<typeof memoryStore>;

beforeEach(async () => {
  clock = fixedClock();
  store = memoryStore(clock);
  ports = {
    clock,
    store,
    shards: toldShards(1),
    queue: memoryQueue(),
    vault: createVault({ keys: { k1: Buffer.alloc(32, 1).toString("base64") }, active: "k1" }),
    background: () => {},
    config: { publicUrl: "https://carillon.example.com", allowPrivateHosts: false, standIns: {}, bootstrapToken: null, local: null },
    asset: async () => null,
    socket: async () => new Response(),
    isFromQueue: async () => false,
    self: async () => new Response(),
    channels,
  };
  for (const org of ["acme", "other"]) {
    await store.run(
      ["HSET", `org:${org}`, "version", "1", "shards", "1", "name", org],
      ["HSET", `settings:${org}`, "1", JSON.stringify(initialSettings())],
    );
  }
});

const place = async () => ({ org: "acme", shards: 1, version: Number((await store.run(["HGET", "org:acme", "version"]))[0]) });
const generate = async (org = "acme") => (await generatePair(ports, org)).publicKey;
const save = async (version: number, settings: Record<string, unknown>, secrets?: Record<string, string | null>) =>
  (await saveChannel(ports, await place(), "Kim", "push", { version, settings: { subject: SUBJECT, ...settings }, secrets })).view;
/** The pairs that are live, as a message is sent with them. */
const live = async (settings?: Record<string, unknown>) => {
  const form = settings ? { settings: { subject: SUBJECT, ...settings } } : {};
  const { configuration, savedVersion } = await prepareTrial(ports, await place(), "push", form);
  const stages = [];
  for await (const { stage, ok, said } of channels.push.test(configuration as never, "no browser")) stages.push({ stage, ok, said });
  return { keys: stages[0], secrets: Object.keys(configuration.secrets).sort(), isSaved: savedVersion !== null };
};
const refusal = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof AppError ? { status: error.status, code: error.code, paths: error.errors.map(({ path }) => path) } : error;
};
const AT_KEY = { status: 422, code: "settings.invalid", paths: ["settings.publicKey"] };

test("a generated pair takes effect when its public key is saved, and its private key stays on the server", async () => {
  const publicKey = await generate();
  expect(await live({ publicKey })).toEqual({
    keys: { stage: "keys", ok: true, said: undefined },
    secrets: ["privateKey"],
    isSaved: false,
  });
  const view = await save(1, { publicKey });
  expect(view).toMatchObject({
    version: 2,
    settings: { subject: SUBJECT, publicKey, previousPublicKey: "" },
    secrets: { privateKey: { set: true }, previousPrivateKey: { set: false } },
  });
  expect(await live()).toMatchObject({ keys: { ok: true }, isSaved: true });
  expect(await live({ publicKey })).toMatchObject({ isSaved: true });
  expect(await refusal(revealSecret(ports, await place(), "push", "privateKey"))).toMatchObject({ code: "secret.never-shown" });
});

test("a key that was not made here, too long ago, or for another organisation is refused at its field", async () => {
  const foreign = channels.push.generateKeys();
  expect(await refusal(save(1, { publicKey: foreign.publicKey }))).toEqual(AT_KEY);
  expect(await refusal(live({ publicKey: foreign.publicKey }))).toEqual(AT_KEY);
  expect(await refusal(save(1, { publicKey: await generate("other") }))).toEqual(AT_KEY);
  const publicKey = await generate();
  clock.pass(30 * 60_000 + 1);
  expect(await refusal(save(1, { publicKey }))).toEqual(AT_KEY);
  // A pair that comes along from elsewhere must be one.
  expect(await refusal(save(1, { publicKey: foreign.publicKey }, { privateKey: channels.push.generateKeys().privateKey }))).toEqual(AT_KEY);
  expect(await save(1, { publicKey: foreign.publicKey }, { privateKey: foreign.privateKey })).toMatchObject({ configured: true });
});

test("settings go on being saved without a new pair, and what was read may be put back", async () => {
  const publicKey = await generate();
  const first = await save(1, { publicKey });
  clock.pass(60 * 60_000);
  const second = await save(2, { publicKey, subject: "https://crm.example.com" });
  expect(second).toMatchObject({ version: 3, settings: { subject: "https://crm.example.com", publicKey } });
  expect((await saveChannel(ports, await place(), "Kim", "push", { ...first, version: 3 })).view).toMatchObject({
    version: 4,
    settings: { publicKey },
    secrets: { privateKey: { set: true } },
  });
  expect(await refusal(save(4, { publicKey }, { privateKey: null }))).toEqual(AT_KEY);
});

test("a new pair over a live one leaves both live until the rotation is ended", async () => {
  const [first, second] = [await generate(), await generate()];
  await save(1, { publicKey: first });
  expect(await save(2, { publicKey: second })).toMatchObject({
    settings: { publicKey: second, previousPublicKey: first },
    secrets: { privateKey: { set: true }, previousPrivateKey: { set: true } },
  });
  expect(await live()).toEqual({
    keys: { stage: "keys", ok: true, said: "Two pairs are live." },
    secrets: ["previousPrivateKey", "privateKey"],
    isSaved: true,
  });
  // Another save says nothing of the rotation; only an empty previous key ends it.
  expect(await save(3, { publicKey: second, subject: "https://crm.example.com" })).toMatchObject({
    settings: { previousPublicKey: first },
  });
  expect(await refusal(save(4, { publicKey: second, previousPublicKey: await generate() }))).toMatchObject({
    paths: ["settings.previousPublicKey"],
  });
  expect(await save(4, { publicKey: second, previousPublicKey: "" })).toMatchObject({
    settings: { publicKey: second, previousPublicKey: "" },
    secrets: { previousPrivateKey: { set: false } },
  });
  expect(await live()).toMatchObject({ keys: { ok: true, said: undefined } });
});

test("nothing of a private key is stored in clear", async () => {
  const { privateKey, publicKey } = channels.push.generateKeys();
  ports.channels = { ...channels, push: { ...channels.push, generateKeys: () => ({ privateKey, publicKey }) } };
  await generate();
  await save(1, { publicKey });
  expect(JSON.stringify(store.commands)).not.toContain(privateKey);
});
