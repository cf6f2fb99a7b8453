import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect as see, type Browser, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { magicNumber } from "@carillon/worker/local/sandbox/twilio-magic";
import { Instance, until } from "../harness/instance.ts";
import { axe, launch, LOOKS, openPage, overflow, signInLink, type Opened } from "./browser.ts";

const PHONE = "+4915112345678";
const carillon = new Instance("deno");
let browser: Browser;
let home: string[];
let opened: Opened;
let page: Page;
let admin: Awaited<ReturnType<Instance["admin"]>>;

beforeAll(async () => {
  await carillon.start();
  const { url, sandboxUrl } = carillon.credentials;
  home = [url, url.replace("http", "ws"), sandboxUrl];
  admin = await carillon.admin();
  browser = await launch();
  opened = await openPage(browser, home);
  page = opened.page;
  await page.goto(await signInLink(carillon, "Robin"));
}, 90_000);
afterAll(async () => {
  await browser.close();
  await carillon.dispose();
});

/** What the sandbox of a provider signs in with. */
const account = (provider: "twilio" | "graph"): Record<string, string> =>
  JSON.parse(readFileSync(join(carillon.data, "sandbox", `${provider}.json`), "utf8")) as Record<string, string>;
const sent = async (channel: string, to: string): Promise<{ text: string; raw: string }[]> => {
  const answer = await fetch(`${carillon.credentials.sandboxUrl}/messages?channel=${channel}&to=${encodeURIComponent(to)}`);
  return ((await answer.json()) as { data: { text: string; raw: string }[] }).data;
};
const field = (label: string, within: Page = page): Locator => within.getByLabel(label, { exact: true });
const button = (name: string | RegExp, within: Page | Locator = page): Locator => within.getByRole("button", { name, exact: true });
const stages = (): Locator => page.getByRole("list", { name: "Test stages" }).getByRole("listitem");
const isSaved = (within: Page = page) => see(within.getByText("Everything is saved")).toBeVisible();
const openTab = async (tab: string, within: Page = page) => {
  await within.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: tab, exact: true }).click();
  await see(within.getByRole("heading", { level: 2, name: tab })).toBeVisible();
};
async function save(): Promise<void> {
  await button("Save").click();
  await isSaved();
}
async function testWith(name: string, outcome: RegExp): Promise<void> {
  await button(name).click();
  await see(page.getByText(outcome)).toBeVisible({ timeout: 20_000 });
}
const PASSED = /^Tested just now: (?!it failed)/;
const FAILED = /^Tested just now: it failed/;
/** Looks at the page as it stands, in every look. */
async function isGood(name: string): Promise<void> {
  for (const [look, { colorScheme, viewport }] of Object.entries(LOOKS) as [
    string,
    { colorScheme?: "light" | "dark"; viewport?: object },
  ][]) {
    await page.emulateMedia({ colorScheme: colorScheme ?? "light" });
    await page.setViewportSize((viewport as { width: number; height: number }) ?? { width: 1280, height: 720 });
    expect(await axe(page), `${name}, ${look}`).toEqual([]);
    expect(await overflow(page), `${name}, ${look}, is wider than its window`).toBeLessThanOrEqual(0);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 720 });
}

