import { expect as see, type Browser } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { axe, launch, LOOKS, openPage, overflow } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let url: string;

beforeAll(async () => {
  browser = await launch();
  await carillon.start();
  await carillon.api("POST", "/v1/events", { type: "task_assigned", recipients: ["u1"], data: { task: { title: "Call Acme" } } });
  await until(async () => (await carillon.messages()).length > 0, "the mail arrives");
  url = /^List-Unsubscribe: <(\S+)>/m.exec((await carillon.messages())[0]!.raw)![1]!;
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

for (const [name, look] of Object.entries({ ...LOOKS, "without scripts": { javaScriptEnabled: false } })) {
  test(`${name}: a mail's link leads to a page that stops the mails and takes that back`, async () => {
    const { page, context, problems } = await openPage(browser, [carillon.credentials.url], look);
    await page.goto(url);
    const press = async (label: string, heading: string) => {
      if (name !== "without scripts") expect([await axe(page), await overflow(page)]).toEqual([[], 0]);
      await page.getByRole("button", { name: label }).click();
      await see(page.getByRole("heading", { name: heading })).toBeVisible();
    };
    await press("Stop these emails", "You will get no more of these emails");
    await press("Undo", "You will get these emails again");
    expect([problems, await context.cookies()]).toEqual([[], []]);
    await context.close();
  });
}
