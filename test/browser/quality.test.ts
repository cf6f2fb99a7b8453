import { expect as see, type Browser, type Page } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { axe, gotoLive, launch, LOOKS, openPage, overflow, signInLink, type Opened } from "./browser.ts";

/** A window of 1280 px at 200 % zoom is one of 640 px. */
const ZOOMED = { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 };

const carillon = new Instance("deno");
let browser: Browser;
let home: string[];

beforeAll(async () => {
  browser = await launch();
  await carillon.start();
  const { url, sandboxUrl } = carillon.credentials;
  home = [url, url.replace("http", "ws"), sandboxUrl];
  for (const [type, data] of [
    ["task_assigned", { task: { title: "Call Acme about the renewal" }, actorName: "Kim" }],
    ["deal_closed_won", { deal: { name: "Stark Industries, yearly plan", amount: 18_400, currency: "EUR" }, actorName: "Kim" }],
    ["mention", { text: `@Ada ${"a-word-without-any-end".repeat(6)}`, actorName: "Kim" }],
  ] as const) {
    await carillon.api("POST", "/v1/events", { type, data, recipients: ["u1", "u2"], priority: type === "mention" ? "high" : "normal" });
  }
  await until(async () => (await carillon.messages()).length === 6, "all mails");
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

/** Looks at the page as it stands: nothing for axe to find, and no scrolling to the side. */
async function isGood(page: Page, name: string): Promise<void> {
  expect(await axe(page), name).toEqual([]);
  expect(await overflow(page), `${name} is wider than its window`).toBeLessThanOrEqual(0);
}
async function end({ context, problems }: Opened): Promise<void> {
  await context.close();
  expect(problems).toEqual([]);
}
/** The tabs that the page offers, whichever those are. */
async function tabsOf(page: Page): Promise<string[]> {
  const links = page.getByRole("navigation", { name: "Settings" }).getByRole("link");
  await see(links.filter({ hasText: "Email" })).toBeVisible();
  return (await links.allTextContents()).map((text) => text.trim());
}
const openTab = async (page: Page, tab: string) => {
  await page.getByRole("navigation").getByRole("link", { name: tab, exact: true }).click();
  await see(page.getByRole("heading", { level: 2, name: tab })).toBeVisible();
  await see(page.getByText("Loading", { exact: true })).toHaveCount(0);
};

describe.each(Object.entries(LOOKS))("%s", (_, look) => {
  test("every tab: axe finds nothing, nothing is too wide, nothing is complained of, no other origin is asked", async () => {
    const opened = await openPage(browser, home, look);
    const { page } = opened;
    await page.goto(await signInLink(carillon, "Robin"));
    for (const tab of await tabsOf(page)) {
      await openTab(page, tab);
      await isGood(page, tab);
    }
    await end(opened);
  }, 40_000);

  test("every dialog, and a form with changes, a result and an error in it", async () => {
    const opened = await openPage(browser, home, look);
    const { page } = opened;
    await page.goto(await signInLink(carillon, "Robin"));
    const close = async () => {
      await page.keyboard.press("Escape");
      await see(page.getByRole("dialog").first()).toBeHidden();
    };
    await openTab(page, "Email");
    await page.getByRole("button", { name: "Test Connection" }).click();
    await see(page.getByText(/^Tested just now/)).toBeVisible();
    await page.getByLabel("From Address").fill("nonsense");
    await page.getByRole("button", { name: "Amazon SES" }).click();
    await see(page.locator("#fromAddress-error")).toBeVisible();
    await isGood(page, "the form");
    await page.getByRole("link", { name: "API Keys" }).click();
    await see(page.getByText("Leave without saving?")).toBeVisible();
    await isGood(page, "the leave guard");
    await page.getByRole("button", { name: "Stay" }).click();
    await page.getByRole("button", { name: "Discard" }).click();
    await page.getByRole("switch", { name: "Email channel" }).click();
    await see(page.getByText("Switch Email off?")).toBeVisible();
    await isGood(page, "switching off");
    await close();
    await page.getByRole("button", { name: /your account/ }).click();
    await isGood(page, "the account");
    await page.keyboard.press("Escape");

    await openTab(page, "Delivery Log");
    await page.locator("tbody tr button").first().click();
    await see(page.getByRole("heading", { name: "Timeline" })).toBeVisible();
    await isGood(page, "a delivery");
    await close();
    await openTab(page, "API Keys");
    await page.getByRole("button", { name: "Create key" }).click();
    await see(page.getByLabel("Name")).toBeVisible();
    await isGood(page, "a new key");
    await page.getByLabel("Name").fill("Quality");
    await page.getByRole("dialog").getByRole("button", { name: "Create key" }).click();
    await see(page.getByText("You see it this one time")).toBeVisible();
    await isGood(page, "a made key");
    await page.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("button", { name: "Revoke Quality" }).first().click();
    await isGood(page, "revoking");
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await see(page.getByText("“Quality” is revoked.")).toBeVisible();
    await isGood(page, "a notice");
    await end(opened);
  }, 60_000);

  test("the demo with its bell open, the API page, and the sandbox", async () => {
    const opened = await openPage(browser, home, look);
    const { page } = opened;
    await gotoLive(page, `${carillon.credentials.url}/demo`);
    await page.locator("carillon-bell #bell").click();
    await see(page.getByRole("dialog", { name: "Notifications" }).getByText("Kim mentioned you")).toBeVisible();
    await isGood(page, "the demo");
    await page.goto(`${carillon.credentials.url}/docs`);
    await isGood(page, "the API page");
    await page.goto(carillon.credentials.sandboxUrl);
    await page.locator("#list button").first().click();
    await see(page.locator("article h2")).toBeVisible();
    await page.getByText("Addresses that fail on purpose").click();
    await isGood(page, "the sandbox");
    await end(opened);
  }, 40_000);
});

test("at 200 % zoom no tab scrolls to the side", async () => {
  const opened = await openPage(browser, home, ZOOMED);
  await opened.page.goto(await signInLink(carillon, "Robin"));
  for (const tab of await tabsOf(opened.page)) {
    await openTab(opened.page, tab);
    expect(await overflow(opened.page), tab).toBeLessThanOrEqual(0);
  }
  await end(opened);
});

test("who wants less motion sees none", async () => {
  const opened = await openPage(browser, home, { reducedMotion: "reduce" });
  const { page } = opened;
  const moving = () =>
    page.evaluate(() => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().endTime ?? 0) > 1).length);
  await page.goto(await signInLink(carillon, "Robin"));
  await openTab(page, "In-App");
  await page.getByRole("button", { name: "Send test" }).click();
  await see(page.locator("carillon-bell .toast")).toBeVisible();
  expect(await moving()).toBe(0);
  expect(
    await page
      .locator(".transition-transform")
      .first()
      .evaluate((knob) => parseFloat(getComputedStyle(knob).transitionDuration)),
  ).toBeLessThan(0.001);
  await end(opened);
});

