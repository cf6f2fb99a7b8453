import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EmailSettings } from "@carillon/shared/channels";
import { createApp } from "@carillon/worker/app";
import { readEnvironment } from "@carillon/worker/runtime/environment";
import { ORIGIN, QUEUE_KEYS, startApp, type House } from "../harness/app.ts";
import { Instance } from "../harness/instance.ts";
import { signAsQueue, type Claims } from "../harness/signature.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Those of the public development server: whoever knows its manual knows them. https://upstash.com/docs/qstash/howto/local-development */
const PUBLISHED_KEYS = ["sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r", "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs"];

/** A place where the queue's calls are answered. */
type Place = {
  url: string;
  currentKey: string;
  nextKey: string;
  post(path: string, body: string, headers: Record<string, string>): Promise<Response>;
};

const workers = new Instance("workers");
const places: Record<"in process" | "workers", () => Promise<Place>> = {
  async "in process"() {
    const { app } = await startApp();
    return {
      url: ORIGIN,
      ...QUEUE_KEYS,
      post: (path, body, headers) => app(new Request(ORIGIN + path, { method: "POST", body, headers })),
    };
  },
  async workers() {
    const { url, qstashCurrentKey, qstashNextKey } = (await workers.start()).credentials;
    return {
      url,
      currentKey: qstashCurrentKey!,
      nextKey: qstashNextKey!,
      post: (path, body, headers) => fetch(url + path, { method: "POST", body, headers }),
    };
  },
};
afterAll(() => workers.dispose());

describe.each(["in process", "workers"] as const)("what claims to be from the queue, %s", (name) => {
  const PATH = "/internal/jobs/deliver";
  const JOB = JSON.stringify({ org: "nobody", shard: 0, channel: "email", at: 0, number: "n1" });
  const seconds = () => Math.floor(Date.now() / 1_000);
  let place: Place;
  beforeAll(async () => void (place = await places[name]()), 90_000);

  const post = ({
    key = place.currentKey,
    claims = {},
    body = JOB,
    path = PATH,
  }: { key?: string; claims?: Claims; body?: string; path?: string } = {}) =>
    place.post(path, body, { "upstash-signature": signAsQueue({ url: place.url + path, body, key, now: Date.now(), claims }) });

  test("is served when it is signed with the current or the next key", async () => {
    expect((await post()).status).toBe(200);
    expect((await post({ key: place.nextKey })).status).toBe(200);
    expect((await post({ path: "/internal/jobs/failed" })).status).toBe(200);
  });

  test.each<[string, () => Promise<Response>]>([
    ["without a signature", () => place.post(PATH, JOB, {})],
    ["with an empty signature", () => place.post(PATH, JOB, { "upstash-signature": "" })],
    ["with a signature that is none", () => place.post(PATH, JOB, { "upstash-signature": "a.b.c" })],
    ["signed with another key", () => post({ key: "sig_somebody_else" })],
    ["signed with the published key of the development server", () => post({ key: PUBLISHED_KEYS[0]! })],
    ["signed with its published next key", () => post({ key: PUBLISHED_KEYS[1]! })],
    ["signed with an empty key", () => post({ key: "" })],
    ["signed for another address", () => post({ claims: { sub: "https://elsewhere.example/internal/jobs/deliver" } })],
    ["signed for another path", () => post({ claims: { sub: `${place.url}/internal/jobs/failed` } })],
    ["signed for another body", () => post({ claims: { body: "uBBS6mDJ1F4xGjxAlE4jDqjTLXcH4c6FOMfA5sNf3v8" } })],
    ["signed for no body", () => post({ claims: { body: "" } })],
    ["signed by someone else", () => post({ claims: { iss: "Somebody" } })],
    ["that has expired", () => post({ claims: { exp: seconds() - 120, nbf: seconds() - 400 } })],
    ["that is for later", () => post({ claims: { nbf: seconds() + 300, exp: seconds() + 600 } })],
    ["that never expires", () => post({ claims: { exp: undefined } })],
    ["with another algorithm", () => place.post(PATH, JOB, { "upstash-signature": unsigned(place.url + PATH) })],
  ])("%s is refused", async (_, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ code: "queue.signature" });
  });

  test.each([
    "",
    "not json",
    "[]",
    "{}",
    '{"org":"../x","shard":0,"channel":"email","at":0,"number":"n"}',
    '{"org":"acme","shard":-1,"channel":"email","at":0,"number":"n"}',
  ])("a signed body that can't be read (%s) is sent back for good", async (body) => {
    const answer = await post({ body });
    expect(answer.status).toBe(489);
    expect(answer.headers.get("upstash-nonretryable-error")).toBe("true");
  });
});

/** A token that says it needs no signature. */
function unsigned(url: string): string {
  const [, claims] = signAsQueue({ url, body: "", key: "any", now: Date.now() }).split(".");
  return `${Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url")}.${claims}.`;
}

