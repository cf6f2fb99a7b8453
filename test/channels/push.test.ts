import { pushSettingsSchema, pushSubscriptionSchema, type PushPayload, type PushSettings } from "@carillon/shared/push-settings";
import type { Configuration, Message, Outcome, PushSubscription } from "@carillon/worker/channels/channel";
import { createPush } from "@carillon/worker/channels/push";
import { authorizationOf, generateKeys, isPair, type VapidPair } from "@carillon/worker/channels/push/keys";
import { startSandbox, type Sandbox } from "@carillon/worker/local/sandbox/sandbox";
import type { PushAnswer } from "@carillon/worker/local/sandbox/push";
import { decrypt, verifyVapid } from "@carillon/worker/local/sandbox/push-crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

const push = createPush({ answer: 1_500 });
const keys = generateKeys();

let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "push-"));
  sandbox = await startSandbox({ dataDir: folder, httpPort: 0, smtpPort: 0, smtpsPort: 0 });
});
beforeEach(() => sandbox.store.clear("push"));
afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true });
});

const configuration = (pair: VapidPair = keys, previous?: VapidPair, hosts = [sandbox.push.host]): Configuration<PushSettings> => ({
  settings: { subject: "mailto:admin@example.com", publicKey: pair.publicKey, previousPublicKey: previous?.publicKey ?? "" },
  secrets: { privateKey: pair.privateKey, ...(previous ? { previousPrivateKey: previous.privateKey } : {}) },
  sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
  allowPrivateHosts: true,
  endpoints: { pushHosts: hosts },
});
const message = (subscriptions: PushSubscription[], more: Partial<Message> = {}): Message => ({
  deliveryId: "0.d1",
  org: "acme",
  to: { id: "u1", name: "Ada", address: "", locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "normal" },
  texts: { title: "New task: Grüße", body: "Kim assigned you “世界 🧑‍🧑‍🧒”.", action: "Open task", locale: "en" },
  link: "/tasks/77",
  subscriptions,
  ...more,
});
async function send(one: Message, of = configuration()): Promise<Outcome> {
  const session = push.open(of);
  const outcome = await session.send(one);
  await session.close();
  return outcome;
}
const browser = (answer: PushAnswer = "201", person = "u1") => sandbox.push.subscribe(person, keys.publicKey, answer);
const stored = async (to = "u1") => await sandbox.store.list({ channel: "push", to, limit: 100 });

test("RFC 8291's vector is read as the RFC says", () => {
  const body =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
  const plain = decrypt(Buffer.from(body, "base64url"), {
    publicKey: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    privateKey: "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    auth: "BTBZMqHH6r4Tts7J_aSIgg",
  });
  expect(plain).toBe("When I grow up, I want to be a watermelon");
});

