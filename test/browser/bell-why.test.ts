import { expect as see, type Browser, type BrowserContextOptions, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { axe, launch, LOOKS, openPage, overflow, type Opened } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let opened: Opened;
let page: Page;

/** Of u1, whose CRM says Berlin: quiet all day, muted on push, and by email held until the next day that is not quiet. */
beforeAll(async () => {
  await carillon.start();
  browser = await launch();
  const admin = await carillon.admin();
  const me = await carillon.me("u1");
  const { body: preferences } = await me("GET", "/preferences");
  expect((await me("PUT", "/preferences", { ...preferences, cells: { task_assigned: { push: false } } })).status).toBe(200);
  expect((await post("Loud")).status).toBe(202);
  await until(async () => (await carillon.messages()).length === 1, "the mail that came at once");
  const { body: hours } = await admin("GET", "/quiet-hours");
  const quiet = { ...hours, enabled: true, timeZone: "Europe/Berlin", start: "20:00", end: "08:00", quietDays: [today()] };
  expect((await admin("PUT", "/quiet-hours", quiet)).status).toBe(200);
  expect((await post("Call Acme")).status).toBe(202);
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

const post = (title: string) =>
  carillon.api("POST", "/v1/events", { type: "task_assigned", recipients: ["u1"], data: { task: { title } } });
const today = () => new Intl.DateTimeFormat("en", { weekday: "short", timeZone: "Europe/Berlin" }).format(Date.now()).toLowerCase();

/** The demo page as u1, with the bell open. */
async function arrive(look: BrowserContextOptions = {}): Promise<void> {
  await opened?.context.close();
  const { url } = carillon.credentials;
  // A browser far away: what is told is the person's clock.
  opened = await openPage(browser, [url, url.replace("http", "ws")], { timezoneId: "Pacific/Kiritimati", ...look });
  page = opened.page;
  await page.addInitScript(() => sessionStorage.setItem("signed-in", "u1"));
  await page.goto(`${url}/demo`);
  await page.locator("carillon-bell #bell").click();
  await see(item("Call Acme")).toBeVisible();
}
const list = (): Locator => page.getByRole("dialog", { name: "Notifications" });
const why = (): Locator => page.getByRole("dialog", { name: "Why did I get this?" });
const item = (title: string): Locator => list().getByRole("listitem").filter({ hasText: title });
const ask = (title: string): Locator => list().getByRole("button", { name: new RegExp(`^Why did I get this\\?: .*${title}`) });
const channel = (name: string): Locator =>
  why()
    .locator("dl > div")
    .filter({ has: page.getByText(name, { exact: true }) });
const isClean = (): void => expect(opened.problems.filter((problem) => !/status of 503/.test(problem))).toEqual([]);

test("tells for every channel what was done, until when on the person's own clock, and why not", async () => {
  await arrive();
  await ask("Call Acme").click();
  await see(why().getByText("New task: Call Acme")).toBeVisible();
  await see(channel("In-app")).toHaveText(/In-app\s*Delivered\s*It came without a sound, because it was in your quiet hours\./);
  await see(channel("Email")).toHaveText(/Email\s*Held\s*Your quiet hours last until \w{3} 08:00 Europe\/Berlin\./);
  await see(channel("SMS")).toHaveText(/SMS\s*Not sent\s*Your organisation has switched “task assigned” off here\./);
  await see(channel("WhatsApp")).toHaveText(/Not sent\s*Your organisation has switched/);
  await see(channel("Push")).toHaveText(/Not sent\s*You muted “task assigned” here\./);
  await why().getByRole("button", { name: "Back to notifications" }).click();
  await ask("Loud").click();
  await see(channel("In-app")).toHaveText(/Delivered\s*“task assigned” is set to reach you here\./);
  await see(channel("Email")).toHaveText(/(Sent|Delivered)\s*“task assigned” is set to reach you here\./);
  isClean();
});

test("works by keyboard alone: Escape goes back to the very button, once more closes the panel, and what was searched for stays", async () => {
  await arrive();
  await list().getByRole("searchbox").fill("acme");
  await see(item("Loud")).toHaveCount(0);
  await see(item("Call Acme")).toBeVisible(); // the answer is there, and no longer the wait for it
  await page.keyboard.press("ArrowDown");
  for (let step = 0; step < 4; step++) await page.keyboard.press("Tab");
  await see(ask("Call Acme")).toBeFocused();
  await page.keyboard.press("Enter");
  await see(why().getByRole("button", { name: "Back to notifications" })).toBeFocused();
  await see(channel("Email")).toBeVisible();
  await page.keyboard.press("Escape");
  await see(ask("Call Acme")).toBeFocused();
  await see(list().getByRole("searchbox")).toHaveValue("acme");
  await see(item("Loud")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await see(list()).toBeHidden();
  isClean();
});

test("leads to the preferences, where what was muted is switched on", async () => {
  await arrive();
  await ask("Call Acme").click();
  await why().getByRole("button", { name: "Change what reaches you" }).click();
  await see(page.getByRole("dialog", { name: "Preferences" }).getByText("task assigned")).toBeVisible();
  await page.keyboard.press("Escape");
  await see(list().getByRole("button", { name: "Preferences" })).toBeFocused();
  isClean();
});

test("without an answer it says so and asks again; a late answer opens nothing", async () => {
  await arrive();
  await page.route("**/v1/me/events/*", (route) => route.fulfill({ status: 503, json: { detail: "The service is resting" } }));
  await ask("Call Acme").click();
  await see(why().getByRole("alert")).toContainText("The service is resting");
  expect(await axe(page)).toEqual([]);
  await page.unroute("**/v1/me/events/*");
  await why().getByRole("button", { name: "Try again" }).click();
  await see(channel("Email")).toBeVisible();
  await page.keyboard.press("Escape");

  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/v1/me/events/*", async (route) => {
    await held;
    await route.continue();
  });
  await ask("Call Acme").click();
  await see(why().getByRole("status", { name: "Loading…" })).toBeVisible();
  await page.keyboard.press("Escape");
  const late = page.waitForResponse("**/v1/me/events/*");
  answer();
  await late;
  await see(item("Call Acme")).toBeVisible();
  await see(why()).toHaveCount(0);
  isClean();
});

test("is translated through the bell's strings", async () => {
  await arrive();
  await page.evaluate(() => {
    document.documentElement.lang = "de";
    const strings = { why: "Warum?", "channel-email": "E-Mail", "did-held": "Zurückgehalten", "why-quiet-hours": "Ruhe bis {time}." };
    Object.assign(document.querySelector("carillon-bell")!, { strings });
  });
  await list()
    .getByRole("button", { name: /^Warum\?: .*Call Acme/ })
    .click();
  await see(page.getByRole("dialog", { name: "Warum?" }).locator("dl")).toContainText(
    /E-Mail\s*Zurückgehalten\s*Ruhe bis \w{2}\., 08:00 Europe\/Berlin\./,
  );
  isClean();
});

for (const [name, look] of Object.entries(LOOKS)) {
  test(`${name}: axe finds nothing, and nothing is wider than the window`, async () => {
    await arrive(look);
    await ask("Call Acme").click();
    await see(channel("Push")).toBeVisible();
    expect(await axe(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/why-${name}.png` });
    isClean();
  });
}
