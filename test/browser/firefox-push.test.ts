import { afterAll, beforeAll, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { startFirefox, type Firefox } from "./firefox.ts";
import { startFirefoxPushService, type FirefoxPushService } from "./firefox-push-service.ts";

let service: FirefoxPushService;
let carillon: Instance;
let firefox: Firefox;

beforeAll(async () => {
  service = await startFirefoxPushService();
  carillon = new Instance("deno", { CARILLON_PUSH_HOSTS: service.host });
  [firefox] = await Promise.all([startFirefox(service.preferences), carillon.start()]);
}, 90_000);
afterAll(async () => {
  await firefox.close();
  await carillon.dispose();
  await service.close();
});

/** The addresses of this Firefox that Carillon knows for a person. */
async function known(user: string): Promise<string[]> {
  const { endpoints } = (await (await carillon.me(user))("GET", "/push")).body;
  return endpoints.filter((endpoint: string) => endpoint.includes(service.host));
}
/** Opens the CRM as somebody. Notifications are allowed here, so that the bell subscribes by itself. */
async function arrive(user: string): Promise<void> {
  await firefox.goto(`${carillon.credentials.url}/docs`);
  await firefox.evaluate(`sessionStorage.setItem("signed-in", ${JSON.stringify(user)})`);
  await firefox.goto(`${carillon.credentials.url}/demo`);
  await until(async () => (await known(user)).length === 1, `${user}'s browser is bound`, 20_000);
}
/** A page of the same origin without a bell, so that nobody is looking at one. */
async function leave(): Promise<void> {
  await firefox.goto(`${carillon.credentials.url}/docs`);
}
async function tell(id: string, user: string): Promise<void> {
  await carillon.api("POST", "/v1/events", { id, type: "task_assigned", recipients: [user], data: { task: { title: `Grüße aus ${id}` } } });
}
async function pushOf(event: string): Promise<string> {
  const { deliveries } = (await carillon.api("GET", `/v1/events/${event}`)).body;
  return deliveries.find(({ channel }: { channel: string }) => channel === "push").state;
}
const titles = () =>
  firefox.evaluate(
    `navigator.serviceWorker.getRegistration("/embed/").then((one) => one.getNotifications()).then((all) => all.map(({ title }) => title).join("; "))`,
  );

test("Firefox: subscribed by the bell, written to through its push service, decrypted, shown, and reported as shown", async () => {
  await arrive("u1");
  await leave();
  await tell("one", "u1");
  await until(async () => (await pushOf("one")) === "delivered", "it is shown", 15_000);
  expect(await titles()).toContain("Grüße aus one");
  expect(service.answers).toEqual([201]);
}, 60_000);

test("Firefox: moves with whoever signs in", async () => {
  const [endpoint] = await known("u1");
  await arrive("u2");
  expect([await known("u1"), await known("u2")]).toEqual([[], [endpoint]]);
}, 60_000);

test("Firefox: renewed by the service worker when its push service has forgotten it, with nobody signed in", async () => {
  await leave();
  const [before] = await known("u2");
  service.forget();
  await until(async () => (await known("u2")).join() !== before, "the new address is told", 20_000);
  expect(await known("u2")).toHaveLength(1);
  await tell("renewed", "u2");
  await until(async () => (await pushOf("renewed")) === "delivered", "it is shown at the new address", 15_000);
  expect(service.answers.at(-1)).toBe(201);
}, 60_000);

test("Firefox: subscribes anew by itself after the keys have changed", async () => {
  const admin = await carillon.admin();
  const { publicKey } = (await admin("POST", "/channels/push/vapid")).body;
  const { version, settings } = (await admin("GET", "/channels/push")).body;
  expect((await admin("PUT", "/channels/push", { version, settings: { ...settings, publicKey } })).status).toBe(200);
  const [before] = await known("u2");
  await firefox.goto(`${carillon.credentials.url}/demo`);
  await until(async () => (await known("u2")).join() !== before, "it has subscribed anew", 20_000);
  expect(await known("u2")).toHaveLength(1);
  await leave();
  await tell("rotated", "u2");
  await until(async () => (await pushOf("rotated")) === "delivered", "it is shown with the new key", 15_000);
}, 60_000);

test("Firefox: once it has unsubscribed, it is written to once more and then never again", async () => {
  const isGone = await firefox.evaluate(
    `navigator.serviceWorker.getRegistration("/embed/").then((one) => one.pushManager.getSubscription()).then((one) => one.unsubscribe())`,
  );
  expect(isGone).toBe(true);
  await tell("gone", "u2");
  await until(async () => (await known("u2")).length === 0, "it is forgotten", 15_000);
  expect(service.answers.at(-1)).toBe(410);
  const { length } = service.answers;
  await tell("silence", "u2");
  await until(async () => /sent|delivered|skipped/.test(await pushOf("silence")), "the next is settled", 15_000);
  expect(service.answers).toHaveLength(length);
}, 60_000);
