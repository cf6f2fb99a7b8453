import { expect as see, type Browser, type Page } from "@playwright/test";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { buildPages } from "../../worker/local/build-pages.ts";
import { startBellServer, type BellServer } from "./bell-server.ts";
import { axe, launch, LOOKS, openPage, overflow, type Opened } from "./browser.ts";

let browser: Browser;
let opened: Opened;
let page: Page;
let server: BellServer;
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

beforeAll(async () => {
  browser = await launch();
  buildPages();
}, 60_000);
afterAll(() => browser.close());
beforeEach(async () => {
  server = await startBellServer();
  for (let n = 45; n > 0; n--) server.add({ title: `Old note ${n}`, createdAt: ago(n * 60 + 600), readAt: ago(9), seenAt: ago(9) });
  server.add({ title: "Won: Stark Industries", readAt: ago(5), seenAt: ago(5), createdAt: ago(30) });
  server.add({ title: "Call Acme", body: "Due tomorrow", link: "/demo#task-77", createdAt: ago(12) });
  server.add({ title: "Approve 15 %", priority: "high", link: "javascript:alert(1)", createdAt: ago(2) });
  await arrive();
});
afterEach(async () => {
  await opened.context.close();
  await server.close();
  expect(opened.problems.filter((problem) => !isOwnDoing(problem))).toEqual([]);
});

/** Opens the demo page with the bell as it looks to somebody. */
async function arrive(look: Parameters<typeof openPage>[2] = {}): Promise<void> {
  opened = await openPage(browser, [server.url, server.url.replace("http", "ws")], look);
  page = opened.page;
  await page.goto(`${server.url}/demo`);
  await see(bell(page)).toHaveAccessibleName("Notifications, 2 unread");
}
/** The browser says what these tests do to it: a server that is down, a script that is held back. */
const isOwnDoing = (problem: string) => /status of 503|ERR_FAILED|WebSocket connection/.test(problem);

const bell = (page: Page) => page.locator("carillon-bell #bell");
const panel = (page: Page) => page.getByRole("dialog", { name: "Notifications" });
const titles = (page: Page) => panel(page).locator("li b");
const focused = (page: Page) =>
  page.evaluate(() => document.querySelector("carillon-bell")?.shadowRoot?.activeElement?.textContent?.trim());

async function open(page: Page): Promise<void> {
  await bell(page).click();
  await see(panel(page).getByText("Won: Stark")).toBeVisible();
}

test("lists unread first, loads older on demand, and a click reads", async () => {
  await open(page);
  expect((await titles(page).allTextContents()).slice(0, 3)).toEqual(["Approve 15 %", "Call Acme", "Won: Stark Industries"]);
  await see(titles(page)).toHaveCount(30);
  await page.getByRole("button", { name: "Load older" }).click();
  await see(titles(page)).toHaveCount(48);
  await page.getByRole("button", { name: /^Approve 15 %/ }).click(); // its link is not safe, so that it is no link
  await see(bell(page)).toHaveAccessibleName("Notifications, 1 unread");
  await panel(page)
    .getByRole("link", { name: /Call Acme/ })
    .click();
  await see(bell(page)).toHaveAccessibleName("Notifications");
  await see(panel(page)).toBeHidden();
});

test("works by keyboard alone", async () => {
  await bell(page).focus();
  await page.keyboard.press("Enter");
  await see(panel(page).getByText("Won: Stark")).toBeVisible();
  await page.keyboard.press("ArrowDown");
  expect(await focused(page)).toContain("Approve 15 %");
  await page.keyboard.press("ArrowDown");
  expect(await focused(page)).toContain("Call Acme");
  await page.keyboard.press("Delete");
  await see(titles(page).first()).toHaveText("Approve 15 %");
  await see(panel(page).getByText("Call Acme")).toHaveCount(0);
  expect(await focused(page)).toContain("Won: Stark");
  await page.keyboard.press("Escape");
  await see(panel(page)).toBeHidden();
  await see(bell(page)).toBeFocused();
});

test("searches the whole history and filters", async () => {
  await open(page);
  await page.getByRole("searchbox").fill("note 44");
  await see(titles(page)).toHaveText(["Old note 44"]);
  await page.getByRole("searchbox").fill("no such thing");
  await see(panel(page)).toContainText("Nothing found for “no such thing”");
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Archive: Call Acme" }).click();
  await see(panel(page).getByText("Call Acme")).toHaveCount(0);
  await page.getByRole("button", { name: "Archived" }).click();
  await see(titles(page)).toHaveText(["Call Acme"]);
});

test("shows and announces what arrives, silently where it is silent", async () => {
  server.add({ title: "Hushed", silent: true });
  server.add({ title: "Lead for you", link: "/demo#lead" });
  await see(page.locator("carillon-bell .toast")).toHaveText(/Lead for you/);
  await see(page.locator("carillon-bell .hidden[role=status]")).toHaveText("New notification: Lead for you");
  await see(bell(page)).toHaveAccessibleName("Notifications, 4 unread");
});

test("takes a refused mark back and says so", async () => {
  await open(page);
  server.isDown = true;
  await page.getByRole("button", { name: "Dismiss: Call Acme" }).click();
  await see(panel(page).getByRole("alert")).toHaveText(/That did not work: The service is resting/);
  await see(panel(page).getByText("Call Acme")).toBeVisible();
});

test("says when it is cut off and misses nothing", async () => {
  await open(page);
  server.isDown = true;
  server.cut();
  await see(panel(page).getByText("Reconnecting…")).toBeVisible();
  server.add({ title: "Meanwhile" });
  server.isDown = false;
  await see(titles(page).first()).toHaveText("Meanwhile");
  await see(panel(page).getByText("Reconnecting…")).toBeHidden();
});

test("two tabs stay in step", async () => {
  const other = await opened.context.newPage();
  await other.goto(`${server.url}/demo`);
  await open(page);
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await see(bell(other)).toHaveAccessibleName("Notifications");
});

test("takes a token that was set before it was defined", async () => {
  await page.route("**/embed/bell.js", (route) => route.abort());
  await page.goto(`${server.url}/demo`);
  await see(page.getByLabel("Signed in as")).toBeEnabled();
  await page.evaluate("import(`/embed/bell.js?late`).then(() => {})");
  await see(bell(page)).toHaveAccessibleName("Notifications, 2 unread");
});

test("closes its socket when it leaves the page", async () => {
  expect(server.openSockets()).toBe(1);
  await page.evaluate(() => document.querySelector("carillon-bell")?.remove());
  await see.poll(() => server.openSockets()).toBe(0);
});

for (const [name, look] of Object.entries(LOOKS)) {
  test(`${name}: axe finds nothing, and nothing is wider than the window`, async () => {
    await opened.context.close();
    await arrive(look);
    await open(page);
    server.add({ title: "One more", priority: "high" });
    await see(panel(page).getByText("One more")).toBeVisible();
    expect(await axe(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  });
}
