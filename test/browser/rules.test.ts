import { expect as see, type Browser, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
  const admin = await carillon.admin();
  for (const channel of ["sms", "whatsapp"]) expect((await admin("POST", `/channels/${channel}/disable`, {})).status).toBeLessThan(300);
  browser = await launch();
  opened = await openPage(browser, home, { timezoneId: "Asia/Kolkata" });
  page = opened.page;
  await page.goto(await signInLink(carillon, "Robin"));
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

const button = (name: string, within: Page | Locator = page): Locator => within.getByRole("button", { name, exact: true });
const cell = (name: string, within: Page = page): Locator => within.getByRole("gridcell", { name: new RegExp(`^${name}`) });
const isSaved = (within: Page = page) => see(within.getByText("Everything is saved")).toBeVisible();
async function openTab(tab: string, within: Page = page): Promise<void> {
  await within.getByRole("navigation").getByRole("link", { name: tab }).click();
  await see(within.getByRole("heading", { level: 2, name: tab })).toBeVisible();
}
async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

describe("Event Routing", () => {
  test("is filled in by keyboard alone: arrows, Space, L and D, undo and redo, rows and columns", async () => {
    await openTab("Event Routing");
    await cell("task_assigned, In-App").focus();
    await press("ArrowRight", "ArrowRight", "Space", "Space", "l");
    await see(cell("task_assigned, SMS")).toBeFocused();
    await see(cell("task_assigned, SMS")).toHaveAccessibleName(
      "task_assigned, SMS: Urgent only, users may change it, not saved, differs from the default, the channel is off",
    );
    await see(page.getByText("1 change not saved")).toBeVisible();
    await press("d");
    await isSaved();
    await press("Control+z");
    await see(page.getByText("1 change not saved")).toBeVisible();
    await press("Control+z", "Control+Shift+z", "Control+End");
    await see(cell("import_completed, Browser Push")).toBeFocused();
    await press("Home", "Space");
    await see(page.getByRole("region", { name: "The chosen cell" })).toContainText("import_completed on all channels");
    for (const name of ["In-App", "Email", "SMS", "WhatsApp", "Browser Push"]) {
      await see(cell(`import_completed, ${name}: On`)).toBeVisible();
    }
    await press("Control+z", "Control+Home", "ArrowRight", "l");
    await see(cell("mention, In-App: On, locked")).toBeVisible();
    await press("Control+z");
    await see(page.getByText("1 change not saved")).toBeVisible();
  });

  test("what is saved is there after a reload, and the API says the same", async () => {
    await press("Control+s");
    await isSaved();
    await page.reload();
    await see(cell("task_assigned, SMS: Urgent only, users may change it")).toBeVisible();
    const admin = await carillon.admin();
    const { body } = await admin("GET", "/routing");
    expect(body.cells.task_assigned.sms).toEqual({ when: "urgent", locked: false });
  });

  test("the mouse changes a cell and its lock; a channel that is switched off is explained; what is left unsaved asks", async () => {
    await cell("note_added, Email").click();
    await see(cell("note_added, Email: On, users may change it")).toBeVisible();
    await cell("note_added, Email").locator("[data-lock]").click();
    await see(cell("note_added, Email: On, locked")).toBeVisible();
    await page.getByRole("columnheader", { name: "WhatsApp" }).click();
    await see(page.getByRole("region", { name: "The chosen cell" })).toContainText("WhatsApp is switched off: its messages wait");
    await page.getByRole("link", { name: "API Keys" }).click();
    await see(page.getByText("1 change on this tab is not saved yet.")).toBeVisible();
    await button("Stay").click();
    await button("Undo").click();
    await button("Undo").click();
    await isSaved();
    await button("Reset all to default").click();
    await see(page.getByText("1 change not saved")).toBeVisible();
    await button("Discard").click();
  });

  test("two admins who change it see who saved and both values, and choose", async () => {
    const kim = await openPage(browser, home);
    await kim.page.goto(await signInLink(carillon, "Kim"));
    await openTab("Event Routing", kim.page);
    await cell("mention, Email: On").click();
    await cell("note_added, Email: Off").click();
    await cell("mention, Email: On", kim.page).click();
    await cell("mention, Email: Urgent only", kim.page).click();
    await button("Save", kim.page).click();
    await isSaved(kim.page);
    await button("Save").click();
    const dialog = page.getByRole("dialog", { name: "Someone else saved these settings" });
    await see(dialog).toContainText("Kim saved them after you opened them.");
    await see(dialog.getByRole("group", { name: "mention · Email" })).toContainText(
      /Urgent only, users may change it.*Off, users may change it/,
    );
    expect(await axe(page)).toEqual([]);
    await dialog.getByRole("group", { name: "mention · Email" }).getByLabel("Theirs").check();
    await button("Save as chosen", dialog).click();
    await isSaved();
    await see(cell("mention, Email: Off")).toBeVisible();
    await see(cell("note_added, Email: On")).toBeVisible();
    await kim.context.close();
  });

  test("an event of the organisation's own has its row and is saved with all others; an archived one keeps its row unseen", async () => {
    const admin = await carillon.admin();
    const { body: before } = await admin("GET", "/event-types");
    const own = (type: string, archived: boolean) => ({ type, name: type, description: `Says ${type}`, priority: "high", archived });
    const types = [...before.types, own("visit_planned", false), own("fax_arrived", true)];
    expect((await admin("PUT", "/event-types", { ...before, types })).status).toBe(200);
    await page.reload();
    await see(page.getByRole("row")).toHaveCount(16);
    await see(page.getByRole("row").last()).toContainText("Says visit_planned");
    await cell("visit_planned, Email: Off").click();
    // Somebody adds another event meanwhile: its row is theirs and stays, and nothing of mine is in question.
    const { body: listed } = await admin("GET", "/event-types");
    expect((await admin("PUT", "/event-types", { ...listed, types: [...listed.types, own("parcel_sent", false)] })).status).toBe(200);
    await button("Save").click();
    await isSaved();
    const { body: saved } = await admin("GET", "/routing");
    expect(saved.cells.visit_planned.email).toEqual({ when: "on", locked: false });
    expect(Object.keys(saved.cells)).toHaveLength(17);
    await page.getByLabel("Event", { exact: true }).selectOption("visit_planned");
    await page.getByLabel("Recipients").fill("u1");
    await button("Simulate").click();
    await see(page.getByRole("region", { name: "Decisions for u1" }).getByRole("listitem").nth(1)).toContainText("Sent at once");
  });

  test("the simulator shows what the API says, until when on both clocks, and the values it follows from", async () => {
    const admin = await carillon.admin();
    const { body: saved } = await admin("GET", "/quiet-hours");
    expect((await admin("PUT", "/quiet-hours", { ...saved, enabled: true, timeZone: "Europe/Berlin" })).status).toBe(200);
    await page.getByLabel("Event", { exact: true }).selectOption("deal_closed_won");
    await page.getByLabel("Recipients").fill("u1, u2");
    await button("Set a time").click();
    await page.getByLabel("Time", { exact: true }).fill("2026-11-24T03:00");
    await button("Simulate").click();
    const at = "2026-11-23T21:30:00.000Z";
    const { body } = await admin("POST", "/simulate", { type: "deal_closed_won", recipients: ["u1", "u2"], at });
    const words: Record<string, string> = { send: "Sent", hold: "Held", park: "Parked", skip: "Skipped" };
    for (const user of ["u1", "u2"]) {
      const rows = page.getByRole("region", { name: `Decisions for ${user}` }).getByRole("listitem");
      const decisions = (body.decisions as { user: string; do: string }[]).filter((decision) => decision.user === user);
      await see(rows).toContainText(decisions.map((decision) => words[decision.do]!));
    }
    const email = page.getByRole("region", { name: "Decisions for u1" }).getByRole("listitem").nth(1);
    await see(email).toContainText(/Quiet hours\. Until Tue 24 Nov, 08:00 Europe\/Berlin\s*which is Tue 24 Nov, 12:30 Asia\//);
    await email.getByText("What it follows from").click();
    await see(email).toContainText(/Person's clock:\s*Mon 22:30 Europe\/Berlin/);
    await page.getByLabel("Recipients").fill("no such person!");
    await button("Simulate").click();
    await see(page.getByRole("alert")).toBeVisible();
    await page.getByLabel("Recipients").fill("");
    await button("Simulate").click();
    await see(page.getByText("Choose at least one person")).toBeVisible();
    expect(await axe(page)).toEqual([]);
  });
});

describe("DND", () => {
  const days = (legend: string): Locator => page.getByRole("group", { name: legend });
  const fate = (zone: string): Locator => page.locator(`[data-zone="${zone}"]`);

  test("start and end the same, and a week without an open minute, are refused where they are typed", async () => {
    await openTab("DND");
    await page.getByLabel("DND End Time").fill("20:00");
    await see(page.locator("#end-error")).toContainText("Start and end are both 20:00");
    await page.getByLabel("DND End Time").fill("08:00");
    for (const day of ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"])
      await days("DND Days (quiet all day)").getByLabel(day).check();
    await see(page.locator("#quietDays-error")).toContainText("The whole week would be quiet");
    await see(page.getByText("Quiet in one piece: the whole week")).toBeVisible();
    await button("Save").click();
    await see(page.getByText("1 change not saved")).toBeVisible();
    await button("Discard").click();
    await isSaved();
  });

  test("a zone is found by a part of its name and tells its offset and next clock change; the example follows the hours", async () => {
    const zone = page.getByRole("combobox", { name: "Time zone" });
    await zone.fill("new york");
    await see(page.getByRole("option")).toContainText([/America\/New_York.*UTC−0[45]:00/]);
    await press("Enter");
    await see(zone).toHaveValue("America/New_York");
    await see(page.getByText(/Now UTC−0[45]:00; the clocks change on Sun /)).toBeVisible();
    await page.getByLabel("DND Start Time").fill("21:30");
    await see(page.getByText("For example Fri 21:30 – Sat 08:00.")).toBeVisible();
    await zone.fill("Nowhere");
    await see(page.getByText("An IANA zone such as Europe/Berlin")).toBeVisible();
    await press("Escape");
    await button("Discard").click();
  });

  test("what is not saved yet already tells what would happen to a message now", async () => {
    await see(page.getByRole("switch", { name: "DND", exact: true })).toBeChecked();
    await page.getByRole("switch", { name: "DND", exact: true }).click();
    await see(fate("Europe/Berlin")).toContainText(/Normal\s*Sent at once.*Urgent\s*Sent at once/);
    await page.getByRole("switch", { name: "DND", exact: true }).click();
    await isSaved();
  });

  test("hours that hold now are saved; a posted event is held until the shown instant, and the page counts it", async () => {
    for (const day of ["Saturday", "Sunday"]) await days("DND Days (quiet all day)").getByLabel(day).uncheck();
    const berlin = new Date().toLocaleTimeString("en-GB", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
    const ahead = (minutes: number) => {
      const minute = (Number(berlin.slice(0, 2)) * 60 + Number(berlin.slice(3)) + minutes + 1_440) % 1_440;
      return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
    };
    await page.getByLabel("DND Start Time").fill(ahead(-60));
    await page.getByLabel("DND End Time").fill(ahead(180));
    await page.getByRole("switch", { name: "Override for urgent" }).click();
    await see(fate("Europe/Berlin")).toContainText(new RegExp(`Normal\\s*Held until .*${ahead(180)}.*Urgent\\s*Held until`));
    const shown = /Held until \S+ \S+ \S+ \d\d:\d\d/.exec((await fate("Europe/Berlin").textContent()) ?? "")?.[0];
    await button("Save").click();
    await isSaved();
    const urgent = { type: "task_assigned", recipients: ["u1"], priority: "high", data: { task: { title: "Held" } } };
    const { body } = await carillon.api("POST", "/v1/events", urgent);
    const held = async (): Promise<{ until: string }[]> =>
      (await carillon.api("GET", `/v1/events/${body.id}`)).body.deliveries.filter(
        (delivery: { state: string }) => delivery.state === "held",
      );
    await until(async () => (await held()).length > 0, "a held delivery");
    const [first, ...others] = await held();
    const clock = new Date(first!.until).toLocaleTimeString("en-GB", { timeZone: "Europe/Berlin", hour: "2-digit", minute: "2-digit" });
    expect(shown).toContain(clock);
    const count = others.length === 0 ? "1 delivery" : `${others.length + 1} deliveries`;
    await see(page.getByText("Held", { exact: true }).locator("..")).toContainText(count, { timeout: 8_000 });
    await see(page.getByText("Next release").locator("..")).toContainText(`${clock} Europe/Berlin`);
    await page.getByText("Who is quiet now").click();
    await see(page.getByRole("listitem").filter({ hasText: "Ada Adler" })).toContainText(`${clock} Europe/Berlin`);
  });

  test("bounds are set apart from the organisation's hours; another admin's save is shown beside mine", async () => {
    const kim = await carillon.admin();
    await page.getByRole("switch", { name: "Set bounds of their own" }).click();
    await page.getByLabel("Earliest start").fill("18:00");
    await page.getByLabel("Latest end").fill("09:00");
    await days("Extra days").getByLabel("Friday").check();
    const { body: saved } = await kim("GET", "/quiet-hours");
    expect((await kim("PUT", "/quiet-hours", { ...saved, quietDays: ["sun"] })).status).toBe(200);
    await button("Save").click();
    const dialog = page.getByRole("dialog", { name: "Someone else saved these settings" });
    await see(dialog).toContainText("Robin Owner saved them");
    await see(dialog.getByRole("group", { name: "DND Days (quiet all day)" })).toContainText("Sunday");
    await button("Save as chosen", dialog).click();
    await isSaved();
    expect((await kim("GET", "/quiet-hours")).body).toMatchObject({
      quietDays: ["sun"],
      bounds: { earliestStart: "18:00", latestEnd: "09:00", extraDays: ["fri"], mayRefuseUrgent: true },
    });
  });
});

test("the browser complained of nothing but what was refused on purpose", () => {
  expect(opened.problems.filter((problem) => !/status of (409|422|400)/.test(problem))).toEqual([]);
});

test.each(Object.entries(LOOKS))(
  "%s: axe finds nothing on either tab, and neither scrolls to the side",
  async (_, look) => {
    const { page: looked, context, problems } = await openPage(browser, home, look);
    await looked.goto(await signInLink(carillon, "Robin"));
    for (const [tab, last] of [
      ["Event Routing", "Simulator"],
      ["DND", "Just now"],
    ] as const) {
      await openTab(tab, looked);
      await see(looked.getByRole("heading", { level: 3, name: last })).toBeVisible();
      await isSaved(looked);
      expect(await axe(looked), tab).toEqual([]);
      expect(await overflow(looked), tab).toBeLessThanOrEqual(0);
    }
    expect(problems).toEqual([]);
    await context.close();
  },
  30_000,
);

test("a viewer sees both tabs and changes nothing", async () => {
  const viewer = await openPage(browser, home);
  await viewer.page.goto(await signInLink(carillon, "Vera", "viewer"));
  await openTab("Event Routing", viewer.page);
  await cell("lead_assigned, Email: On", viewer.page).click();
  await viewer.page.keyboard.press("Space");
  await see(cell("lead_assigned, Email: On", viewer.page)).toBeVisible();
  await see(viewer.page.getByRole("grid")).toHaveAttribute("aria-readonly", "true");
  await openTab("DND", viewer.page);
  await see(viewer.page.getByRole("switch", { name: "DND", exact: true })).toBeDisabled();
  await see(viewer.page.getByLabel("DND Start Time")).not.toBeEditable();
  expect(await axe(viewer.page)).toEqual([]);
  expect(viewer.problems).toEqual([]);
  await viewer.context.close();
});
