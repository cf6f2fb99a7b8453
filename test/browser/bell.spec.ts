import { AxeBuilder } from "@axe-core/playwright";
import { expect, test, type Page } from "@playwright/test";
import { startBellServer, type BellServer } from "./bell-server.ts";

test.use({
  launchOptions: {
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
});

let server: BellServer;
const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

test.beforeEach(async ({ page }) => {
  server = await startBellServer();
  for (let n = 45; n > 0; n--) server.add({ title: `Old note ${n}`, createdAt: ago(n * 60 + 600), readAt: ago(9), seenAt: ago(9) });
  server.add({ title: "Won: Stark Industries", readAt: ago(5), seenAt: ago(5), createdAt: ago(30) });
  server.add({ title: "Call Acme", body: "Due tomorrow", link: "/demo#task-77", createdAt: ago(12) });
  server.add({ title: "Approve 15 %", priority: "high", link: "javascript:alert(1)", createdAt: ago(2) });
  page.on("pageerror", (error) => expect(error, "an error on the page").toBeNull());
  await page.goto(`${server.url}/demo`);
  await expect(bell(page)).toHaveAccessibleName("Notifications, 2 unread");
});
test.afterEach(() => server.close());

const bell = (page: Page) => page.locator("carillon-bell #bell");
const panel = (page: Page) => page.getByRole("dialog", { name: "Notifications" });
const titles = (page: Page) => panel(page).locator("li b");
const focused = (page: Page) =>
  page.evaluate(() => document.querySelector("carillon-bell")?.shadowRoot?.activeElement?.textContent?.trim());

async function open(page: Page): Promise<void> {
  await bell(page).click();
  await expect(panel(page).getByText("Won: Stark")).toBeVisible();
}

test("lists unread first, loads older on demand, and a click reads", async ({ page }) => {
  await open(page);
  expect((await titles(page).allTextContents()).slice(0, 3)).toEqual(["Approve 15 %", "Call Acme", "Won: Stark Industries"]);
  await expect(titles(page)).toHaveCount(30);
  await page.getByRole("button", { name: "Load older" }).click();
  await expect(titles(page)).toHaveCount(48);
  await page.getByRole("button", { name: /^Approve 15 %/ }).click(); // its link is not safe, so that it is no link
  await expect(bell(page)).toHaveAccessibleName("Notifications, 1 unread");
  await panel(page)
    .getByRole("link", { name: /Call Acme/ })
    .click();
  await expect(bell(page)).toHaveAccessibleName("Notifications");
  await expect(panel(page)).toBeHidden();
});

test("works by keyboard alone", async ({ page }) => {
  await bell(page).focus();
  await page.keyboard.press("Enter");
  await expect(panel(page).getByText("Won: Stark")).toBeVisible();
  await page.keyboard.press("ArrowDown");
  expect(await focused(page)).toContain("Approve 15 %");
  await page.keyboard.press("ArrowDown");
  expect(await focused(page)).toContain("Call Acme");
  await page.keyboard.press("Delete");
  await expect(titles(page).first()).toHaveText("Approve 15 %");
  await expect(panel(page).getByText("Call Acme")).toHaveCount(0);
  expect(await focused(page)).toContain("Won: Stark");
  await page.keyboard.press("Escape");
  await expect(panel(page)).toBeHidden();
  await expect(bell(page)).toBeFocused();
});

test("searches the whole history and filters", async ({ page }) => {
  await open(page);
  await page.getByRole("searchbox").fill("note 44");
  await expect(titles(page)).toHaveText(["Old note 44"]);
  await page.getByRole("searchbox").fill("no such thing");
  await expect(panel(page)).toContainText("Nothing found for “no such thing”");
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Archive: Call Acme" }).click();
  await expect(panel(page).getByText("Call Acme")).toHaveCount(0);
  await page.getByRole("button", { name: "Archived" }).click();
  await expect(titles(page)).toHaveText(["Call Acme"]);
});

test("shows and announces what arrives, silently where it is silent", async ({ page }) => {
  server.add({ title: "Hushed", silent: true });
  server.add({ title: "Lead for you", link: "/demo#lead" });
  await expect(page.locator("carillon-bell .toast")).toHaveText(/Lead for you/);
  await expect(page.locator("carillon-bell .hidden[role=status]")).toHaveText("New notification: Lead for you");
  await expect(bell(page)).toHaveAccessibleName("Notifications, 4 unread");
});

test("takes a refused mark back and says so", async ({ page }) => {
  await open(page);
  server.isDown = true;
  await page.getByRole("button", { name: "Dismiss: Call Acme" }).click();
  await expect(panel(page).getByRole("alert")).toHaveText(/That did not work: The service is resting/);
  await expect(panel(page).getByText("Call Acme")).toBeVisible();
});

test("says when it is cut off and misses nothing", async ({ page }) => {
  await open(page);
  server.isDown = true;
  server.cut();
  await expect(panel(page).getByText("Reconnecting…")).toBeVisible();
  server.add({ title: "Meanwhile" });
  server.isDown = false;
  await expect(titles(page).first()).toHaveText("Meanwhile");
  await expect(panel(page).getByText("Reconnecting…")).toBeHidden();
});

test("two tabs stay in step", async ({ page, context }) => {
  const other = await context.newPage();
  await other.goto(`${server.url}/demo`);
  await open(page);
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await expect(bell(other)).toHaveAccessibleName("Notifications");
});

test("takes a token that was set before it was defined", async ({ page }) => {
  await page.route("**/embed/bell.js", (route) => route.abort());
  await page.goto(`${server.url}/demo`);
  await expect(page.getByLabel("Signed in as")).toBeEnabled();
  await page.evaluate(() => import("/embed/bell.js?late" as string));
  await expect(bell(page)).toHaveAccessibleName("Notifications, 2 unread");
});

test("closes its socket when it leaves the page", async ({ page }) => {
  expect(server.openSockets()).toBe(1);
  await page.evaluate(() => document.querySelector("carillon-bell")?.remove());
  await expect.poll(() => server.openSockets()).toBe(0);
});

for (const [name, use] of Object.entries({
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "360 px wide": { viewport: { width: 360, height: 720 } },
} as const)) {
  test.describe(name, () => {
    test.use(use);
    test("axe finds nothing, and nothing is wider than the window", async ({ page }) => {
      await open(page);
      await page.getByRole("button", { name: "Why did I get this?: Call Acme" }).click();
      server.add({ title: "One more", priority: "high" });
      await expect(panel(page).getByText("One more")).toBeVisible();
      expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    });
  });
}