describe("SMS", () => {
  test("says what the manual says, and where Twilio calls back", async () => {
    await openTab("SMS");
    for (const label of ["Account SID", "Auth Token", "Phone Number", "Messaging Service SID"]) await see(field(label)).toBeVisible();
    await see(page.getByText("Twilio charges per SMS message. Monitor your Twilio usage dashboard to control costs.")).toBeVisible();
    await button("Copy the webhook address for Twilio").click();
    const { url, org } = carillon.credentials;
    await see.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(`${url}/hooks/twilio/${org}`);
    await see(page.getByText("Twilio can't call this address from the internet")).toBeVisible();
    await field("A text").fill("Grüße 🎉");
    await see(page.getByText("1 segment of UCS-2, 62 characters left in the last.")).toBeVisible();
  });

  test("a wrong token, a number that Twilio refuses, and one that it takes are told at their stages", async () => {
    const { authToken } = account("twilio");
    await button("Test SMS").click();
    await see(page.locator("#to-error")).toHaveText("A number with its country, such as +15551234567");
    await see(field("Send test to")).toBeFocused();
    await field("Send test to").fill(PHONE);
    await field("Auth Token").fill("0".repeat(32));
    await testWith("Test SMS", FAILED);
    await see(stages().first()).toContainText(/Credentials accepted, failed.*20003/);
    await field("Auth Token").fill(authToken!);
    await field("Send test to").fill(magicNumber(21610));
    await testWith("Test SMS", FAILED);
    await see(stages()).toContainText([/passed.*Sandbox account/, /passed.*can send SMS/, /Message accepted, failed.*21610/]);
    await field("Send test to").fill(PHONE);
    await testWith("Test SMS", PASSED);
    await see(stages()).toContainText([/passed/, /passed/, /Message accepted, passed/]);
    expect((await sent("sms", PHONE))[0]?.text).toMatch(/^Test message from .*: SMS works\.$/);
    await see(page.getByText("1 change not saved")).toBeVisible();
    await save();
    await see(page.getByText("Healthy", { exact: true })).toBeVisible();
  });

  test("a mistake stands at its field, nothing is lost by leaving, and the token is masked", async () => {
    await field("Phone Number").fill("12 34 not a number");
    await field("Account SID").fill("AC1");
    await button("Save").click();
    await see(page.locator("#accountSid-error")).toContainText("AC and 32 characters");
    await see(page.locator("#from-error")).toContainText("Your Twilio number");
    await see(field("Account SID")).toBeFocused();
    await isGood("SMS with mistakes");
    await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Email" }).click();
    await see(page.getByText("2 changes on this tab are not saved yet.")).toBeVisible();
    await button("Stay").click();
    await button("Discard").click();
    await isSaved();
    await see(field("Auth Token")).toHaveAttribute("placeholder", /unchanged/);
    await button("Show Auth Token").click();
    await see(field("Auth Token")).toHaveValue(account("twilio").authToken!);
    await button("Hide Auth Token").click();
    await field("Phone Number").fill("+1 (555) 123-4567");
    await page.keyboard.press("Control+s");
    await isSaved();
    expect((await admin("GET", "/channels/sms")).body.settings.from).toBe("+15551234567");
  });

  test("off parks, on tells the cost and lets go of every one exactly once", async () => {
    const toggle = page.getByRole("switch", { name: "SMS channel" });
    await toggle.click();
    await button("Switch off", page.getByRole("dialog")).click();
    await see(toggle).not.toBeChecked();
    for (const name of ["Stark", "Wayne"]) {
      const data = { deal: { name, amount: 12_000, currency: "EUR" } };
      await carillon.api("POST", "/v1/events", { type: "deal_closed_won", recipients: ["u1"], data });
    }
    await see(page.getByText("2 deliveries parked")).toBeVisible({ timeout: 10_000 });
    await toggle.click();
    const dialog = page.getByRole("dialog", { name: "Switch SMS on?" });
    await see(dialog).toContainText("2 deliveries are parked");
    await see(dialog).toContainText("Twilio counts about 2 SMS: some $0.02 to $0.20, by country.");
    await see(dialog.getByRole("radio")).toHaveCount(4);
    await isGood("the release dialogue");
    await button("Switch on", dialog).click();
    await see(toggle).toBeChecked();
    await until(async () => (await sent("sms", "+4915112345601")).length === 2, "both messages");
    await see(page.getByText("deliveries parked")).toBeHidden({ timeout: 10_000 });
    expect(await sent("sms", "+4915112345601")).toHaveLength(2);
  });
});

