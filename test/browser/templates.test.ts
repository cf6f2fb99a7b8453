import { expect as see, type Browser, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { axe, launch, LOOKS, openPage, overflow, signInLink, type Opened } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let home: string[];
let opened: Opened;
let page: Page;

beforeAll(async () => {
  await carillon.start();
  const { url, sandboxUrl } = carillon.credentials;
  home = [url, url.replace("http", "ws"), sandboxUrl];
  browser = await launch();
  opened = await openPage(browser, home);
  page = opened.page;
  await page.goto(await signInLink(carillon, "Robin"));
  await see(page.getByRole("navigation", { name: "Settings" })).toBeVisible();
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

const button = (name: string, within: Page | Locator = page): Locator => within.getByRole("button", { name, exact: true });
const isSaved = (within: Page = page) => see(within.getByText("Everything is saved")).toBeVisible();
async function open(type: string, channel: string, within: Page = page): Promise<void> {
  await within.goto(`${carillon.credentials.url}/templates?event=${type}&channel=${channel}`);
  await see(within.getByRole("heading", { level: 3, name: "Preview" })).toBeVisible();
}
const field = (name: string, within: Page = page): Locator => within.getByRole("textbox", { name });
/** What is selected in a field, or where the caret stands. */
const selectionOf = (area: Locator) =>
  area.evaluate((element) => {
    const { value, selectionStart, selectionEnd } = element as HTMLTextAreaElement;
    return selectionStart === selectionEnd ? `${value.slice(0, selectionStart)}|` : value.slice(selectionStart, selectionEnd);
  });

test("a mail is written, put right where it is wrong, seen as it will be, saved, and sent like that", async () => {
  await open("task_assigned", "email");
  await see(page.getByText("built-in", { exact: true })).toBeVisible();
  await field("Subject").fill("Work: {task_titel}");
  await see(page.locator("#title-lint")).toContainText("There is no {task_titel}; did you mean {task_title}?");
  await see(field("Subject")).toHaveAttribute("aria-invalid", "true");
  await see(page.getByText("This is the last text that could be used")).toBeVisible();

  await button("Save").click();
  await see(field("Subject")).toBeFocused();
  expect(await selectionOf(field("Subject"))).toBe("task_titel");
  await button("Write task_title").click();
  await see(field("Subject")).toHaveValue("Work: {task_title}");
  await see(page.locator("#title-lint")).toContainText("{task_title} may be missing; nothing stands here then");
  await button("Say something else then").click();
  await see(page.locator("#title-lint")).toHaveCount(0);
  await field("Text").fill("Dear colleague,\n\nplease look at “{task_title, select, none {it} other {{task_title}}}”.");

  const mail = page.getByRole("figure", { name: "The mail" });
  await see(mail).toContainText("Work: Call Acme about the renewal");
  await mail.getByText("The mail as plain text").click();
  await see(mail).toContainText("please look at “Call Acme about the renewal”.");
  const picture = mail.getByRole("img");
  expect(await picture.evaluate((image) => (image as HTMLImageElement).decode().then(() => "drawn"))).toBe("drawn");
  const light = await picture.getAttribute("src");
  await mail.getByText("Dark", { exact: true }).click();
  await see(picture).not.toHaveAttribute("src", light!);

  await page.keyboard.press("Control+s");
  await isSaved();
  await page.reload();
  await see(field("Subject")).toHaveValue(/^Work: /);
  await see(page.getByText("changed", { exact: true })).toBeVisible();
  await see(page.getByRole("link", { name: /^Email.*changed/ })).toBeVisible();
  await carillon.api("POST", "/v1/events", { type: "task_assigned", recipients: ["u1"], data: { task: { title: "Call Stark" } } });
  await until(async () => (await carillon.messages()).some(({ subject }) => subject === "Work: Call Stark"), "the mail in its new words");
});

test("a variable is put where one was writing, and one with a fallback leaves the caret in the gap", async () => {
  await open("mention", "push");
  await field("Title").fill("Hello !");
  await field("Title").press("ArrowLeft");
  await button("Insert {actorName}").click();
  await see(field("Title")).toHaveValue("Hello {actorName}!");
  await see(field("Title")).toBeFocused();
  expect(await selectionOf(field("Title"))).toBe("Hello {actorName}|");
  await field("Text").fill("On ");
  await button("Insert {record_name} with a fallback").click();
  await page.keyboard.type("a record");
  await see(field("Text")).toHaveValue("On {record_name, select, none {a record} other {{record_name}}}");
  await see(page.getByRole("figure", { name: "The notification of the browser" })).toContainText("Hello Kim Sander!");
  await page.getByRole("button", { name: "Go to line 1, column 7 of Title" }).click();
  expect(await selectionOf(field("Title"))).toBe("{actorName}");
  await button("Discard").click();
  await isSaved();
});

test("what is not saved is asked about before another text is opened", async () => {
  await open("mention", "in-app");
  await field("Title").fill("Psst");
  await page.getByRole("link", { name: "SMS" }).last().click();
  await see(page.getByText("1 change of this text is not saved yet.")).toBeVisible();
  await button("Stay").click();
  await page.getByLabel("Event", { exact: true }).selectOption("note_added");
  await button("Stay").click();
  await see(page.getByLabel("Event", { exact: true })).toHaveValue("mention");
  await see(field("Title")).toHaveValue("Psst");
  await page.getByRole("link", { name: "API Keys" }).click();
  await button("Stay").click();
  await page.getByLabel("Event", { exact: true }).selectOption("note_added");
  await button("Discard and leave").click();
  await see(page).toHaveURL(/event=note_added&channel=in-app/);
  await see(page.getByText("A note is added to a record")).toBeVisible();
  await page.goBack();
  await see(field("Title")).not.toHaveValue("Psst");
});

test("two admins who write the same text see both and choose; one text is reset after a question", async () => {
  await open("task_overdue", "in-app");
  const kim = await openPage(browser, home);
  await kim.page.goto(await signInLink(carillon, "Kim"));
  await see(kim.page.getByRole("navigation", { name: "Settings" })).toBeVisible();
  await open("task_overdue", "in-app", kim.page);
  await field("Title").fill("Late (mine)");
  await field("Title", kim.page).fill("Late (Kim's)");
  await button("Save", kim.page).click();
  await isSaved(kim.page);
  await button("Save").click();
  const dialog = page.getByRole("dialog", { name: "Someone else saved these settings" });
  await see(dialog).toContainText("Kim saved them after you opened them.");
  await see(dialog.getByRole("group", { name: "Title" })).toContainText(/Late \(mine\).*Late \(Kim's\)/);
  await dialog.getByRole("button", { name: "Take mine" }).click();
  await isSaved();
  await kim.context.close();

  await button("Reset to built-in").click();
  await see(page.getByText("Reset to the built-in text?")).toBeVisible();
  await button("Cancel").click();
  await see(field("Title")).toHaveValue("Late (mine)");
  await button("Reset to built-in").click();
  await button("Reset").click();
  await see(page.getByText("The built-in text is back.")).toBeVisible();
  await see(field("Title")).toHaveValue(/^\{task_title, select/);
  await see(page.getByText("built-in", { exact: true })).toBeVisible();
  await field("Title").fill("Written anew");
  await button("Save").click();
  await isSaved();
});

test("an SMS counts its segments, with sample data and with the newest event; WhatsApp is elsewhere", async () => {
  await open("deal_closed_won", "sms");
  const phone = page.getByRole("figure", { name: "The SMS on a phone" });
  await see(phone).toContainText("1 SMS, room for");
  await see(phone).toContainText("GSM-7");
  await field("Message").fill("“{deal_name, select, none {A deal} other {{deal_name}}}” was won");
  await see(phone).toContainText("UCS-2");
  await see(page.locator("#body-lint")).toContainText("“ is not in the SMS alphabet");
  await page.getByText("Newest event").click();
  await see(page.getByText("No such event has arrived yet; sample data stand in.")).toBeVisible();
  const deal = { type: "deal_closed_won", id: "won-1", recipients: ["u1"], data: { deal: { name: "Stark" } }, link: "/deals/1" };
  await carillon.api("POST", "/v1/events", deal);
  await field("Message").fill("{deal_name, select, none {A deal} other {{deal_name}}} was won!");
  await see(phone).toContainText("Stark was won!");
  await see(phone).toContainText(/\/deals\/1/);
  await see(page.getByText("won-1")).toBeVisible();
  await button("Discard").click();
  await page.getByRole("link", { name: "WhatsApp" }).last().click();
  await page.getByRole("link", { name: "WhatsApp tab" }).click();
  await see(page.getByRole("heading", { level: 2, name: "WhatsApp" })).toBeVisible();
});

test("a viewer sees text and preview and can write nothing", async () => {
  const viewer = await openPage(browser, home);
  await viewer.page.goto(await signInLink(carillon, "Vera", "viewer"));
  await see(viewer.page.getByRole("navigation", { name: "Settings" })).toBeVisible();
  await open("mention", "email", viewer.page);
  await see(field("Subject", viewer.page)).toHaveAttribute("readonly");
  await see(viewer.page.getByRole("figure", { name: "The mail" })).toContainText("Kim Sander mentioned you in Acme Ltd");
  for (const name of ["Save", "Reset to built-in", "Insert {actorName}"]) await see(button(name, viewer.page)).toHaveCount(0);
  expect(viewer.problems).toEqual([]);
  await viewer.context.close();
});

test.each(Object.entries(LOOKS))(
  "%s: axe finds nothing on any channel, nothing is too wide, nothing is complained of",
  async (_, look) => {
    const looking = await openPage(browser, home, look);
    await looking.page.goto(await signInLink(carillon, "Robin"));
    await see(looking.page.getByRole("navigation", { name: "Settings" })).toBeVisible();
    for (const channel of ["in-app", "email", "sms", "push"]) {
      await open("task_assigned", channel, looking.page);
      await see(looking.page.getByRole("figure")).toBeVisible();
      await looking.page.getByText("How texts are written").click();
      await field(channel === "sms" ? "Message" : "Text", looking.page).fill(
        `“{${"unknown_".repeat(12)}} ${"long".repeat(40)} {actorName}`,
      );
      await see(looking.page.locator("#body-lint")).toContainText("There is no");
      expect(await axe(looking.page), channel).toEqual([]);
      expect(await overflow(looking.page), channel).toBeLessThanOrEqual(0);
    }
    await looking.page.goto(`${carillon.credentials.url}/templates?channel=whatsapp`);
    await see(looking.page.getByText("their texts live at Meta")).toBeVisible();
    expect(await axe(looking.page)).toEqual([]);
    await looking.context.close();
    expect(looking.problems).toEqual([]);
  },
  40_000,
);

test("of all that the browser complains of nothing but the conflict", () => {
  expect(opened.problems).toEqual([expect.stringContaining("409 (Conflict)")]);
});
