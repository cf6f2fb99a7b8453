import { beforeEach, expect, test } from "vitest";
import { CHANNELS } from "@carillon/shared/channels";
import { localApp } from "./fixtures.ts";

let house: Awaited<ReturnType<typeof localApp>>;
let owner: Record<string, string>;

beforeEach(async () => {
  house = await localApp();
  owner = await house.signIn("owner");
});

const ask = async (method: string, path: string, body?: unknown) =>
  (await house.call(method, `/admin/api${path}`, { headers: owner, ...(body === undefined ? {} : { body }) })).json();

test("keys are generated, saved and rotated over two calls; the log has the public key, and nobody the private one", async () => {
  const made = await ask("POST", "/channels/push/vapid", {});
  expect(made).toEqual({ publicKey: expect.stringMatching(/^B[\w-]{86}$/), expiresAt: "2026-11-23T12:30:00.000Z" });
  const settings = { subject: "mailto:crm@example.com", publicKey: made.publicKey };
  expect(await ask("PUT", "/channels/push", { version: 1, settings })).toMatchObject({ configured: true, settings });
  expect((await ask("GET", "/audit")).data).toContainEqual(
    expect.objectContaining({ act: "channel.generate-keys", detail: expect.objectContaining({ publicKey: made.publicKey }) }),
  );
  expect(await ask("POST", "/channels/push/reveal", { field: "privateKey" })).toMatchObject({ status: 403, code: "secret.never-shown" });
  expect(await ask("GET", "/channels/push/browsers")).toEqual({ browsers: 0, people: 0, byKey: {} });
  const next = await ask("POST", "/channels/push/vapid", {});
  expect(await ask("PUT", "/channels/push", { version: 2, settings: { ...settings, publicKey: next.publicKey } })).toMatchObject({
    settings: { publicKey: next.publicKey, previousPublicKey: made.publicKey },
  });
});

test("templates of an account that Meta does not let us see are told in words, not as a fault of ours", async () => {
  expect(await ask("GET", "/channels/whatsapp/templates")).toMatchObject({ status: 409, code: "channel.unconfigured" });
  const settings = { phoneNumberId: "106540352242922", businessAccountId: "not a number", templates: { task_assigned: { en: {} } } };
  expect(await ask("POST", "/channels/whatsapp/templates", { settings })).toMatchObject({
    status: 422,
    errors: [{ path: "settings.businessAccountId" }],
  });
});

test("the overview counts what each channel was given in the hours before, and tells what nobody has saved yet", async () => {
  await house.call("PUT", "/v1/users/u1", { body: { name: "Ada", email: "ada@example.com" }, headers: house.key });
  const send = () => house.call("POST", "/v1/events", { body: { type: "task_assigned", recipients: ["u1"] }, headers: house.key });
  await send();
  house.clock.pass(20 * 3_600_000);
  owner = await house.signIn("owner");
  await send();
  const overview = (await ask("GET", "/overview")) as unknown as {
    since: string;
    channels: { channel: string; volume: Record<string, number> }[];
    saved: object;
  };
  expect(overview).toMatchObject({ since: "2026-11-23T09:00:00.000Z", saved: { routing: false, quietHours: false } });
  expect(overview.channels.map(({ channel }) => channel)).toEqual([...CHANNELS]);
  expect(overview.channels[0]?.volume).toMatchObject({ accepted: 2, delivered: 2, unaccounted: 0 });
  expect(overview.channels[1]?.volume).toMatchObject({ accepted: 2, skipped: 2, unaccounted: 0 });
  house.clock.pass(10 * 3_600_000);
  owner = await house.signIn("owner");
  const later = (await ask("GET", "/overview")) as unknown as typeof overview;
  expect(later.channels[0]?.volume).toMatchObject({ accepted: 1, delivered: 1 });
  const routing = await ask("GET", "/routing");
  await ask("PUT", "/routing", routing);
  expect((await ask("GET", "/overview")).saved).toEqual({ routing: true, quietHours: false });
});