describe("WhatsApp", () => {
  const event = (type: string): Locator => page.getByRole("button", { name: new RegExp(`^${type} `) });

  test("the account's templates are listed with their state, with what is typed and not saved too", async () => {
    await openTab("WhatsApp");
    await see(page.getByText("WhatsApp Business API requires approval from Meta. Template messages must be pre-approved")).toBeVisible();
    await see(page.getByText("14 of 14 templates approved")).toBeVisible();
    await field("Access token").fill("wrong-token");
    await button("Refresh").click();
    await see(page.getByText("The templates could not be fetched.")).toBeVisible();
    await see(page.getByRole("alert")).toContainText(/Meta said: /);
    expect(await page.getByRole("alert").textContent()).not.toContain("wrong-token");
    await field("Access token").fill(account("graph").accessToken!);
    await button("Refresh").click();
    await see(page.getByText("The templates could not be fetched.")).toBeHidden();
    await button("Keep the stored one").click();
    await page.getByLabel("Find a template").fill("milestone");
    await see(page.getByRole("list", { name: "Templates" }).getByRole("listitem")).toHaveText([
      /crm_target_milestone.*high quality.*Approved.*Hello \{\{1\}\}/,
    ]);
    const { url, org } = carillon.credentials;
    await see(page.getByText(`${url}/hooks/whatsapp/${org}`)).toBeVisible();
    await page.getByText("Show the 14 samples").click();
    await button("Copy the body of crm_mention").click();
    await see.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain("Hello {{1}}, you were mentioned in {{2}}");
  });

  test("an event's template is chosen, its variables and its reading with them, for several languages of readers", async () => {
    await event("mention").click();
    expect(page.url()).toMatch(/\?event=mention$/);
    const bubble = page.getByRole("figure");
    await see(bubble).toContainText("Hello Ada, you were mentioned in Stark Industries by Kim: See page 4.");
    await field("{{2}}").selectOption("title");
    await see(bubble).toContainText("mentioned in New task: Call Acme by Kim");
    await field("Template").selectOption({ label: "crm_task_assigned · en" });
    await see(bubble).toContainText("Hello Ada, a task was assigned to you");
    await field("Another language of readers").fill("German");
    await button("Add").click();
    await see(page.getByText("A language such as de, or de-AT")).toBeVisible();
    await field("Another language of readers").fill("de");
    await page.keyboard.press("Enter");
    const german = page.getByRole("group", { name: "Readers of German (de)" });
    await see(german.getByLabel("Template")).toBeFocused();
    await german.getByLabel("Template").selectOption({ label: "crm_mention · en" });
    await isGood("an open event");
    await save();
    expect((await admin("GET", "/channels/whatsapp")).body.settings.templates.mention).toEqual({
      en: { name: "crm_task_assigned", language: "en", variables: ["recipient_name", "actorName", "text"] },
      de: { name: "crm_mention", language: "en", variables: ["recipient_name", "record_name", "actorName", "text"] },
    });
  });

  test("what was removed comes back from the approved sample", async () => {
    await button("Remove the template of mention, de").click();
    await button("Remove the template of mention, en").click();
    await see(event("mention")).toContainText("No template");
    await save();
    expect((await admin("GET", "/channels/whatsapp")).body.settings.templates).not.toHaveProperty("mention");
    await button("Use the approved samples for 1 event").click();
    await see(event("mention")).toContainText("crm_mention");
    await save();
  });

  test("a template that does not fit is told at its field and never sent to be saved", async () => {
    await page.route("**/admin/api/channels/whatsapp/templates", async (route) => {
      const list = (await (await route.fetch()).json()) as {
        templates: { name: string; status: string; parameters: { body: string[] } }[];
      };
      for (const template of list.templates) {
        if (template.name === "crm_note_added") template.status = "PAUSED";
        if (template.name === "crm_mention") template.parameters.body = ["1", "2"];
      }
      await route.fulfill({ json: list });
    });
    await button("Refresh").click();
    await see(event("note_added")).toContainText("The template is paused, not approved");
    await see(event("mention")).toContainText("The template has 2 variables, 4 are given");
    let puts = 0;
    page.on("request", (request) => void (puts += Number(request.method() === "PUT")));
    await field("{{2}}").selectOption("title");
    await see(page.getByText("1 event has a template that does not fit.")).toBeVisible();
    await isGood("a template that does not fit");
    await button("Save").click();
    await see(page.getByText("1 change not saved")).toBeVisible();
    expect(puts).toBe(0);
    await button("Discard").click();
    // What was saved before it stopped to fit hinders nothing else.
    await event("task_overdue").click();
    await field("{{3}}").selectOption("title");
    await save();
    expect(puts).toBe(1);
    await page.unroute("**/admin/api/channels/whatsapp/templates");
    await button("Refresh").click();
    await see(event("mention")).not.toContainText("variables");
  });

  test("the server has the last word, at the same field", async () => {
    const { body } = await admin("GET", "/channels/whatsapp");
    const templates = { ...body.settings.templates, mention: { en: { name: "crm_mention", language: "en", variables: ["title"] } } };
    const answer = await admin("PUT", "/channels/whatsapp", { version: body.version, settings: { ...body.settings, templates } });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: "settings.templates.mention.en.variables" }] } });
  });

  test("the test sends a template; a token that Meta has taken back is told with the remedy", async () => {
    await field("Send test to").fill(PHONE);
    await testWith("Test WhatsApp", PASSED);
    await see(stages()).toContainText([
      /Access token accepted, passed/,
      /14 of 14 approved, 14 of 14 chosen ones fit/,
      /Message accepted, passed/,
    ]);
    expect((await sent("whatsapp", PHONE))[0]?.text).toMatch(/^Hello Test, /);
    await field("Send test to").fill(magicNumber(131_056));
    await testWith("Test WhatsApp", FAILED);
    await see(stages().nth(2)).toContainText(/Message accepted, failed.*131056/);
  });

  test("two admins who change mappings see both in words", async () => {
    const kim = await openPage(browser, home);
    await kim.page.goto(await signInLink(carillon, "Kim"));
    await openTab("WhatsApp", kim.page);
    await kim.page.getByRole("button", { name: /^lead_assigned / }).click();
    await event("lead_assigned").click();
    await field("{{3}}").selectOption("title");
    await field("{{3}}", kim.page).selectOption("body");
    await button("Save", kim.page).click();
    await isSaved(kim.page);
    await button("Save").click();
    const dialog = page.getByRole("dialog", { name: "Someone else saved these settings" });
    await see(dialog.getByRole("group", { name: "lead_assigned, en: variables" })).toContainText(
      /recipient_name, lead_name, title.*recipient_name, lead_name, body/,
    );
    await button("Take theirs", dialog).click();
    await isSaved();
    await see(field("{{3}}")).toHaveValue("body");
    await kim.context.close();
  });
});

