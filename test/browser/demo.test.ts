import { expect as see, type Browser, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Instance } from "../harness/instance.ts";
import { gotoLive, launch, openPage, type Opened } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let home: string[];
let opened: Opened;
let page: Page;
/** Each test takes another of the five people. */
let user: string;
let users = 0;

beforeAll(async () => {
  browser = await launch();
  await carillon.start();
  const { url } = carillon.credentials;
  home = [url, url.replace("http", "ws")];
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});
beforeEach(async () => {
  await opened?.context.close();
  user = `u${(users++ % 5) + 1}`;
  opened = await openPage(browser, home);
  page = opened.page;
  await signIn(page);
});

/** The demo page as this test's person, once the bell listens. */
async function signIn(at: Page): Promise<void> {
  await at.addInitScript((id) => sessionStorage.setItem("signed-in", id), user);
  await gotoLive(at, `${carillon.credentials.url}/demo`);
}
const bell = (at = page): Locator => at.locator("carillon-bell #bell");
const panel = (at = page): Locator => at.getByRole("dialog", { name: "Notifications" });
const titles = (at = page): Locator => panel(at).locator("li b");
const send = (): Locator => page.getByRole("button", { name: "Send event" });
const tell = (title: string, more: object = {}) =>
  carillon.api("POST", "/v1/events", { type: "task_assigned", recipients: [user], data: { task: { title } }, ...more });