test("a toast of the bell leaves the save bar free", async () => {
  for (const look of Object.values(LOOKS)) {
    const opened = await openPage(browser, home, look);
    const { page } = opened;
    await page.goto(await signInLink(carillon, "Robin"));
    await openTab(page, "In-App");
    await page.getByLabel("Arrive silently").click();
    await page.getByRole("button", { name: "Send test" }).click();
    const toast = (await page.locator("carillon-bell .toast").boundingBox())!;
    const save = (await page.getByRole("button", { name: "Save", exact: true }).boundingBox())!;
    expect(toast.y + toast.height).toBeLessThan(save.y);
    await page.getByRole("button", { name: "Discard" }).click();
    await end(opened);
  }
});

test("an admin who comes to a channel that is not set up is told what to do next", async () => {
  const opened = await openPage(browser, home);
  const { page } = opened;
  const nothing = {
    enabled: false,
    configured: false,
    health: { state: "unconfigured" },
    settings: {},
    secrets: {},
    switched: null,
    tested: null,
  };
  await page.route("**/admin/api/channels/email", async (route) => {
    const view = (await (await route.fetch()).json()) as object;
    await route.fulfill({ json: { ...view, ...nothing } });
  });
  for (const list of ["**/admin/api/deliveries?*", "**/admin/api/keys"]) {
    await page.route(list, (route) => route.fulfill({ json: { data: [], next: null } }));
  }
  await page.goto(await signInLink(carillon, "Robin"));
  await openTab(page, "Email");
  await see(page.getByText(/^Next: Not set up yet\. Fill in the fields below, click Test Connection, click Save/)).toBeVisible();
  await see(page.getByText("Nothing is saved yet")).toBeVisible();
  await page.getByRole("switch", { name: "Email channel" }).click();
  await see(page.getByText("Set this channel up and save it, then switch it on.")).toBeVisible();
  await page.getByRole("button", { name: "Test Connection" }).click();
  await see(page.locator("#host")).toBeFocused();
  await isGood(page, "nothing set up");
  await openTab(page, "Delivery Log");
  await see(page.getByText("No event has arrived yet")).toBeVisible();
  await page.getByRole("button", { name: "Open API Keys" }).click();
  await see(page.getByText("No API key yet")).toBeVisible();
  await end(opened);
});
