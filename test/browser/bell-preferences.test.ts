import { expect as see, type Browser, type BrowserContextOptions, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { axe, launch, LOOKS, openPage, overflow, type Opened } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let admin: Awaited<ReturnType<Instance["admin"]>>;
let opened: Opened;
let page: Page;
/** Each test takes another of the five people. */
let user: string;
let users = 0;

beforeAll(async () => {
  await carillon.start();
  admin = await carillon.admin();
  browser = await launch();
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});
beforeEach(() => {
  user = `u${(users++ % 5) + 1}`;
});

/** The demo page with the preferences open, as this test's person. */
async function arrive(look: BrowserContextOptions = {}): Promise<void> {
  await opened?.context.close();
  const { url } = carillon.credentials;
  opened = await openPage(browser, [url, url.replace("http", "ws")], { timezoneId: "Europe/Berlin", ...look });
  page = opened.page;
  await page.addInitScript((id) => sessionStorage.setItem("signed-in", id), user);
  await page.goto(`${url}/demo`);
  await open();
}
async function open(): Promise<void> {
  await page.locator("carillon-bell #bell").click();
  await gear().click();
  await see(preferences().getByText("What reaches you")).toBeVisible();
}
/** Nothing was complained of but what the test itself had refused. */
const isClean = (): void => expect(opened.problems.filter((problem) => !/status of (422|503)/.test(problem))).toEqual([]);

const panel = (): Locator => page.locator("carillon-bell #panel");
const gear = (): Locator => page.getByRole("dialog", { name: "Notifications" }).getByRole("button", { name: "Preferences" });
const preferences = (): Locator => page.getByRole("dialog", { name: "Preferences" });
const event = (name: string): Locator =>
  preferences()
    .locator("details")
    .filter({ has: page.getByText(name, { exact: true }) });
const channel = (name: string, of: string): Locator => event(of).getByRole("switch", { name });
const says = (words: string): Promise<void> => see(preferences().getByRole("status")).toHaveText(words);
const stored = async () => (await (await carillon.me(user))("GET", "/preferences")).body;

async function lock(type: string, channel: string, locked: boolean): Promise<void> {
  const { body } = await admin("GET", "/routing");
  body.cells[type][channel].locked = locked;
  expect((await admin("PUT", "/routing", body)).status).toBe(200);
}
async function setQuietHours(fields: object): Promise<void> {
  const { body } = await admin("GET", "/quiet-hours");
  expect((await admin("PUT", "/quiet-hours", { ...body, ...fields })).status).toBe(200);
}
/** Where an event ends on a channel, e.g. `skipped user-muted`. */
async function outcome(type: string, channel: string): Promise<string> {
  const { body } = await carillon.api("POST", "/v1/events", { type, recipients: [user], data: { task: { title: "Call Acme" } } });
  let found = { state: "", reason: "" };
  await until(async () => {
    const { deliveries } = (await carillon.api("GET", `/v1/events/${body.id}`)).body;
    found = deliveries.find((delivery: { channel: string }) => delivery.channel === channel) ?? found;
    return /skipped|sent|delivered|held/.test(found.state);
  }, "the delivery is settled");
  return `${found.state} ${found.reason}`;
}

test("who mutes an event on email gets no mail of it, and again after switching it on", async () => {
  expect(await outcome("task_assigned", "email")).toMatch(/^(sent|delivered)/);
  await arrive();
  await event("task assigned").locator("summary").click();
  await channel("Email", "task assigned").click();
  await says("Saved");
  await see(event("task assigned").locator("summary")).toContainText("In-app, Push");
  expect(await outcome("task_assigned", "email")).toBe("skipped user-muted");
  expect((await stored()).cells).toEqual({ task_assigned: { email: false } });

  await channel("Email", "task assigned").click();
  await says("Saved");
  expect((await stored()).cells).toEqual({});
  expect(await outcome("task_assigned", "email")).toMatch(/^(sent|delivered)/);
  isClean();
}, 60_000);

test("what an admin locks is disabled and says so; one that was locked meanwhile is taken back", async () => {
  await arrive();
  await event("mention").locator("summary").click();
  await lock("mention", "email", true);
  await channel("Email", "mention").click();
  await see(preferences().getByRole("alert")).toContainText("locked by your organisation");
  await see(channel("Email", "mention")).toBeDisabled();
  await see(channel("Email", "mention")).toBeChecked();
  await see(channel("Email", "mention")).toContainText("Locked by your organisation");
  await see(channel("Push", "mention")).toBeEnabled();
  await lock("mention", "email", false);
  await channel("Push", "mention").click();
  await says("Saved");
  await see(channel("Email", "mention")).toBeEnabled();
  await see(preferences().getByText("WhatsApp")).toHaveCount(0); // the organisation has it for no event
  isClean();
}, 40_000);

test("own quiet hours outside the bounds are refused at their field, and those inside are stored", async () => {
  await setQuietHours({ enabled: true, start: "20:00", end: "08:00" });
  await arrive();
  await see(preferences().getByRole("radio", { name: /As my organisation/ })).toBeChecked();
  await see(preferences().getByText("20:00–08:00, Sat Sun all day").first()).toBeVisible();
  await preferences().getByRole("radio", { name: "My own" }).check();
  await preferences().getByLabel("From").fill("19:00");
  await preferences().getByRole("button", { name: "Save quiet hours" }).click();
  await see(preferences().getByText("(earliestStart)")).toBeVisible();
  await see(preferences().getByLabel("From")).toBeFocused();
  await see(preferences().getByLabel("From")).toHaveValue("19:00");
  await see(preferences().getByLabel("From")).toHaveAccessibleDescription(/at 20:00 at the earliest.*Your organisation allows 20:00–08:00/);
  expect((await stored()).quietHours).toBeNull();
  expect(await axe(page)).toEqual([]);

  await preferences().getByLabel("From").fill("22:00");
  await preferences().getByRole("checkbox", { name: "Sat", exact: true }).uncheck();
  await page.keyboard.press("Enter");
  await says("Saved");
  expect((await stored()).quietHours).toEqual({ enabled: true, start: "22:00", end: "08:00", quietDays: ["sun"], urgentPasses: true });
  await see(preferences().getByText("(earliestStart)")).toHaveCount(0);

  await preferences().getByRole("radio", { name: "None" }).check();
  await says("Saved");
  expect((await stored()).quietHours).toMatchObject({ enabled: false });
  await preferences()
    .getByRole("radio", { name: /As my organisation/ })
    .check();
  await see.poll(async () => (await stored()).quietHours).toBeNull();
  await setQuietHours({ enabled: false });
  isClean();
}, 40_000);

test("says until when it is quiet now, and takes the device's zone by one click", async () => {
  const day = new Intl.DateTimeFormat("en", { weekday: "short", timeZone: "Asia/Tokyo" }).format(Date.now()).toLowerCase();
  await (
    await carillon.me(user)
  )("PUT", "/preferences", { timeZone: "Asia/Tokyo" });
  await setQuietHours({ enabled: true, quietDays: [day] });
  await arrive();
  await see(preferences().getByText(/^Quiet now until \w{3} 08:00$/)).toBeVisible();
  await see(preferences().getByLabel("Time zone")).toHaveValue("Asia/Tokyo");
  await preferences().getByRole("button", { name: "Use this device's: Europe/Berlin" }).click();
  await says("Saved");
  await see(preferences().getByLabel("Time zone")).toHaveValue("Europe/Berlin");
  await preferences().getByLabel("Language").selectOption("de");
  await says("Saved");
  await see
    .poll(async () => (({ timeZone, locale }) => ({ timeZone, locale }))(await stored()))
    .toEqual({ timeZone: "Europe/Berlin", locale: "de" });
  await setQuietHours({ enabled: false, quietDays: ["sat", "sun"] });
  isClean();
}, 40_000);

test("works by keyboard alone: Escape goes back to the gear, and once more closes the panel", async () => {
  await arrive();
  await see(preferences().getByRole("button", { name: "Back to notifications" })).toBeFocused();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await see(channel("Email", "task assigned")).toBeFocused();
  await page.keyboard.press("Space");
  await says("Saved");
  await see(channel("Email", "task assigned")).toBeFocused();
  await see(channel("Email", "task assigned")).not.toBeChecked();
  await page.keyboard.press("Escape");
  await see(gear()).toBeFocused();
  await see(panel().getByRole("searchbox")).toBeVisible();
  await page.keyboard.press("Escape");
  await see(panel()).toBeHidden();
  await see(page.locator("carillon-bell #bell")).toBeFocused();
  isClean();
});

test("without an answer nothing seems chosen; another person never sees these choices", async () => {
  await arrive();
  await event("lead assigned").locator("summary").click();
  await page.route("**/v1/me/preferences", (route) => route.fulfill({ status: 503, json: { detail: "The service is resting" } }));
  await channel("Email", "lead assigned").click();
  await see(preferences().getByRole("alert")).toHaveText("Not saved: The service is resting");
  await see(channel("Email", "lead assigned")).toBeChecked();
  await panel().getByRole("button", { name: "Back to notifications" }).click();
  await gear().click();
  await see(preferences().getByRole("alert")).toContainText("The service is resting");
  await page.unroute("**/v1/me/preferences");
  await preferences().getByRole("button", { name: "Try again" }).click();
  await see(preferences().getByText("What reaches you")).toBeVisible();
  await page.evaluate(() => Object.assign(document.querySelector("carillon-bell")!, { token: null }));
  await see(preferences()).toHaveCount(0);
  isClean();
});

test("is translated through the bell's strings", async () => {
  await arrive();
  await page.keyboard.press("Escape");
  await page.evaluate(() => {
    document.documentElement.lang = "de";
    const strings = { preferences: "Einstellungen", "quiet-hours": "Ruhezeiten", "channel-email": "E-Mail", "event-mention": "Erwähnung" };
    Object.assign(document.querySelector("carillon-bell")!, { strings });
  });
  await panel().getByRole("button", { name: "Einstellungen" }).click();
  for (const words of ["Einstellungen", "Ruhezeiten", "Erwähnung"]) await see(panel().getByText(words, { exact: true })).toBeVisible();
  await see(panel().getByText("In-app, E-Mail, Push").first()).toBeVisible();
  await see(panel().getByRole("option", { name: "Deutsch" })).toBeAttached();
});

for (const [name, look] of Object.entries(LOOKS)) {
  test(`${name}: axe finds nothing, and nothing is wider than the window`, async () => {
    await setQuietHours({
      enabled: true,
      bounds: { earliestStart: "18:00", latestEnd: "09:00", extraDays: ["fri"], mayRefuseUrgent: false },
    });
    await lock("task_assigned", "in-app", true);
    await arrive(look);
    const shot = (part: string) => process.env["SHOTS"] && panel().screenshot({ path: `${process.env["SHOTS"]}/${name}-${part}.png` });
    await event("task assigned").locator("summary").click();
    expect(await axe(page)).toEqual([]);
    await shot("switches");
    await preferences().getByRole("radio", { name: "My own" }).check();
    await preferences().getByLabel("From").fill("17:00");
    await preferences().getByRole("img").scrollIntoViewIfNeeded();
    expect(await axe(page)).toEqual([]);
    await shot("quiet");
    await preferences().getByLabel("Time zone").scrollIntoViewIfNeeded();
    expect(await axe(page)).toEqual([]);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
    expect(
      await preferences()
        .locator(".scroll")
        .evaluate((box) => box.scrollWidth - box.clientWidth),
    ).toBe(0);
    await shot("place");
    isClean();
  }, 40_000);
}
