import type { PushPayload } from "@carillon/shared/push-settings";
import { expect as see, type Browser, type CDPSession, type Locator, type Page, type Worker } from "@playwright/test";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { axe, gotoLive, launch, LOOKS, openPage, overflow, type Opened } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let opened: Opened;
let page: Page;
let devtools: CDPSession;

beforeAll(async () => {
  browser = await launch();
  await carillon.start();
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});
afterEach(async () => {
  await opened.context.close();
  expect(opened.problems).toEqual([]);
});

/** What the browser is to answer when it is asked for the permission: headless, there is nobody to click. */
type Permission = "granted" | "denied";

/**
 * A browser that was never asked. Its push service is out of reach here, so that subscribing is the sandbox's business; everything
 * else is its own.
 */
async function arrive(user: string, answer: Permission = "granted", look: Parameters<typeof openPage>[2] = {}): Promise<void> {
  const { url, sandboxUrl } = carillon.credentials;
  opened = await openPage(browser, [url, url.replace("http", "ws")], look);
  const { publicKey } = (await (await carillon.me(user))("GET", "/push")).body;
  const made = await fetch(`${sandboxUrl}/push/subscriptions`, {
    method: "POST",
    body: JSON.stringify({ person: `${user}-${answer}`, publicKey }),
  });
  const { endpoint, p256dh, auth } = (await made.json()) as { endpoint: string; p256dh: string; auth: string };
  const permissions = await browser.newBrowserCDPSession();
  const { browserContextIds } = (await permissions.send("Target.getBrowserContexts")) as { browserContextIds: string[] };
  const set = (setting: "prompt" | Permission) =>
    permissions.send("Browser.setPermission", {
      permission: { name: "notifications" },
      setting,
      origin: url,
      browserContextId: browserContextIds.at(-1),
    } as never);
  await set("prompt");
  await opened.context.exposeFunction("answerPermission", () => set(answer));
  await opened.context.addInitScript(
    ({ subscription, answer }) => {
      const asked = window as unknown as { asked: number; answerPermission(): Promise<void> };
      asked.asked = 0;
      Notification.requestPermission = async () => {
        asked.asked++;
        await asked.answerPermission();
        return answer;
      };
      PushManager.prototype.subscribe = async () => subscription as never;
      PushManager.prototype.getSubscription = async () => null;
      Object.assign(subscription, { toJSON: () => subscription });
    },
    { subscription: { endpoint, keys: { p256dh, auth } }, answer },
  );
  page = opened.page;
  await signIn(user);
}

async function signIn(user: string): Promise<void> {
  await page.addInitScript((id) => sessionStorage.setItem("signed-in", id), user);
  await gotoLive(page, `${carillon.credentials.url}/demo`);
}
async function reload(): Promise<void> {
  const live = page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived"));
  await Promise.all([live, page.reload()]);
}
const panel = (): Locator => page.getByRole("dialog", { name: "Notifications" });
const button = (name: string): Locator => panel().getByRole("button", { name, exact: true });
async function openPanel(): Promise<void> {
  await page.locator("carillon-bell #bell").click();
  await see(panel().getByRole("searchbox")).toBeVisible();
}
/** The offer is there as soon as the bell has asked whether push is on. */
const offered = async () => see(panel().getByText("Hear of what needs you")).toBeVisible();
async function notOffered(): Promise<void> {
  await page.waitForLoadState("networkidle");
  await openPanel();
  await see(panel().locator("li, .empty").first()).toBeVisible();
  await see(panel().getByText("Hear of what needs you")).toHaveCount(0);
}
const browsersOf = async (user: string): Promise<string[]> => (await (await carillon.me(user))("GET", "/push")).body.endpoints;
const timesAsked = () => page.evaluate(() => (window as unknown as { asked: number }).asked);

test("the reason comes first, only a click makes the browser ask, and the browser is bound to the person", async () => {
  const before = await browsersOf("u1");
  await arrive("u1");
  await openPanel();
  await offered();
  expect(await timesAsked()).toBe(0);
  await button("Turn on").click();
  await see(panel().getByText("This browser now shows messages.")).toBeVisible();
  expect([await timesAsked(), (await browsersOf("u1")).length]).toEqual([1, before.length + 1]);
  await reload();
  await notOffered();
});

test("Not now holds until somebody signs in anew", async () => {
  await arrive("u2");
  await openPanel();
  await offered();
  await button("Not now").click();
  await see(panel().getByText("Hear of what needs you")).toHaveCount(0);
  await reload();
  await notOffered();
  await page.keyboard.press("Escape");
  await page.getByLabel("Signed in as").selectOption("u3");
  await openPanel();
  await offered();
});

test("who was asked and said nothing is not asked at the next load, but after signing out and in", async () => {
  await arrive("u3");
  await openPanel();
  await offered();
  await reload();
  await notOffered();
  await page.evaluate(() => ((document.querySelector("carillon-bell") as unknown as { token: null }).token = null));
  await reload();
  await openPanel();
  await offered();
});

test("a browser that says no is not asked again, and the person is told where that is changed", async () => {
  await arrive("u4", "denied");
  const before = await browsersOf("u4");
  await openPanel();
  await button("Turn on").click();
  await see(panel().getByText("Its site settings can allow them")).toBeVisible();
  expect(await browsersOf("u4")).toEqual(before);
  await reload();
  await notOffered();
});