test("a button posts a real event, says what was answered, and the bell rings", async () => {
  await page.getByText("Deal won").click();
  await page.getByLabel("Deal", { exact: true }).fill("Globex, 12 seats");
  await page.getByLabel("Urgent").check();
  await send().click();
  await see(page.getByRole("status").filter({ hasText: "202 accepted" })).toBeVisible();
  await see(bell()).toHaveAccessibleName("Notifications, 1 unread");
  await see(page.locator("carillon-bell .toast")).toContainText("Globex, 12 seats");
  const { id } = JSON.parse((await page.getByLabel("Answer", { exact: true }).textContent()) ?? "{}") as { id: string };
  expect((await carillon.api("GET", `/v1/events/${id}`)).body).toMatchObject({ type: "deal_closed_won", priority: "high" });
  await page.getByRole("button", { name: "Copy" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain("Globex, 12 seats");
  expect(opened.problems).toEqual([]);
});

test("every kind of event that the page offers is accepted", async () => {
  const kinds = page.getByRole("radio");
  for (let index = 0; index < (await kinds.count()); index++) {
    await kinds.nth(index).check({ force: true });
    await send().click();
    await see(bell().locator("#badge")).toHaveText(String(index + 1));
  }
  await see(page.getByRole("status").filter({ hasText: "202 accepted" })).toBeVisible();
});

test("items are read, all read, dismissed and archived, and the whole history is searched", async () => {
  for (let n = 35; n > 0; n--) await tell(`Errand ${n}`);
  await see(bell()).toHaveAccessibleName("Notifications, 35 unread");
  await bell().click();
  await see(titles()).toHaveCount(35);
  await page.getByRole("button", { name: /^Dismiss: .*Errand 1$/ }).click();
  await page.getByRole("button", { name: /^Archive: .*Errand 2$/ }).click();
  await page.getByRole("button", { name: /^Mark as read: .*Errand 3$/ }).click();
  await see(bell()).toHaveAccessibleName("Notifications, 32 unread");
  await page.getByRole("button", { name: "Mark all as read" }).click();
  await see(bell()).toHaveAccessibleName("Notifications");

  await page.keyboard.press("Escape");
  await bell().click();
  await see(titles()).toHaveCount(30);
  await page.getByRole("button", { name: "Load older" }).click();
  await see(titles()).toHaveCount(33);

  await page.getByRole("searchbox").fill("errand 1");
  await see(titles().first()).toContainText("Errand 1");
  await see(panel().getByText("Dismissed", { exact: true }).last()).toBeVisible();
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Archived", exact: true }).click();
  await see(titles()).toContainText(["Errand 2"]);
  await page.getByRole("button", { name: "Dismissed", exact: true }).click();
  await see(titles()).toContainText(["Errand 1"]);
  await page.getByRole("button", { name: /^Why did I get this\?: / }).click();
  await see(
    page
      .getByRole("dialog", { name: "Why did I get this?" })
      .getByText(/is set to reach you here/)
      .first(),
  ).toBeVisible();
  expect(opened.problems).toEqual([]);
}, 40_000);

test("two tabs show the same, at once", async () => {
  const other = await opened.context.newPage();
  await signIn(other);
  await tell("For both");
  for (const tab of [page, other]) await see(bell(tab)).toHaveAccessibleName("Notifications, 1 unread");
  await bell(other).click();
  await titles(other).first().click();
  for (const tab of [page, other]) await see(bell(tab)).toHaveAccessibleName("Notifications");
});

test("what came while the server was away and back is there, without a gap or a double", async () => {
  await tell("Before");
  await see(bell()).toHaveAccessibleName("Notifications, 1 unread");
  await bell().click();
  await carillon.stop();
  await see(panel().getByText("Reconnecting…")).toBeVisible();
  await carillon.start();
  await tell("After 1");
  await tell("After 2");
  await see(titles().filter({ hasText: "After 2" })).toBeVisible({ timeout: 25_000 });
  await see(panel().getByText("Reconnecting…")).toBeHidden();
  expect((await titles().allTextContents()).map((title) => title.replace(/^.*: /, ""))).toEqual(["After 2", "After 1", "Before"]);
  await see(bell()).toHaveAccessibleName("Notifications, 3 unread");
}, 60_000);

test("the keyboard alone posts an event, reads it and dismisses it", async () => {
  const reach = async (goal: Locator) => {
    const isThere = () => goal.evaluate((element) => (element.getRootNode() as Document | ShadowRoot).activeElement === element);
    for (let tries = 0; tries < 30 && !(await isThere()); tries++) await page.keyboard.press("Shift+Tab");
    await see(goal).toBeFocused();
  };
  await reach(page.getByLabel("Task", { exact: true }));
  await page.keyboard.press("Control+A");
  await page.keyboard.type("By keyboard");
  await page.keyboard.press("Enter");
  await see(page.locator("carillon-bell .toast")).toContainText("By keyboard");
  await see(page.locator("carillon-bell .hidden[role=status]")).toHaveText("New notification: New task: By keyboard");

  await reach(bell());
  await page.keyboard.press("Enter");
  await see(titles().first()).toContainText("By keyboard");
  const count = await titles().count();
  await page.keyboard.press("ArrowDown");
  await see(panel().getByRole("link", { name: /By keyboard/ })).toBeFocused();
  const unread = await bell().getAttribute("aria-label");
  await page.keyboard.press("Enter");
  await see(panel()).toBeHidden();
  await see(bell()).toBeFocused();
  await see(bell()).not.toHaveAccessibleName(unread ?? "");
  await page.keyboard.press("Enter");
  await see(titles()).toHaveCount(count);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  const first = await titles().first().textContent();
  await page.keyboard.press("Delete");
  await see(titles()).toHaveCount(count - 1);
  expect(first).toBeTruthy();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await see(panel()).toBeHidden();
  await see(bell()).toBeFocused();
});

test("a screen reader finds every part of the open panel by name", async () => {
  await tell("Named", { priority: "high", link: `${carillon.credentials.url}/demo#task-1` });
  await see(page.locator("carillon-bell .toast")).toContainText("Named");
  await bell().click();
  await see(panel().getByRole("link", { name: /Named/ })).toBeVisible();
  const tree = (await panel().ariaSnapshot()).replaceAll(" [active]", "").replaceAll("'", "");
  for (const line of [
    'dialog "Notifications":',
    'heading "Notifications" [level=2]',
    'button "Mark all as read"',
    'button "Close"',
    'searchbox "Search all notifications"',
    'group "Show":',
    'button "Unread"',
    'button "All" [pressed]',
    'heading "New" [level=3]',
    'list "New":',
    'button "Mark as read: New task: Named"',
    'button "Archive: New task: Named"',
    'button "Dismiss: New task: Named"',
    'button "Why did I get this?: New task: Named"',
  ]) {
    expect(tree).toContain(`- ${line}`);
  }
  expect(tree).toMatch(/link "New task: Named .*Urgent Unread"/);
});
