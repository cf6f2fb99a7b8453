import { execFileSync } from "node:child_process";
import { expect as see, type Browser, type Locator, type Page } from "@playwright/test";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Instance, RUNTIMES, until } from "../harness/instance.ts";
import { freePort } from "../../worker/local/free-port.ts";
import { gotoLive, launch, openPage, signInLink, type Opened } from "./browser.ts";

const WARNING =
  "Store SMTP credentials securely. The password is encrypted at rest but visible to admin users on this settings page. Use a dedicated service account for SMTP, not a personal email account.";
const PRESETS = [
  { name: "Gmail", host: "smtp.gmail.com", note: "Requires App Password (not regular password)" },
  { name: "Microsoft 365", host: "smtp.office365.com", note: "Requires OAuth or App Password" },
  { name: "Amazon SES", host: "email-smtp.us-east-1.amazonaws.com", note: "Use IAM SMTP credentials" },
  { name: "SendGrid", host: "smtp.sendgrid.net", note: "Use API key as password" },
];
const STAGES = ["Name found", "TCP connection", "TLS encryption", "Login", "Sender accepted", "Recipient accepted", "Message accepted"];
const FIELDS = ["SMTP Host", "SMTP Port", "Username", "Password", "Encryption", "From Address", "From Name"];
const A_SECOND = 1_000;

