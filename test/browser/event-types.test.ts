import { expect as see, type Browser, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Instance } from "../harness/instance.ts";
import { axe, launch, LOOKS, openPage, overflow, signInLink, type Opened } from "./browser.ts";

const carillon = new Instance("deno");
let browser: Browser;
let home: string[];
let opened: Opened;
let page: Page;
let admin: Awaited<ReturnType<Instance["admin"]>>;

beforeAll(async () => {
  await carillon.start();
  admin = await carillon.admin();
  const { url } = carillon.credentials;
  home = [url, url.replace("http", "ws")];
  browser = await launch();
  opened = await openPage(browser, home);
  page = opened.page;
  await page.goto(await signInLink(carillon, "Robin"));
  await openTab(page);
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

async function openTab(within: Page): Promise<void> {
  await within.getByRole("navigation").getByRole("link", { name: "Event Routing" }).click();
  await see(button("New event type", within)).toBeVisible();
}
const button = (name: string, within: Page | Locator = page): Locator => within.getByRole("button", { name, exact: true });
const dialog = (name: string | RegExp, within: Page = page): Locator => within.getByRole("dialog", { name });
const offered = (within: Page): Locator => within.getByRole("listbox", { name: "People that fit" }).getByRole("option");
const cell = (name: string): Locator => page.getByRole("gridcell", { name: new RegExp(`^${name}`) });
const types = async () => (await admin("GET", "/event-types")).body as { version: number; types: Record<string, unknown>[] };
const stored = async (type: string) => (await types()).types.find((one) => one["type"] === type);
const shot = async (name: string, within: Page = page) => {
  if (process.env["SHOTS"]) await within.screenshot({ path: `${process.env["SHOTS"]}/${name}.png` });
};

test("a type is made by keyboard alone: a name suggests the key, and what can't be is told at its field", async () => {
  await button("New event type").focus();
  await page.keyboard.press("Enter");
  const first = dialog("New event type");
  await see(first.getByLabel("Name")).toBeFocused();
  await page.keyboard.press("Enter");
  await see(first.getByText("Give it a name")).toBeVisible();
  await first.getByLabel("Name").fill("Mention");
  await see(first.getByLabel("Key")).toHaveValue("mention");
  await see(first.getByText("This is a built-in event")).toBeVisible();
  expect(await axe(page)).toEqual([]);
  await first.getByLabel("Name").fill("Site visit");
  await see(first.getByLabel("Key")).toHaveValue("site_visit");
  await page.keyboard.press("Enter");

  const sheet = dialog("New event type: site_visit");
  await see(sheet.getByLabel("Name")).toHaveValue("Site visit");
  expect(new URL(page.url()).searchParams.get("type")).toBe("site_visit");
  await sheet.getByLabel("Description").fill("Somebody visits a site");
  await sheet.getByLabel("Priority").selectOption("high");
  await sheet.getByLabel("Email").selectOption("urgent");
});

test("the schema is checked by line while one types, and a click on a complaint goes to its line", async () => {
  const sheet = dialog("New event type: site_visit");
  const schema = sheet.getByLabel("Data (JSON Schema)");
  await button("Begin with an example", sheet).click();
  await see(schema).toHaveValue(/"title": \{ "type": "string" \}/);
  await schema.fill('{\n  "type": "object",\n  "required": "title",\n  "properties": { "title": { "type": "strin" } }\n}');
  await see(sheet.getByText("required: A list of names, each once")).toBeVisible();
  await see(sheet.getByText(/properties\.title\.type: One of object, array/)).toBeVisible();
  await button("Line 4", sheet).click();
  await see(schema).toBeFocused();
  expect(await schema.evaluate((area: HTMLTextAreaElement) => area.value.slice(area.selectionStart, area.selectionEnd))).toContain(
    '"strin"',
  );
  await button("Save", sheet).click();
  await see(schema).toBeFocused();
  await shot("schema");
  expect(await axe(page)).toEqual([]);
  await schema.fill('{\n  "type": "object",\n  "required": ["title"],\n}');
  await see(sheet.getByText("A name in double quotes is expected")).toBeVisible();
  await see(schema).toHaveAccessibleDescription(/Line 4/);
  await schema.fill('{\n  "type": "object",\n  "required": ["title"]\n}');
  await see(sheet.getByText("A name in double quotes is expected")).toHaveCount(0);
});

test("a saved type has its row as its defaults say, also beside unsaved cells, is in the simulator, and takes events that fit", async () => {
  await button("Save", dialog("New event type: site_visit")).click();
  await see(page.getByRole("dialog")).toHaveCount(0);
  await see(cell("site_visit, In-App: On")).toBeVisible();
  await see(cell("site_visit, Email: Urgent only")).toBeVisible();
  await see(page.getByText("Everything is saved")).toBeVisible();
  expect(await stored("site_visit")).toMatchObject({
    name: "Site visit",
    priority: "high",
    schema: { type: "object", required: ["title"] },
  });
  const event = { type: "site_visit", recipients: ["u1"], data: { title: "Dock 4" } };
  expect((await carillon.api("POST", "/v1/events", event)).status).toBe(202);
  expect((await carillon.api("POST", "/v1/events", { ...event, data: {} })).body).toMatchObject({ code: "event.invalid-data" });

  await cell("mention, Email: On").click();
  await button("New event type").click();
  await dialog("New event type").getByLabel("Name").fill("Parcel sent");
  await button("Continue").click();
  await button("Save", dialog("New event type: parcel_sent")).click();
  await see(cell("parcel_sent, In-App: On")).toBeVisible();
  await see(page.getByText("1 change not saved")).toBeVisible();
  await see(page.getByText("Someone else saved the routing")).toHaveCount(0);
  await button("Save").click();
  await see(page.getByText("Everything is saved")).toBeVisible();

  await cell("site_visit, Email: Urgent only").click();
  await see(page.getByRole("region", { name: "The chosen cell" })).toContainText("Somebody visits a site. Default: Urgent only");
  await button("Discard").click();
  await page.getByLabel("Event", { exact: true }).selectOption("site_visit");
});

test("a person is found by name in the simulator, or typed; admins are not among them", async () => {
  const recipients = page.getByRole("combobox", { name: "Recipients" });
  await recipients.click();
  await see(offered(page)).toHaveCount(5);
  await see(offered(page).filter({ hasText: /admin/i })).toHaveCount(0);
  await recipients.fill("adl");
  await see(offered(page)).toHaveText([/Ada Adler\s*u1/]);
  await see(recipients).toHaveAttribute("aria-activedescendant", "simulatedRecipients-option-0");
  expect(await axe(page)).toEqual([]);
  await shot("people");
  await page.keyboard.press("Enter");
  await see(page.getByRole("list", { name: "Chosen people" })).toHaveText(/Ada Adler/);
  await recipients.fill("u2, stranger");
  await page.getByRole("combobox", { name: "Caused by" }).fill("ben");
  await see(offered(page)).toHaveCount(1);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await button("Simulate").click();
  await see(page.getByRole("region", { name: "Decisions for u1" }).getByRole("listitem").first()).toContainText("Sent at once");
  await see(page.getByRole("region", { name: "Decisions for u2" }).getByRole("listitem").first()).toContainText(
    "The person caused the event",
  );
  await see(page.getByRole("region", { name: "Decisions for stranger" })).toBeVisible();
  await see(page.getByRole("heading", { name: /Ada Adler/ })).toBeVisible();
  await button("Remove Ada Adler").click();
  await see(recipients).toBeFocused();
});

test("of a built-in type the priority is changed; unsaved changes are asked about", async () => {
  await page.getByText("Built in (14)").click();
  await button("Edit mention").click();
  const sheet = dialog("mention");
  await see(sheet.getByLabel("Name")).toHaveCount(0);
  await sheet.getByLabel("Priority").selectOption("high");
  await page.keyboard.press("Escape");
  await button("Stay", dialog("Close without saving?")).click();
  await button("Save", sheet).click();
  await see(page.getByRole("dialog")).toHaveCount(0);
  expect(await stored("mention")).toMatchObject({ priority: "high" });
  await button("Edit mention").click();
  await sheet.getByLabel("Priority").selectOption("low");
  await button("Cancel", sheet).click();
  await button("Discard", dialog("Close without saving?")).click();
  await see(page.getByRole("dialog")).toHaveCount(0);
  expect(await stored("mention")).toMatchObject({ priority: "high" });
});

test("a type that somebody else changed meanwhile shows both; one that they added is not in question", async () => {
  await button("Edit site_visit").click();
  const sheet = dialog("site_visit");
  await sheet.getByLabel("Description").fill("Mine");
  await sheet.getByLabel("Name").fill("Visit");
  const { version, types: list } = await types();
  const added = { type: "fax_arrived", name: "Fax" };
  const changed = list.map((one) => (one["type"] === "site_visit" ? { ...one, description: "Theirs" } : one));
  expect((await admin("PUT", "/event-types", { version, types: [...changed, added] })).status).toBe(200);
  await button("Save", sheet).click();
  const conflict = dialog("Someone else saved these settings");
  await see(conflict).toContainText("Robin Owner saved them");
  await see(conflict.getByRole("group")).toHaveCount(2);
  await see(conflict.getByRole("group", { name: "site_visit · Description" })).toContainText(/Mine\s*Mine.*Theirs\s*Theirs/);
  expect(await axe(page)).toEqual([]);
  await conflict.getByRole("group", { name: "site_visit · Description" }).getByLabel("Theirs").check();
  await button("Save as chosen", conflict).click();
  await see(page.getByRole("dialog")).toHaveCount(0);
  expect(await stored("site_visit")).toMatchObject({ name: "Visit", description: "Theirs" });
  expect(await stored("fax_arrived")).toMatchObject({ name: "Fax", archived: false });
});

test("an own type is archived, leaves the matrix, and is taken back", async () => {
  await button("Archive site_visit").click();
  await button("Archive", dialog("Archive site_visit?")).click();
  await see(page.getByText("Archived (1)")).toBeVisible();
  await see(cell("site_visit, In-App")).toHaveCount(0);
  const event = { type: "site_visit", recipients: ["u1"], data: { title: "x" } };
  expect((await carillon.api("POST", "/v1/events", event)).body).toMatchObject({ code: "event.unknown-type" });
  await button("New event type").click();
  await dialog("New event type").getByLabel("Name").fill("Site visit");
  await button("Continue").click();
  await see(page.getByText("An archived event type has this key; unarchive it")).toBeVisible();
  await button("Cancel").click();
  await page.getByText("Archived (1)").click();
  await button("Unarchive site_visit").click();
  await see(cell("site_visit, In-App: On")).toBeVisible();
  expect(await stored("site_visit")).toMatchObject({ archived: false, schema: { required: ["title"] } });
});

for (const [name, look] of Object.entries(LOOKS)) {
  test(`${name}: axe finds nothing on panel, sheet and dialog, and none scrolls to the side; the open type stands in the URL`, async () => {
    const other = await openPage(browser, home, look);
    await other.page.goto(await signInLink(carillon, "Robin"));
    await openTab(other.page);
    await other.page.getByText("Built in (14)").click();
    const isGood = async (part: string) => {
      expect(await axe(other.page), part).toEqual([]);
      expect(await overflow(other.page), part).toBeLessThanOrEqual(0);
      await shot(`types-${name}-${part}`, other.page);
    };
    await other.page.getByRole("heading", { name: "Event types" }).scrollIntoViewIfNeeded();
    await isGood("panel");
    await other.page.goto(`${carillon.credentials.url}/event-routing?type=site_visit`);
    await see(dialog("site_visit", other.page)).toBeVisible();
    await isGood("sheet");
    await button("Cancel", other.page).click();
    await button("New event type", other.page).click();
    await see(dialog("New event type", other.page)).toBeVisible();
    await isGood("new");
    await button("Cancel", other.page).click();
    const recipients = other.page.getByRole("combobox", { name: "Recipients" });
    await recipients.click();
    await other.page.keyboard.press("ArrowDown");
    await see(offered(other.page)).toHaveCount(5);
    await isGood("people");
    expect(other.problems).toEqual([]);
    await other.context.close();
  }, 30_000);
}

test("a viewer sees every type and changes none", async () => {
  const viewer = await openPage(browser, home);
  await viewer.page.goto(await signInLink(carillon, "Vera", "viewer"));
  await viewer.page.getByRole("navigation").getByRole("link", { name: "Event Routing" }).click();
  await button("Show site_visit", viewer.page).click();
  const sheet = dialog("site_visit", viewer.page);
  await see(sheet.getByLabel("Name")).toBeDisabled();
  await see(sheet.getByLabel("Data (JSON Schema)")).toHaveValue(/required/);
  await see(button("Save", sheet)).toHaveCount(0);
  expect(await axe(viewer.page)).toEqual([]);
  await button("Close", sheet).first().click();
  await see(button("New event type", viewer.page)).toHaveCount(0);
  expect(viewer.problems).toEqual([]);
  await viewer.context.close();
});

// A question that is taken back because the page has moved on is no complaint.
test("the browser complained of nothing but what was refused on purpose", () => {
  expect(opened.problems.filter((problem) => !/status of (409|422)|^AbortError/.test(problem))).toEqual([]);
});
