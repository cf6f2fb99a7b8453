import { expect as see, type Browser, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instance } from "../harness/instance.ts";
import { axe, launch, LOOKS, openPage, overflow, signInLink, type Opened } from "./browser.ts";

/** So many that one sees them being told. */
const CROWD = 30_000;
const carillon = new Instance("deno", { CARILLON_SHARDS: "4" });
let browser: Browser;
let home: string[];
let opened: Opened;
let page: Page;

beforeAll(async () => {
  await carillon.start();
  const { url, sandboxUrl } = carillon.credentials;
  home = [url, url.replace("http", "ws"), sandboxUrl];
  for (let from = 0; from < CROWD; from += 500) {
    const users = Array.from({ length: 500 }, (_, n) => ({ id: `c${from + n}`, lists: ["crowd"] }));
    expect((await carillon.api("POST", "/v1/users/bulk", { users })).status).toBe(200);
  }
  browser = await launch();
  opened = await openPage(browser, home, { timezoneId: "Europe/Berlin" });
  page = opened.page;
  await page.goto(await signInLink(carillon, "Robin"));
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

const button = (name: string, within: Page | Locator = page): Locator => within.getByRole("button", { name, exact: true });
const last = (within: Page = page): Locator => within.getByRole("region", { name: "Last broadcasts" });
const preview = (within: Page = page): Locator => within.getByRole("region", { name: "Preview" });
async function openTab(within: Page = page): Promise<void> {
  await within.getByRole("navigation").getByRole("link", { name: "Broadcast" }).click();
  await see(within.getByRole("heading", { level: 2, name: "Broadcast" })).toBeVisible();
  await see(within.getByLabel("Event", { exact: true })).toBeVisible();
}
async function isGood(name: string, within: Page = page): Promise<void> {
  expect(await axe(within), name).toEqual([]);
  expect(await overflow(within), `${name} is wider than its window`).toBeLessThanOrEqual(0);
}
async function choose(kind: "Role" | "Team" | "List", name: string, within: Page = page): Promise<void> {
  await within.getByRole("group", { name: "Audience" }).getByText(kind).click();
  await within.getByRole("combobox", { name: kind, exact: true }).selectOption(name);
}

describe("Broadcast", () => {
  test("asks for what is missing before it asks the server, and offers the groups that there are", async () => {
    await openTab();
    await see(page.getByText("30,005 people are known.")).toBeVisible();
    await see(button("Send…")).toBeDisabled();
    await see(last()).toContainText("Nothing has gone to many people yet");
    await button("Preview").click();
    await see(page.locator("#eventType-error")).toHaveText("Choose an event");
    await page.getByRole("group", { name: "Audience" }).getByText("Role").click();
    await see(page.locator("#audienceName option")).toHaveText([
      "Choose a role",
      "manager · 1 person",
      "sales · 3 people",
      "support · 2 people",
    ]);
    await page.getByRole("group", { name: "Audience" }).getByText("List").click();
    await see(page.locator("#audienceName option")).toHaveText(["Choose a list", "beta testers · 2 people", "crowd · 30,000 people"]);
    await isGood("the empty form");
  });

  test("shows how many on which channel, why not, the cost and the text; a change makes it stale", async () => {
    await choose("Team", "Europe");
    await page.getByLabel("Event", { exact: true }).selectOption("deal_closed_won");
    await page.getByLabel("The deal's name").fill("Acme, yearly plan");
    await page.getByLabel("What the deal is worth, with its currency").fill("lots");
    await button("Preview").click();
    await see(page.locator("#data-deal_amount-error")).toHaveText("A number such as 12.5");
    await page.getByLabel("What the deal is worth, with its currency").fill("18400");
    await page.getByLabel("The currency alone").fill("EUR");
    await page.getByLabel("Link").fill("javascript:alert(1)");
    await button("Preview").click();
    await see(page.locator("#link-error")).toContainText("An https address");
    await page.getByLabel("Link").fill("https://crm.example.com/deals/1");
    await button("Preview").click();
    await see(preview()).toContainText("2 people, each told on at least one channel.");
    await see(preview()).toContainText("All leave at once.");
    await see(preview()).toContainText(/Twilio counts about \d SMS: some \$0\.0\d to \$0\.\d\d, by country\./);
    await see(preview().getByRole("listitem").filter({ hasText: "WhatsApp" })).toContainText(
      "2 not sentthe routing matrix has this channel off for this event",
    );
    await see(preview().getByRole("figure", { name: "The item in the bell" })).toContainText("Acme, yearly plan");
    await isGood("a preview");
    await page.getByLabel("Priority").selectOption("high");
    await see(preview()).toContainText("You have changed the event since.");
    await see(button("Send…")).toBeDisabled();
  });

  test("asks once more with count and cost, sends once though it is clicked twice, and it arrives", async () => {
    await button("Preview").click();
    await see(button("Send…")).toBeEnabled();
    await button("Send…").click();
    const dialog = page.getByRole("dialog", { name: "Send to 2 people?" });
    await see(dialog).toContainText("deal_closed_won to: Team Europe.");
    await see(dialog).toContainText("Email2 messages");
    await see(dialog).toContainText(/Costsome \$0\.0\d to \$0\.\d\d/);
    await isGood("the question");
    await button("Send to 2 people", dialog).dblclick();
    await see(page.getByText("It is on its way to 2 people.")).toBeVisible();
    await see(dialog).toBeHidden();
    await see(last().getByRole("listitem")).toHaveCount(1);
    await see(last().getByRole("listitem")).toContainText(/Acme, yearly plan.*Team Europe · by Robin.*Told.*2 people/);
    await see(page.getByLabel("Event", { exact: true })).toHaveValue("");
    for (const [person, count] of [
      ["u1", 1],
      ["u5", 1],
      ["u2", 0],
    ] as const) {
      const { body } = await (await carillon.me(person))("GET", "/inbox?filter=all");
      expect([person, body.data.length]).toEqual([person, count]);
    }
    const admin = await carillon.admin();
    const { body } = await admin("GET", "/audit");
    expect(body.data.filter(({ act }: { act: string }) => act === "broadcast.send")).toMatchObject([
      { who: "Robin", detail: { audience: { kind: "team", name: "Europe" }, type: "deal_closed_won" } },
    ]);
  });

  test("a crowd is told while one looks on, and can be called off", async () => {
    await choose("List", "crowd");
    await page.getByLabel("Event", { exact: true }).selectOption("task_assigned");
    await page.getByLabel("The task's title").fill("Update your forecast");
    await button("Preview").click();
    await see(preview()).toContainText("30,000 people, each told on at least one channel.");
    await see(preview()).toContainText("30,000 not sentthe person has no address on this channel");
    await see(preview()).toContainText("None of it costs by the message.");
    await button("Send…").click();
    await button("Send to 30,000 people", page.getByRole("dialog")).click();
    const row = last().getByRole("listitem").first();
    await see(row.getByRole("progressbar")).toBeVisible();
    await see(row).toContainText(/Under way.*[1-9][\d,]* of 30,000 people told/);
    await isGood("under way");
    await button("Cancel Update your forecast", row)
      .or(row.getByRole("button", { name: /^Cancel/ }))
      .first()
      .click();
    await button("Cancel the event", page.getByRole("dialog")).click();
    await see(row).toContainText(/Cancelled.*[\d,]+ of 30,000 people told/);
    await see(row.getByRole("progressbar")).toHaveCount(0);
    const { body } = await (await carillon.admin())("GET", "/broadcasts");
    expect(body.data[0]).toMatchObject({ people: CROWD, state: "cancelled" });
    expect(body.data[0].told).toBeLessThan(CROWD);
  }, 40_000);

  test("one that waits for its time says so; its deliveries are in the log, and those alone", async () => {
    await choose("Team", "Asia");
    await page.getByLabel("Event", { exact: true }).selectOption("mention");
    await page.getByLabel("What somebody wrote").fill("The office is closed");
    await page.getByLabel("Not before").fill("2030-01-02T09:00");
    await see(page.getByLabel("In the time zone")).toHaveValue("Europe/Berlin");
    await page.getByLabel("Of no use after").fill("2030-01-01T09:00");
    await button("Preview").click();
    await see(page.locator("#expiresAt-error")).toHaveText("By then nobody would have been told");
    await page.getByLabel("Of no use after").fill("");
    await button("Preview").click();
    await see(preview()).toContainText("All leave on Wed 2 Jan, 09:00.");
    await see(preview()).toContainText("2 laterit is scheduled for later");
    await button("Send…").click();
    await button("Send to 2 people", page.getByRole("dialog")).click();
    const row = last().getByRole("listitem").first();
    await see(row).toContainText("Planned for Wed 2 Jan, 09:00");
    await row.getByRole("link", { name: /^See its deliveries/ }).click();
    await see(page.getByRole("heading", { level: 2, name: "Delivery Log" })).toBeVisible();
    await see(page.getByRole("row").filter({ hasText: "mention" })).toHaveCount(10);
    await see(page.locator("tbody tr")).toHaveCount(10);
    await isGood("the log of one event");
    await page.getByRole("button", { name: /^One event only/ }).click();
    await see(page.locator("tbody tr")).toHaveCount(50);
  });

  test("an answer that does not come is asked for again under the same id, and nothing goes twice", async () => {
    await openTab();
    await choose("Team", "America");
    await page.getByLabel("Event", { exact: true }).selectOption("mention");
    await button("Preview").click();
    await button("Send…").click();
    const ids: string[] = [];
    await page.route("**/admin/api/broadcast", async (route) => {
      ids.push((route.request().postDataJSON() as { id: string }).id);
      if (ids.length > 1) return route.continue();
      await route.fetch();
      return route.abort();
    });
    const dialog = page.getByRole("dialog");
    await button("Send to 1 person", dialog).click();
    await see(dialog.getByRole("alert")).toContainText("The server can't be reached just now.");
    await button("Send to 1 person", dialog).click();
    await see(page.getByText("It is on its way to 1 person.")).toBeVisible();
    expect([ids.length, new Set(ids).size]).toEqual([2, 1]);
    await see(last().getByRole("listitem").first()).toContainText("Told1 person");
    const { body } = await (await carillon.me("u2"))("GET", "/inbox?filter=all");
    expect(body.data).toHaveLength(1);
    await page.unroute("**/admin/api/broadcast");
  });

  test("who only looks may preview and not send; an operator may cancel", async () => {
    for (const [role, name, mayCancel] of [
      ["viewer", "Vera", 0],
      ["operator", "Otto", 1],
    ] as const) {
      const other = await openPage(browser, home);
      await other.page.goto(await signInLink(carillon, name, role));
      await openTab(other.page);
      await other.page.getByLabel("Event", { exact: true }).selectOption("mention");
      await button("Preview", other.page).click();
      await see(preview(other.page)).toContainText("30,005 people");
      await see(button("Send…", other.page)).toHaveCount(0);
      await see(last(other.page).getByRole("button", { name: /^Cancel/ })).toHaveCount(mayCancel);
      await other.context.close();
      expect(other.problems).toEqual([]);
    }
  });

  test.each(Object.entries(LOOKS))("%s: form, preview, question and list are good to look at", async (_, look) => {
    const other = await openPage(browser, home, look);
    await other.page.goto(await signInLink(carillon, "Robin"));
    await openTab(other.page);
    await isGood("the form", other.page);
    await choose("Team", "Europe", other.page);
    await other.page.getByLabel("Event", { exact: true }).selectOption("deal_closed_won");
    await other.page.getByLabel("The deal's name").fill("a-name-without-any-end".repeat(6));
    await button("Preview", other.page).click();
    await preview(other.page).getByText("On the other channels").click();
    await isGood("the preview", other.page);
    await button("Send…", other.page).click();
    await see(other.page.getByRole("dialog")).toBeVisible();
    await isGood("the question", other.page);
    await other.context.close();
    expect(other.problems).toEqual([]);
  });

  test("the browser has nothing to complain of", () => {
    expect(opened.problems.filter((problem) => !/422|ERR_FAILED/.test(problem))).toEqual([]);
  });
});