test("nothing is offered while push is off, nor without a service worker of the page's own", async () => {
  const admin = await carillon.admin();
  await admin("POST", "/channels/push/disable", {});
  await arrive("u5");
  await notOffered();
  await admin("POST", "/channels/push/enable", { release: "all" });
  for (const worker of ["https://elsewhere.example/sw.js", null]) {
    await page.evaluate((worker) => {
      const old = document.querySelector("carillon-bell") as HTMLElement & { token: unknown };
      const bell = Object.assign(document.createElement("carillon-bell"), { token: old.token });
      if (worker) bell.setAttribute("push-worker", worker);
      old.replaceWith(bell);
    }, worker);
    await notOffered();
    await page.keyboard.press("Escape");
  }
});

for (const [name, look] of Object.entries(LOOKS)) {
  test(`${name}: axe finds nothing in the offer, and nothing is wider than the window`, async () => {
    await arrive("u5", "granted", look);
    await openPanel();
    await offered();
    expect(await axe(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });
}

test("the service worker shows what is pushed, tells the tab and the server, and a click leads to the open tab", async () => {
  const { url } = carillon.credentials;
  await carillon.api("POST", "/v1/events", {
    id: "pushed",
    type: "task_assigned",
    recipients: ["u1"],
    priority: "high",
    link: `${url}/demo`,
    data: { task: { title: "Call Grünwald" } },
  });
  const payload = await payloadOf("Call Grünwald");
  await arrive("u1");
  await openPanel();
  const worker = await withWorker();
  await page.evaluate(() => {
    const told: unknown[] = [];
    Object.assign(window, { told });
    navigator.serviceWorker.addEventListener("message", ({ data }) => told.push(data));
    navigator.serviceWorker.startMessages();
  });

  await deliver(JSON.stringify(payload));
  await until(async () => (await shown(worker)).length === 1, "it is shown");
  expect(await shown(worker)).toEqual([{ title: payload.title, body: payload.body, tag: payload.tag, stays: true }]);
  await until(async () => (await pushOf("pushed")) === "delivered", "the server knows");
  expect(await page.evaluate(() => (window as unknown as { told: unknown[] }).told)).toEqual([{ type: "carillon:shown", id: payload.id }]);

  await worker.evaluate(async () => {
    const scope = self as unknown as { registration: ServiceWorkerRegistration; clicked: unknown };
    const [notification] = await scope.registration.getNotifications();
    const make = (self as unknown as { NotificationEvent: new (type: string, init: object) => Event }).NotificationEvent;
    self.dispatchEvent(new make("notificationclick", { notification }));
  });
  await until(async () => (await pushOf("pushed")) === "read", "the server knows of the click");
  expect(await shown(worker)).toEqual([]);
  const { data } = (await (await carillon.me("u1"))("GET", "/inbox")).body;
  expect(data.find(({ event }: { event: string }) => event === "pushed").readAt).not.toBeNull();
});

test("what is not Carillon's is left to the CRM's own service worker", async () => {
  await arrive("u1");
  const worker = await withWorker();
  for (const foreign of ["no JSON", "null", "{}", '{"id":"1","title":"The CRM\'s own"}']) await deliver(foreign);
  await new Promise((later) => setTimeout(later, 500));
  // Chromium itself shows that the page was updated in the background.
  expect((await shown(worker)).filter(({ title }) => title.includes("own"))).toEqual([]);
});

async function payloadOf(words: string): Promise<PushPayload> {
  const found = async () => (await carillon.messages("", "push")).find(({ text }) => text.includes(words));
  await until(async () => (await found()) !== undefined, "the push arrives at the sandbox");
  return JSON.parse((JSON.parse((await found())!.raw) as { payload: string }).payload) as PushPayload;
}
async function pushOf(event: string): Promise<string> {
  const { deliveries } = (await carillon.api("GET", `/v1/events/${event}`)).body;
  return deliveries.find(({ channel }: { channel: string }) => channel === "push").state;
}

let registrationId: string;

/** The service worker, registered as the bell does it, with DevTools at hand. */
async function withWorker(): Promise<Worker> {
  await opened.context.grantPermissions(["notifications"], { origin: carillon.credentials.url });
  const coming = opened.context.serviceWorkers()[0] ?? opened.context.waitForEvent("serviceworker");
  await page.evaluate(async () => {
    const types = (
      window as unknown as { trustedTypes: { createPolicy(name: string, rules: object): { createScriptURL(url: string): string } } }
    ).trustedTypes;
    const policy = types.createPolicy("carillon-page", { createScriptURL: (url: string) => url });
    await navigator.serviceWorker.register(policy.createScriptURL("/embed/push-sw.js"));
  });
  devtools = await opened.context.newCDPSession(page);
  const registered = new Promise<string>((known) =>
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const own = registrations.find(({ scopeURL }) => scopeURL.endsWith("/embed/"));
      if (own) known(own.registrationId);
    }),
  );
  await devtools.send("ServiceWorker.enable");
  registrationId = await registered;
  return coming;
}
const deliver = (data: string) =>
  devtools.send("ServiceWorker.deliverPushMessage", { origin: carillon.credentials.url, registrationId, data });
const shown = (worker: Worker) =>
  worker.evaluate(async () => {
    const { registration } = self as unknown as { registration: ServiceWorkerRegistration };
    const all = await registration.getNotifications();
    return all.map(({ title, body, tag, requireInteraction }) => ({ title, body, tag, stays: requireInteraction }));
  });