describe("a message", () => {
  test("is encrypted for the browser and read there", async () => {
    const outcome = await send(
      message([browser()], { collapseKey: "task:77", validForSeconds: 90.5, event: { id: "e", type: "mention", priority: "high" } }),
    );
    expect(outcome).toEqual({ kind: "ok", code: "201" });
    const [only] = await stored();
    expect(only).toMatchObject({ subject: "New task: Grüße", text: "Kim assigned you “世界 🧑‍🧑‍🧒”." });
    const { headers, payload } = JSON.parse(only?.raw ?? "") as { headers: Record<string, string>; payload: string };
    const { tag } = JSON.parse(payload) as PushPayload;
    expect(headers).toEqual({ ttl: "90", urgency: "high", topic: tag });
    expect(JSON.parse(payload)).toMatchObject({ id: "0.d1", link: "https://notify.example.com/tasks/77", urgent: true });
  });

  test("reaches every browser; those that are gone are named, and get nothing more", async () => {
    const gone = browser("410");
    expect(await send(message([gone, browser(), browser("404"), browser("500")]))).toEqual({
      kind: "ok",
      code: "201",
      gone: [gone.endpoint, browser("404").endpoint],
    });
    const leaving = browser("201", "u2");
    expect(await send(message([leaving]))).toMatchObject({ kind: "ok" });
    sandbox.push.unsubscribe(leaving.endpoint);
    expect(await send(message([leaving]))).toMatchObject({ kind: "gone", gone: [leaving.endpoint] });
    expect(browser("201", "u2").endpoint).not.toBe(leaving.endpoint);
  });

  test("to twenty browsers goes out as twenty", async () => {
    const twenty = Array.from({ length: 20 }, (_, n) => browser("201", `p${n}`));
    expect(await send(message(twenty))).toMatchObject({ kind: "ok" });
    expect(await sandbox.store.list({ channel: "push", to: null, limit: 100 })).toHaveLength(20);
  });

  test.each([
    ["301", { kind: "permanent", code: "301" }],
    ["400", { kind: "permanent", code: "400" }],
    ["401", { kind: "fault", code: "401" }],
    ["403", { kind: "fault", code: "403" }],
    ["404", { kind: "gone", code: "404" }],
    ["410", { kind: "gone", code: "410" }],
    ["429", { kind: "retry", code: "429", afterMs: 1_000 }],
    ["500", { kind: "retry", code: "500" }],
    ["silent", { kind: "retry", code: "no-answer", unreachable: true }],
  ] as const)("that is answered with %s ends so", async (answer, expected) => {
    expect(await send(message([browser(answer)]))).toMatchObject(expected);
    expect(await stored()).toEqual([]);
  });

  test("that is too large for a service goes out once more, short", async () => {
    const long = "世".repeat(2_000);
    expect(await send(message([browser("413")], { texts: { title: "T", body: long, action: "", locale: "en" } }))).toMatchObject({
      kind: "ok",
    });
    expect((await stored())[0]?.text).toMatch(/^世{10,300}…$/);
  });

  test("that is too large even when short is refused, after exactly two tries", async () => {
    let tries = 0;
    const server = createServer((request, response) => {
      tries++;
      request.resume();
      response.writeHead(413).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const one = { ...browser(), endpoint: `http://${host}/x` };
    expect(await send(message([one]), configuration(keys, undefined, [host]))).toMatchObject({ kind: "permanent", code: "413" });
    expect(tries).toBe(2);
    await new Promise((resolve) => server.close(resolve));
  });

  test("of 4,000 units of any script fits", async () => {
    for (const character of ["a", "世", "😀", "\u0001"]) {
      const texts = { title: character.repeat(200), body: character.repeat(4_000), action: "", locale: "en" };
      expect(await send(message([browser()], { texts }))).toMatchObject({ kind: "ok" });
    }
  });

  test("goes nowhere but to push services, and redirects are not followed", async () => {
    const inside = { ...browser(), endpoint: "https://169.254.169.254/latest" };
    expect(await send(message([inside]))).toMatchObject({ kind: "gone", code: "endpoint-policy", gone: [inside.endpoint] });
    expect(await send(message([browser()]), configuration(keys, undefined, []))).toMatchObject({ kind: "gone", code: "endpoint-policy" });
  });

  test("to a browser with unusable keys is settled, and harms no other", async () => {
    const broken = { ...browser("500"), p256dh: "AAAA" };
    const offCurve = { ...browser("400"), p256dh: `B${"A".repeat(86)}` };
    expect(await send(message([broken, offCurve, browser()]))).toMatchObject({ kind: "ok", gone: [broken.endpoint, offCurve.endpoint] });
  });

  test("without browsers is for nobody", async () => {
    expect(await send(message([]))).toMatchObject({ kind: "gone", code: "no-subscription" });
    expect(await send({ ...message([]), subscriptions: undefined } as Message)).toMatchObject({ kind: "gone" });
  });
});

describe("keys", () => {
  test("are pairs; others are told before anything is sent", async () => {
    expect(isPair(generateKeys())).toBe(true);
    expect(isPair({ publicKey: keys.publicKey, privateKey: generateKeys().privateKey })).toBe(false);
    for (const privateKey of ["", "x", "A".repeat(43), "_".repeat(43)])
      expect(isPair({ publicKey: keys.publicKey, privateKey })).toBe(false);
    const mixed = { publicKey: keys.publicKey, privateKey: generateKeys().privateKey };
    expect(await send(message([browser()]), configuration(mixed))).toMatchObject({ kind: "fault", code: "keys" });
  });

  test("sign for one service at a time and are signed anew only for another", () => {
    const [one, again, other] = ["https://a.example/1", "https://a.example/2", "https://b.example/1"].map((endpoint) =>
      authorizationOf(endpoint, "mailto:a@example.com", keys),
    );
    expect(one).toBe(again);
    expect(one).not.toBe(other);
    expect(verifyVapid(one ?? "", "https://a.example", Date.now())).toEqual({ key: keys.publicKey });
    expect(verifyVapid(one ?? "", "https://b.example", Date.now())).toEqual({ why: expect.stringContaining("aud") });
    expect(verifyVapid(one ?? "", "https://a.example", Date.now() + 90_000_000)).toEqual({ why: expect.stringContaining("exp") });
    expect(authorizationOf("https://a.example/1", "mailto:b@example.com", keys)).not.toBe(one);
  });

  test("rotate with two live pairs: a browser is written to with the key it knows", async () => {
    const next = generateKeys();
    const old = browser();
    expect(await send(message([old]), configuration(next, keys))).toMatchObject({ kind: "ok" });
    expect(await send(message([sandbox.push.subscribe("u1", next.publicKey)]), configuration(next, keys))).toMatchObject({ kind: "ok" });
    expect(await send(message([old]), configuration(next))).toMatchObject({ kind: "gone", code: "old-key", gone: [old.endpoint] });
    const { publicKey: _unknown, ...unbound } = old;
    expect(await send(message([unbound]), configuration(next))).toMatchObject({ kind: "fault", code: "403" });
  });
});

describe("the staged test", () => {
  const stagesOf = async (of: Configuration<PushSettings>, to: string) =>
    (await Array.fromAsync(push.test(of, to))).map(({ stage, ok }) => `${stage} ${ok ? "ok" : "failed"}`).join(", ");

  test("keys, subscription, accepted", async () => {
    expect(await stagesOf(configuration(), JSON.stringify(browser()))).toBe("keys ok, subscription ok, accepted ok, done ok");
    expect((await stored())[0]).toMatchObject({ subject: "Test message from Müller GmbH", text: "Browser push works." });
  });

  test.each([
    ["mixed keys", () => configuration({ ...keys, privateKey: generateKeys().privateKey }), () => "{}", "keys failed, done failed"],
    ["no subscription", () => configuration(), () => "", "keys ok, subscription failed, done failed"],
    [
      "another host",
      () => configuration(keys, undefined, []),
      () => JSON.stringify(browser()),
      "keys ok, subscription failed, done failed",
    ],
    [
      "a browser that is gone",
      () => configuration(),
      () => JSON.stringify(browser("410")),
      "keys ok, subscription ok, accepted failed, done failed",
    ],
  ])("stops at %s and says what to do", async (_title, of, to, expected) => {
    expect(await stagesOf(of(), to())).toBe(expected);
    expect((await Array.fromAsync(push.test(of(), to()))).at(-2)?.remedy).toMatch(/^[A-Za-z].+\.$/);
  });
});

describe("the sandbox's push service refuses what a real one refuses", () => {
  const post = async (headers: Record<string, string>, body: Uint8Array<ArrayBuffer> = new Uint8Array(50), to = browser()) =>
    (await fetch(to.endpoint, { method: "POST", headers, body })).status;
  const good = () => ({
    ttl: "60",
    "content-encoding": "aes128gcm",
    authorization: authorizationOf(sandbox.httpUrl, "mailto:a@example.com", keys),
  });

  test("headers, size, signature, encryption", async () => {
    const { ttl: _ttl, ...withoutTtl } = good();
    expect(await post(withoutTtl)).toBe(400);
    expect(await post({ ...good(), topic: "x".repeat(33) })).toBe(400);
    expect(await post({ ...good(), urgency: "urgent" })).toBe(400);
    expect(await post({ ...good(), "content-encoding": "aesgcm" })).toBe(400);
    expect(await post(good(), new Uint8Array(4_097))).toBe(413);
    expect(await post({ ...good(), authorization: "" })).toBe(401);
    expect(await post({ ...good(), authorization: authorizationOf("https://other.example", "mailto:a@example.com", keys) })).toBe(403);
    expect(await post({ ...good(), authorization: authorizationOf(sandbox.httpUrl, "mailto:a@example.com", generateKeys()) })).toBe(403);
    expect(await post(good())).toBe(400); // not decrypted
    expect(await post(good(), undefined, { ...browser(), endpoint: `${sandbox.httpUrl}/push/${"x".repeat(32)}` })).toBe(410);
  });

  test("makes browsers over HTTP too, and keeps them over a restart", async () => {
    const asked = { person: "u9", publicKey: keys.publicKey, answer: "410" };
    const answer = await fetch(`${sandbox.httpUrl}/push/subscriptions`, { method: "POST", body: JSON.stringify(asked) });
    const made = (await answer.json()) as PushSubscription;
    expect(made).toEqual(sandbox.push.subscribe("u9", keys.publicKey, "410"));
    const port = Number(new URL(sandbox.httpUrl).port);
    await sandbox.stop();
    sandbox = await startSandbox({ dataDir: folder, httpPort: port, smtpPort: 0, smtpsPort: 0 });
    expect(sandbox.push.subscribe("u9", keys.publicKey, "410")).toEqual(made);
  });
});

test("settings and subscriptions are checked where they come in", () => {
  const { publicKey } = keys;
  expect(pushSettingsSchema.parse({ subject: "mailto:a@example.com", publicKey })).toEqual({
    subject: "mailto:a@example.com",
    publicKey,
    previousPublicKey: "",
  });
  for (const subject of ["a@example.com", "http://example.com", "mailto:", ""])
    expect(pushSettingsSchema.safeParse({ subject, publicKey }).success).toBe(false);
  expect(pushSettingsSchema.safeParse({ subject: "mailto:a@example.com", publicKey: "B" }).success).toBe(false);
  const { endpoint, p256dh, auth } = browser();
  expect(pushSubscriptionSchema.parse({ endpoint, expirationTime: null, keys: { p256dh, auth } })).toEqual({ endpoint, p256dh, auth });
  expect(pushSubscriptionSchema.parse({ endpoint, p256dh, auth, publicKey })).toEqual({ endpoint, p256dh, auth, publicKey });
  expect(pushSubscriptionSchema.safeParse({ endpoint, keys: { p256dh } }).success).toBe(false);
});
