import { expect as see, type Browser, type Page } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Instance } from "../harness/instance.ts";
import { launch, openPage, signInLink } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let home: string[];
beforeAll(async () => {
  browser = await launch();
  await carillon.start();
  const { url, sandboxUrl } = carillon.credentials;
  home = [url, url.replace("http", "ws"), sandboxUrl];
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

const openTab = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name, exact: true }).click();
const paceOf = async (channel: string) => {
  const admin = await carillon.admin();
  return (await admin("GET", `/channels/${channel}`)).body.settings.pace;
};

test("an admin types a pace, is told what does not fit, saves it, and takes it back", async () => {
  const { page, context, problems } = await openPage(browser, home);
  await page.goto(await signInLink(carillon, "Robin"));
  await openTab(page, "SMS");
  const perSecond = page.getByLabel("Messages per second");
  const connections = page.getByLabel("Connections at once");
  await perSecond.fill("fast");
  await connections.fill("51");
  await connections.blur();
  await see(page.getByText("A number such as 14 or 0.5")).toBeVisible();
  await see(page.locator("#pace\\.connections-error")).toHaveText("At most 50");
  await page.getByRole("button", { name: "Fill that in" }).click();
  await see(perSecond).toHaveValue("1");
  await see(connections).toHaveValue("");
  await perSecond.fill("0,5");
  await connections.fill("2");
  await page.getByRole("button", { name: "Save" }).click();
  await see(page.getByText("Saved.")).toBeVisible();
  expect(await paceOf("sms")).toEqual({ perSecond: 0.5, connections: 2 });
  await page.reload();
  await see(perSecond).toHaveValue("0.5");
  await perSecond.fill("");
  await connections.fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await see(page.getByText("Saved.")).toBeVisible();
  expect(await paceOf("sms")).toBeUndefined();
  await context.close();
  expect(problems).toEqual([]);
}, 60_000);

test("every channel that leaves the house has one; a preset brings what its provider publishes", async () => {
  const { page, context, problems } = await openPage(browser, home);
  await page.goto(await signInLink(carillon, "Robin"));
  for (const [tab, words] of [
    ["WhatsApp", "80 messages a second"],
    ["Browser Push", "publish no figure"],
    ["Email", "sending rate"],
  ] as const) {
    await openTab(page, tab);
    await see(page.getByText(words)).toBeVisible();
    await see(page.getByLabel("Messages per second")).toBeVisible();
  }
  await page.getByRole("button", { name: "Microsoft 365" }).click();
  await page.getByRole("button", { name: "Fill that in" }).click();
  await see(page.getByLabel("Messages per second")).toHaveValue("0.5");
  await see(page.getByLabel("Connections at once")).toHaveValue("3");
  await context.close();
  expect(problems).toEqual([]);
}, 60_000);