describe("Browser Push", () => {
  const settings = async () => (await admin("GET", "/channels/push")).body.settings;

  test("new keys over live ones ask, change nothing before Save, and then both pairs are live until the rotation is ended", async () => {
    const before = await settings();
    await openTab("Browser Push");
    await see(page.getByText("Encourage your team to accept the browser permission prompt.")).toBeVisible();
    await see(page.getByText(before.publicKey)).toBeVisible();
    await button("Generate VAPID Keys").click();
    await see(page.getByRole("dialog", { name: "Generate new keys over live ones?" })).toContainText("(5 browsers)");
    await button("Generate", page.getByRole("dialog")).click();
    await see(page.getByText("These keys are new and not live yet: save within 30 minutes.")).toBeVisible();
    expect(await settings()).toEqual(before);
    await save();
    const after = await settings();
    expect(after).toMatchObject({ previousPublicKey: before.publicKey });
    await see(page.getByText(after.publicKey)).toBeVisible();
    expect(await admin("POST", "/channels/push/reveal", { field: "privateKey" })).toMatchObject({ status: 403 });
    await see(page.getByText("5 browsers still to go.")).toBeVisible();
    await isGood("a rotation");
    await field("Subject").fill("mailto:push@acme.example");
    await button("End rotation").click();
    await see(page.getByRole("dialog")).toContainText("5 browsers still hold the previous pair");
    await button("End rotation", page.getByRole("dialog")).click();
    await see(page.getByText("The rotation has ended: one pair is live.")).toBeVisible();
    expect(await settings()).toEqual({ ...after, previousPublicKey: "" });
    await see(page.getByText("1 change not saved")).toBeVisible();
    await save();
    expect(await settings()).toMatchObject({ subject: "mailto:push@acme.example", publicKey: after.publicKey });
  });

  test("without permission the test says how to give it", async () => {
    await testWith("Test this browser", FAILED);
    await see(stages().first()).toContainText(/Permission of this browser, failed.*Allow them in the browser's settings/);
  });

  test("the test ends when this browser's service worker has shown the message", async () => {
    const { url, sandboxUrl } = carillon.credentials;
    const looked = await openPage(browser, home);
    await looked.context.grantPermissions(["notifications"], { origin: url });
    const { publicKey } = await settings();
    // The browser's own push service is out of reach here: the sandbox listens in its place, and DevTools bring what it got.
    const made = await fetch(`${sandboxUrl}/push/subscriptions`, { method: "POST", body: JSON.stringify({ person: "tester", publicKey }) });
    const { endpoint, p256dh, auth } = (await made.json()) as Record<string, string>;
    await looked.context.addInitScript(
      (json) => {
        const subscription = { ...json, toJSON: () => json, unsubscribe: async () => true, options: {} };
        PushManager.prototype.subscribe = async () => subscription as unknown as PushSubscription;
      },
      { endpoint, keys: { p256dh, auth } },
    );
    const devTools = await looked.context.newCDPSession(looked.page);
    const registrations: { registrationId: string; scopeURL: string }[] = [];
    devTools.on("ServiceWorker.workerRegistrationUpdated", (event) => void registrations.push(...event.registrations));
    await devTools.send("ServiceWorker.enable");
    await looked.page.goto(await signInLink(carillon, "Robin"));
    await openTab("Browser Push", looked.page);
    await button("Test this browser", looked.page).click();
    await until(async () => (await sent("push", "tester")).length === 1, "the message");
    const { payload } = JSON.parse((await sent("push", "tester"))[0]!.raw) as { payload: string };
    const { registrationId } = registrations.find(({ scopeURL }) => scopeURL.endsWith("/embed/push-test/"))!;
    await see(looked.page.getByText("Shown by this browser, running")).toBeAttached();
    await devTools.send("ServiceWorker.deliverPushMessage", { origin: url, registrationId, data: payload });
    await see(looked.page.getByText("Tested just now: this browser has shown the message.")).toBeVisible();
    await see(looked.page.getByRole("list", { name: "Test stages" }).getByRole("listitem")).toContainText([
      /Permission of this browser, passed/,
      /VAPID keys, passed/,
      /Push service known, passed/,
      /Message accepted, passed/,
      /Shown by this browser, passed/,
    ]);
    await see(looked.page.getByText("Healthy", { exact: true })).toBeVisible();
    expect(looked.problems).toEqual([]);
    await looked.context.close();
  }, 40_000);
});

describe("Overview", () => {
  const card = (name: string): Locator => page.getByRole("list", { name: "Channels" }).getByRole("listitem").filter({ hasText: name });

  test("is what the page begins with: the manual's table, how each channel stands, and what it was given", async () => {
    await page.goto(`${carillon.credentials.url}/`);
    await see(page.getByRole("heading", { level: 2, name: "Overview" })).toBeVisible();
    expect(page.url()).toMatch(/\/overview$/);
    for (const [name, words] of [
      ["In-App", "Built-in · Setup required: None — always available"],
      ["Email", "SMTP · Setup required: SMTP server configuration"],
      ["SMS", "Twilio · Setup required: Twilio account credentials"],
      ["WhatsApp", "WhatsApp Business API · Setup required: Business API configuration"],
      ["Browser Push", "Web Push (VAPID) · Setup required: VAPID key generation"],
    ] as const) {
      await see(card(`Setup required`).filter({ hasText: words })).toHaveCount(1);
      await see(page.getByRole("switch", { name: `${name} channel` })).toBeChecked();
    }
    const sms = card("Twilio");
    await see(sms).toContainText("Healthy");
    await see(sms).toContainText(/Last test\s*passed/);
    await sms.getByRole("link", { name: "2 sent" }).click();
    await see(page.getByRole("heading", { level: 2, name: "Delivery Log" })).toBeVisible();
    expect(page.url()).toMatch(/channel=sms&range=24h$/);
    await page.goBack();
  });

  test("its toggle asks as the tab's does, and parked ones are counted with the oldest", async () => {
    const toggle = page.getByRole("switch", { name: "Browser Push channel" });
    await toggle.click();
    await button("Switch off", page.getByRole("dialog", { name: "Switch Browser Push off?" })).click();
    await see(toggle).not.toBeChecked();
    await carillon.api("POST", "/v1/events", { type: "task_assigned", recipients: ["u2"], data: { task: { title: "Call Acme" } } });
    await see(card("Web Push")).toContainText(/Parked\s*1, the oldest from/, { timeout: 10_000 });
    await isGood("the overview");
    await toggle.click();
    await see(page.getByRole("dialog", { name: "Switch Browser Push on?" })).toContainText("1 delivery is parked");
    await button("Switch on", page.getByRole("dialog")).click();
    await see(toggle).toBeChecked();
    await see(card("Web Push")).toContainText(/Parked\s*none/, { timeout: 10_000 });
  });

  test("the first steps tick themselves, and are put away for this browser until they are asked for", async () => {
    const steps = page.locator("section", { hasText: "First steps" });
    const step = (name: string, state: string): Locator =>
      steps.getByRole("listitem").filter({ hasText: name }).getByRole("img", { name: state });
    await see(step("Enable in-app and email first", "Done")).toBeVisible();
    for (const name of ["Test every channel", "Review event routing", "Set sensible DND hours"])
      await see(step(name, "To do")).toBeVisible();
    for (const path of ["/routing", "/quiet-hours"]) {
      const { body } = await admin("GET", path);
      expect((await admin("PUT", path, body)).status).toBe(200);
    }
    await see(step("Review event routing", "Done")).toBeVisible({ timeout: 10_000 });
    await see(step("Set sensible DND hours", "Done")).toBeVisible();
    await see(steps).toContainText("Email");
    await button("Dismiss").click();
    await see(steps).toBeHidden();
    await page.reload();
    await see(card("Twilio")).toBeVisible();
    await see(steps).toBeHidden();
    await button("Show the first steps").click();
    await see(steps).toBeVisible();
  });
});

test("a channel that was never set up tells what comes next, and shows no errors before anybody has typed", async () => {
  const nothing = {
    enabled: false,
    configured: false,
    health: { state: "unconfigured" },
    settings: {},
    secrets: {},
    switched: null,
    tested: null,
  };
  for (const channel of ["sms", "whatsapp", "push"]) {
    await page.route(`**/admin/api/channels/${channel}`, async (route) => {
      await route.fulfill({ json: { ...((await (await route.fetch()).json()) as object), version: 1, ...nothing } });
    });
  }
  await page.reload();
  for (const [tab, testButton, empty] of [
    ["SMS", "Test SMS", "AC and 32 characters."],
    ["WhatsApp", "Test WhatsApp", "Enter the two IDs and the access token above, then fetch the templates"],
    ["Browser Push", "Test this browser", "There are no keys yet. Generate a pair, then save."],
  ] as const) {
    await openTab(tab);
    await see(page.getByText(`Next: Not set up yet. Fill in the fields below, click ${testButton}, click Save`)).toBeVisible();
    await see(page.getByText("Nothing is saved yet")).toBeVisible();
    await see(page.getByText(empty)).toBeVisible();
    await see(page.locator("[aria-invalid=true]")).toHaveCount(0);
    await isGood(`${tab}, not set up`);
    await button(testButton).click();
    await see(page.locator("[aria-invalid=true]").first()).toBeFocused();
  }
  await openTab("WhatsApp");
  await page.getByRole("button", { name: /^task_assigned / }).click();
  await see(page.getByRole("option")).toHaveText(["None"]);
  await page.unrouteAll();
});

test("a viewer sees every channel and changes none", async () => {
  const viewer = await openPage(browser, home);
  await viewer.page.goto(await signInLink(carillon, "Vera", "viewer"));
  await see(viewer.page.getByRole("switch", { name: "SMS channel" })).toBeDisabled();
  await openTab("SMS", viewer.page);
  await see(field("Account SID", viewer.page)).not.toBeEditable();
  await see(button("Test SMS", viewer.page)).toBeDisabled();
  await openTab("WhatsApp", viewer.page);
  await see(viewer.page.getByText("14 of 14 templates approved")).toBeVisible();
  await viewer.page.getByRole("button", { name: /^mention / }).click();
  await see(field("Template", viewer.page)).toBeDisabled();
  await see(button("Make one up", viewer.page)).toHaveCount(0);
  await openTab("Browser Push", viewer.page);
  await see(button("Generate VAPID Keys", viewer.page)).toHaveCount(0);
  await see(button("Save", viewer.page)).toHaveCount(0);
  expect(viewer.problems).toEqual([]);
  await viewer.context.close();
});

test("the browser complained of nothing but what was refused on purpose", () => {
  expect(opened.problems.filter((problem) => !/status of (409|422|502)/.test(problem))).toEqual([]);
});
