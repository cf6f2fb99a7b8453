import { createRequire } from "node:module";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { PushSettings } from "@carillon/shared/push-settings";
import type { Configuration, Message, Outcome, PushSubscription } from "@carillon/worker/channels/channel";
import { push } from "@carillon/worker/channels/push";
import { authorizationOf, generateKeys } from "@carillon/worker/channels/push/keys";
import { payloadOf } from "@carillon/worker/channels/push/payload";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

/** The service has no types of its own. It listens as it is made; its endpoints begin with `notifyUrl`. */
type Model = { notifyUrl: string };
type Service = { startServer(): void; _server: Server };
const require = createRequire(import.meta.url);
const { PushApiModel } = require("web-push-testing/src/PushApiModel.js") as { PushApiModel: new () => Model };
const WebPushTestingServer = require("web-push-testing/src/server.js") as new (model: Model, port: number) => Service;

type Browser = { subscription: PushSubscription; clientHash: string };

const keys = generateKeys();
const others = generateKeys();
let service: Service;
let host: string;

beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(console, "error").mockImplementation(() => {});
  const model = new PushApiModel();
  service = new WebPushTestingServer(model, 0);
  service.startServer();
  await new Promise((resolve) => service._server.once("listening", resolve));
  host = `localhost:${(service._server.address() as AddressInfo).port}`;
  model.notifyUrl = `http://${host}/notify/`;
});
afterAll(async () => {
  vi.restoreAllMocks();
  service._server.closeAllConnections();
  await new Promise((resolve) => service._server.close(resolve));
});

async function ask(path: string, body: object = {}) {
  const answer = await fetch(`http://${host}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await answer.text();
}

async function subscribe({ publicKey } = keys): Promise<Browser> {
  const { data } = JSON.parse(await ask("/subscribe", { userVisibleOnly: "true", applicationServerKey: publicKey })) as {
    data: { endpoint: string; keys: { p256dh: string; auth: string }; clientHash: string };
  };
  return { subscription: { endpoint: data.endpoint, ...data.keys }, clientHash: data.clientHash };
}
async function messagesOf({ clientHash }: Browser): Promise<string[]> {
  return (JSON.parse(await ask("/get-notifications", { clientHash })) as { data: { messages: string[] } }).data.messages;
}

const configuration = (): Configuration<PushSettings> => ({
  settings: { subject: "mailto:admin@example.com", publicKey: keys.publicKey, previousPublicKey: "" },
  secrets: { privateKey: keys.privateKey },
  sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
  allowPrivateHosts: true,
  endpoints: { pushHosts: [host] },
});
const message = (...browsers: Browser[]): Message => ({
  deliveryId: "0.d1",
  org: "acme",
  to: { id: "u1", name: "Ada", address: "", locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "normal" },
  texts: { title: "New task: Grüße", body: "Kim assigned you “世界 🧑‍🧑‍🧒”.", action: "Open task", locale: "en" },
  link: "/tasks/77",
  subscriptions: browsers.map(({ subscription }) => subscription),
});
async function send(one: Message): Promise<Outcome> {
  const session = push.open(configuration());
  const outcome = await session.send(one);
  await session.close();
  return outcome;
}

/** It decrypts with http_ece and checks the signature with jsonwebtoken; `aud`, Topic, Urgency and size it does not look at. */
test("web-push-testing reads in each browser what was written, and finds the signature good", async () => {
  const [one, two] = [await subscribe(), await subscribe()];
  const sent = message(one, two);
  expect(await send(sent)).toEqual({ kind: "ok", code: "201" });
  const payload = payloadOf(sent, configuration().sender.publicUrl);
  expect(payload).toContain("世界 🧑‍🧑‍🧒");
  expect([await messagesOf(one), await messagesOf(two)]).toEqual([[payload], [payload]]);
});

test("web-push-testing refuses a browser that subscribed with another key, and a signature of another key", async () => {
  const stranger = await subscribe(others);
  expect(await send(message(stranger))).toMatchObject({ kind: "permanent", code: "400", said: expect.stringContaining("Invalid") });
  expect(await messagesOf(stranger)).toEqual([]);

  const { subscription } = await subscribe();
  const forged = { publicKey: keys.publicKey, privateKey: others.privateKey };
  const authorization = authorizationOf(subscription.endpoint, "mailto:forger@example.com", forged);
  const headers = { ttl: "60", "content-encoding": "aes128gcm", "content-type": "application/octet-stream", authorization };
  const answer = await fetch(subscription.endpoint, { method: "POST", headers, body: new Uint8Array(100) });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("Invalid authentication token")]);
});

test("web-push-testing says 410 for a subscription that has expired, which is then gone; the person's other browser is reached", async () => {
  const [left, stays] = [await subscribe(), await subscribe()];
  await ask(`/expire-subscription/${left.clientHash}`);
  expect(await send(message(left, stays))).toEqual({ kind: "ok", code: "201", gone: [left.subscription.endpoint] });
  expect(await send(message(left))).toMatchObject({ kind: "gone", code: "410", gone: [left.subscription.endpoint] });
  expect([await messagesOf(left), (await messagesOf(stays)).length]).toEqual([[], 1]);
});