describe("a start that would take published keys", () => {
  const ENVIRONMENT = {
    CARILLON_PUBLIC_URL: "https://carillon.example.com",
    CARILLON_SETTINGS_KEYS: JSON.stringify({ k1: Buffer.alloc(32).toString("base64") }),
  };

  test.each(["1", "true", "0", ""])("is refused with QSTASH_DEV=%j", (QSTASH_DEV) => {
    expect(() => readEnvironment({ ...ENVIRONMENT, QSTASH_DEV })).toThrow("QSTASH_DEV makes published keys valid; unset it.");
    expect(() => readEnvironment(ENVIRONMENT)).not.toThrow();
  });

  test("ends in words on Deno", () => {
    const { status, stderr } = spawnSync(`${ROOT}/node_modules/deno/deno`, ["run", "--no-lock", "-A", "worker/local/deno-main.ts"], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...ENVIRONMENT, QSTASH_DEV: "1", CARILLON_PORT: "0" },
      timeout: 20_000,
    });
    expect(status).toBe(1);
    expect(stderr).toContain("QSTASH_DEV makes published keys valid; unset it.");
  });
});

describe("where mail may be sent through", () => {
  const settings = (more: Partial<EmailSettings> = {}) => ({
    host: "smtp.example.com",
    port: 587,
    username: "crm",
    encryption: "tls",
    fromAddress: "crm@example.com",
    ...more,
  });
  let house: House;
  let admin: Record<string, string>;
  beforeAll(async () => {
    house = await startApp();
    admin = await house.signIn("owner");
  });

  const REFUSED: [path: string, change: Partial<EmailSettings>][] = [
    ...[
      "localhost",
      "LOCALHOST",
      "mail.localhost",
      "127.0.0.1",
      "127.1",
      "10.0.0.8",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "::1",
      "[::1]",
      "fe80::1",
      "::ffff:127.0.0.1",
      "8.8.8.8",
      "2130706433",
      "0x7f.1",
      "metadata.google.internal",
      "mail.corp",
      "printer.local",
      "mailserver",
    ].map((host): [string, Partial<EmailSettings>] => ["settings.host", { host }]),
    ...[25, 80, 443, 6379, 8080, 22].map((port): [string, Partial<EmailSettings>] => ["settings.port", { port }]),
    ["settings.encryption", { encryption: "none" }],
    ["settings.oauth.tokenUrl", { auth: "oauth2", oauth: { clientId: "c", tokenUrl: "http://login.example.com/token" } }],
    ["settings.oauth.tokenUrl", { auth: "oauth2", oauth: { clientId: "c", tokenUrl: "https://169.254.169.254/latest" } }],
    ["settings.oauth.tokenUrl", { auth: "oauth2", oauth: { clientId: "c", tokenUrl: "https://localhost/token" } }],
  ];

  test.each(REFUSED)("%s of %j is refused at save and in a test", async (path, change) => {
    const wrong = { status: 422, body: { code: "settings.invalid", errors: [{ path, message: expect.any(String) }] } };
    expect(await house.call("PUT", "/admin/api/channels/email", { version: 1, settings: settings(change) }, admin)).toMatchObject(wrong);
    expect(
      await house.call("POST", "/admin/api/channels/email/test", { settings: settings(change), to: "a@example.com" }, admin),
    ).toMatchObject(wrong);
    // Thirty tests a minute are enough for anybody but us.
    house.clock.pass(60_000);
  });

  test.each([465, 587, 2525])("a public name on port %i is taken", async (port) => {
    const { body } = await house.call("GET", "/admin/api/channels/email", undefined, admin);
    const answer = await house.call("PUT", "/admin/api/channels/email", { version: body.version, settings: settings({ port }) }, admin);
    expect(answer.status, answer.text).toBe(200);
  });

  test.each<[string, Partial<EmailSettings>]>([
    ["a private address", { host: "127.0.0.1" }],
    ["a name that leads to this machine", { host: "localhost" }],
    ["another port", { port: 25 }],
  ])("%s that was saved while it was allowed is a fault of the channel when it is used", async (_, change) => {
    const strict = await startApp();
    const open = createApp({ ...strict.outside, config: { ...strict.outside.config, allowPrivateHosts: true } });
    const owner = await strict.signIn("owner");
    const ask = (method: string, path: string, body: object) =>
      open(
        new Request(`${ORIGIN}/admin/api/channels/email${path}`, {
          method,
          body: JSON.stringify(body),
          headers: { "content-type": "application/json", ...owner },
        }),
      );
    expect((await ask("PUT", "", { version: 1, settings: settings(change) })).status).toBe(200);
    expect((await ask("POST", "/enable", {})).status).toBe(200);

    const person = { id: "u1", email: "u1@example.com" };
    await strict.call("POST", "/v1/events", { id: "e1", type: "mention", recipients: [person], data: { text: "hi" } }, strict.key);
    await strict.settle();
    const [job] = strict.queue.take();
    expect((await strict.deliver(job!)).status).toBe(200);
    const { body } = await strict.call("GET", "/v1/events/e1", undefined, strict.key);
    expect(body.deliveries[1]).toMatchObject({
      state: "parked",
      reason: "channel-fault",
      attempts: [{ outcome: "fault", code: "host-policy" }],
    });
    expect((await strict.call("GET", "/admin/api/channels/email", undefined, owner)).body.health).toMatchObject({ state: "fault" });
  });
});