describe.each(RUNTIMES)("the main job on %s, in a browser", (runtime) => {
  const carillon = new Instance(runtime);
  let browser: Browser;
  let admin: Opened;
  let page: Page;
  let home: string[];

  beforeAll(async () => {
    browser = await launch();
    await carillon.start();
    const { url, sandboxUrl } = carillon.credentials;
    home = [url, url.replace("http", "ws"), sandboxUrl];
    admin = await openPage(browser, home);
    page = admin.page;
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await carillon.dispose();
  });

  const field = (label: string): Locator => page.getByLabel(label, { exact: true });
  const button = (name: string): Locator => page.getByRole("button", { name, exact: true });
  const channel = (): Locator => page.getByRole("switch", { name: "Email channel" });
  const stages = (): Locator => page.getByRole("list", { name: "Test stages" }).getByRole("listitem");
  const isSaved = () => see(page.getByText("Everything is saved")).toBeVisible();

  async function fillIn(values: Record<string, string>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await field(label).fill(value);
  }
  async function discard(): Promise<void> {
    await button("Discard").click();
    await isSaved();
  }
  /** Tests what the form holds; answers how it ended, in the page's words. */
  async function testConnection(): Promise<string> {
    await button("Test Connection").click();
    const end = page.getByText(/^Tested just now: /);
    await see(end).toBeVisible({ timeout: 15_000 });
    return (await end.textContent()) ?? "";
  }

  test("the start's link opens the Overview, leaves no ticket in the address, and works once", async () => {
    const { adminUrl, url } = carillon.credentials;
    await page.goto(adminUrl);
    await see(page.getByRole("heading", { name: "Overview" })).toBeVisible();
    expect(page.url()).toBe(`${url}/overview`);
    await page.goBack();
    expect(page.url()).not.toContain("ticket");
    await page.goto(`${url}/email`);
    for (const label of FIELDS) await see(field(label)).toBeVisible();
    await see(page.getByText(WARNING)).toBeVisible();

    const stranger = await openPage(browser, home);
    await stranger.page.goto(adminUrl);
    await see(stranger.page.getByRole("heading", { name: "This link has been used or has expired" })).toBeVisible();
    await see(stranger.page.getByText("How to get a new link")).toBeVisible();
    expect(stranger.page.url()).not.toContain("ticket");
    await stranger.page.getByLabel("Sign-in link").fill(await signInLink(carillon, "Kim"));
    await stranger.page.getByRole("button", { name: "Sign in" }).click();
    await see(stranger.page.getByRole("heading", { name: "Overview" })).toBeVisible();
    await stranger.context.close();
  });

  test("presets fill the form in and show the manual's notes; what goes elsewhere asks for its password", async () => {
    await channel().click();
    await see(page.getByText("Deliveries stop at once")).toBeVisible();
    await button("Switch off").click();
    await see(channel()).not.toBeChecked();
    for (const { name, host, note } of PRESETS) {
      await button(name).click();
      await see(field("SMTP Host")).toHaveValue(host);
      await see(field("SMTP Port")).toHaveValue("587");
      await see(field("Encryption")).toHaveValue("tls");
      await see(page.getByText(`${name}: ${note}.`)).toBeVisible();
    }
    await see(field("Username")).toHaveValue("apikey");
    await see(page.getByText("Stored secrets will be cleared")).toBeVisible();
    await page.getByText("Amazon SES").click();
    await page.getByLabel("Region").selectOption("eu-central-1");
    await see(field("SMTP Host")).toHaveValue("email-smtp.eu-central-1.amazonaws.com");
    await fillIn({ "SMTP Port": "465" });
    await see(page.getByText("Port 465 speaks SSL from the first byte")).toBeVisible();
    await discard();
  });

  test("typed settings pass the test stage by stage, in the server's own words, and are saved", async () => {
    const { smtp } = carillon.credentials;
    await button("Gmail").click();
    await fillIn({
      "SMTP Host": smtp.host,
      "SMTP Port": String(smtp.port),
      Username: smtp.username,
      Password: smtp.password,
      "From Address": "crm@acme.example",
      "From Name": "Intellicon CRM",
      "Send test to": "robin@acme.example",
    });
    await field("Encryption").selectOption("TLS");
    expect(await testConnection()).toContain("the server took the message for robin@acme.example");
    await see(stages()).toContainText(STAGES.map((stage) => `${stage}, passed`));
    for (const words of ["220 ", "235 ", "250 "]) await see(stages().getByText(words).first()).toBeVisible();
    expect((await carillon.messages("&to=robin@acme.example"))[0]?.raw).toContain("From: Intellicon CRM <crm@acme.example>");
    await button("Save").click();
    await isSaved();
    await page.reload();
    await see(field("From Name")).toHaveValue("Intellicon CRM");
  });

  test("what was tested and then saved counts as tested; a change makes it untested, and that warns before it goes on", async () => {
    await see(page.getByText("Healthy", { exact: true })).toBeVisible();
    await fillIn({ "From Name": "Intellicon" });
    await button("Save").click();
    await isSaved();
    await see(page.getByText("Next: Click Test Connection below, then switch the channel on.")).toBeVisible();
    await channel().click();
    const dialog = page.getByRole("dialog", { name: "Switch Email on?" });
    await see(dialog).toContainText("Always send a test notification after configuring a new channel.");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await fillIn({ "From Name": "Intellicon CRM" });
    await testConnection();
    await button("Save").click();
    await isSaved();
    await see(page.getByText("Healthy", { exact: true })).toBeVisible();
    await channel().click();
    await see(channel()).toBeChecked();
  });

  test("the printed call reaches bell and mailbox within a second, and the log says why and how", async () => {
    const user = await openPage(browser, home);
    await gotoLive(user.page, `${carillon.credentials.url}/demo`);
    await see(user.page.getByLabel("Signed in as")).toHaveValue("u1");
    const bell = user.page.locator("carillon-bell").getByRole("button", { name: "Notifications", exact: true });
    await see(bell).toBeVisible();

    const call = /curl -X POST [^]*?'\{[^]*?\}'/.exec(carillon.output)?.[0] ?? "no call was printed";
    const answer = JSON.parse(execFileSync("sh", ["-c", call], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })) as object;
    const accepted = Date.now();
    expect(answer).toMatchObject({ accepted: 2, duplicate: false });
    const rung = user.page.locator("carillon-bell").getByRole("button", { name: "Notifications, 1 unread" });
    await see(rung).toHaveText("1");
    expect(Date.now() - accepted).toBeLessThan(A_SECOND);
    await rung.click();
    await see(user.page.getByRole("dialog", { name: "Notifications" }).getByRole("listitem")).toContainText(["Call Acme"]);

    await until(async () => (await carillon.messages("&to=ada@example.com")).length === 1, "Ada's mail");
    expect((await carillon.messages("&to=ada@example.com"))[0]).toMatchObject({ subject: expect.stringContaining("Call Acme") });
    await user.page.goto(carillon.credentials.sandboxUrl);
    await user.page.getByRole("button", { name: /Call Acme.*ada@example.com/ }).click();
    await see(user.page.getByRole("article")).toContainText("Kim");
    await see(user.page.frameLocator("iframe").getByText("Call Acme").first()).toBeVisible();
    expect(user.problems).toEqual([]);
    await user.context.close();

    await page.getByRole("link", { name: "Delivery Log" }).click();
    const row = (words: string) => page.getByRole("row").filter({ hasText: "Ada Adler" }).filter({ hasText: words });
    await see(row("In-App")).toContainText(/Delivered.*The routing matrix sends it/);
    await see(row("Email")).toContainText(/Sent.*The routing matrix sends it/);
    await see(page.getByRole("region", { name: "Ledger" })).toContainText("balances");
    await row("Email")
      .getByRole("button", { name: /Call Acme/ })
      .click();
    const detail = page.getByRole("dialog");
    await see(detail.getByText("Attempt 1: accepted by the provider")).toBeVisible();
    await see(detail).toContainText("250 2.0.0 Stored");
    await page.keyboard.press("Escape");
    await see(detail).toBeHidden();
  });

  test("whatever fails is shown at its stage with the server's words and a remedy", async () => {
    const { smtp } = carillon.credentials;
    await page.getByRole("link", { name: "Email" }).click();
    await field("Password").fill("wrong");
    expect(await testConnection()).toContain("it failed at the stage marked above");
    await see(stages()).toContainText([
      /passed/,
      /passed/,
      /passed/,
      /Login, failed.*535.*The server refused user name or password/,
      /not reached/,
      /not reached/,
      /not reached/,
    ]);
    await fillIn({ Password: smtp.password, "SMTP Port": String(await freePort()) });
    expect(await testConnection()).toContain("it failed at the stage marked above");
    await see(stages().nth(1)).toContainText(/TCP connection, failed.*Nothing answers at this host and port/);
    await fillIn({ "SMTP Port": String(smtp.port) });
    await field("Encryption").selectOption("SSL");
    expect(await testConnection()).toContain("it failed at the stage marked above");
    await see(stages().nth(2)).toContainText(/TLS encryption, failed.*choose TLS/i);
    await field("From Name").fill("Changed");
    await see(page.getByText("but you have changed something since")).toBeVisible();
    await discard();
  });

  test("a double click saves once; leaving asks; Ctrl+S saves", async () => {
    let saves = 0;
    const count = (request: { method(): string }) => void (saves += Number(request.method() === "PUT"));
    page.on("request", count);
    await field("From Name").fill("Twice");
    await button("Save").dblclick();
    await isSaved();
    page.off("request", count);
    expect(saves).toBe(1);
    await field("From Name").fill("Left");
    await page.getByRole("link", { name: "API Keys" }).click();
    await see(page.getByText("Leave without saving?")).toBeVisible();
    await button("Stay").click();
    await see(field("From Name")).toHaveValue("Left");
    expect(page.url()).toMatch(/\/email$/);
    await page.keyboard.press("Control+s");
    await isSaved();
  });

  test("a stored secret is masked, shown by the eye, copied, and told from a new one", async () => {
    const { password } = carillon.credentials.smtp;
    await see(field("Password")).toHaveValue("");
    await see(field("Password")).toHaveAttribute("placeholder", /••• {2}\(unchanged\)$/);
    await see(field("Password")).toHaveAttribute("type", "password");
    await button("Show Password").click();
    await see(field("Password")).toHaveValue(password);
    await isSaved();
    await button("Hide Password").click();
    await see(field("Password")).toHaveValue("");
    await button("Copy Password").click();
    await see.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(password);
    await field("Password").fill("another");
    await see(page.getByText("1 change not saved")).toBeVisible();
    await button("Keep the stored one").click();
    await isSaved();
  });

  test("two admins who save the same settings see both values and choose", async () => {
    const second = await openPage(browser, home);
    await second.page.goto(await signInLink(carillon, "Kim"));
    await second.page.getByRole("navigation").getByRole("link", { name: "Email" }).click();
    await field("From Name").fill("Robin's");
    await second.page.getByLabel("From Name").fill("Kim's");
    await second.page.getByRole("button", { name: "Save", exact: true }).click();
    await see(second.page.getByText("Everything is saved")).toBeVisible();
    await button("Save").click();
    const dialog = page.getByRole("dialog", { name: "Someone else saved these settings" });
    await see(dialog).toContainText(/Robin's.*Kim's/);
    await dialog.getByText("Kim's").click();
    await dialog.getByRole("button", { name: "Save as chosen" }).click();
    await isSaved();
    await see(field("From Name")).toHaveValue("Kim's");
    await second.context.close();
  });

  test("after a restart settings, history and log are as they were, and nobody has to sign in again", async () => {
    await carillon.stop();
    await carillon.start();
    await page.goto(`${carillon.credentials.url}/email`);
    await see(field("From Name")).toHaveValue("Kim's");
    await see(channel()).toBeChecked();
    await page.getByRole("link", { name: "Delivery Log" }).click();
    await see(page.getByRole("row").filter({ hasText: "Ada Adler" }).filter({ hasText: "Sent" })).toContainText("Call Acme");
    const user = await openPage(browser, home);
    await user.page.goto(`${carillon.credentials.url}/demo`);
    await user.page.locator("carillon-bell #bell").click();
    await see(user.page.getByRole("dialog", { name: "Notifications" })).toContainText("Call Acme");
    expect(user.problems).toEqual([]);
    await user.context.close();
    // A password that was refused, a conflict, a server that was away for a restart: the browser notes those by itself.
    expect(admin.problems.filter((problem) => !/status of 409|ERR_CONNECTION_REFUSED|WebSocket connection/.test(problem))).toEqual([]);
  }, 60_000);
});
