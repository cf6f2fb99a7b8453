import { afterAll, beforeAll, expect, test } from "vitest";
import { Instance, until } from "../harness/instance.ts";
import { startFirefox, type Firefox } from "./firefox.ts";

const carillon = new Instance("deno");
let firefox: Firefox;

beforeAll(async () => {
  firefox = await startFirefox();
  await carillon.start();
}, 90_000);
afterAll(async () => {
  await firefox.close();
  await carillon.dispose();
});

const bell = 'document.querySelector("carillon-bell").shadowRoot';
const becomes = (expression: string, value: unknown, words: string) =>
  until(async () => (await firefox.evaluate(expression)) === value, words, 8_000);

test("Firefox: the start's link signs in and the Email tab shows what is saved", async () => {
  await firefox.goto(carillon.credentials.adminUrl);
  await becomes('document.querySelector("h2")?.textContent', "Overview", "the Overview");
  expect(await firefox.evaluate("location.href")).toBe(`${carillon.credentials.url}/overview`);
  await firefox.goto(`${carillon.credentials.url}/email`);
  await becomes('document.querySelector("h2")?.textContent', "Email", "the Email tab");
  const { host, port } = carillon.credentials.smtp;
  expect(await firefox.evaluate('document.querySelector("#host").value')).toBe(host);
  expect(await firefox.evaluate('document.querySelector("#port").value')).toBe(String(port));
  await firefox.evaluate('[...document.querySelectorAll("button")].find((each) => each.textContent.trim() === "Test Connection").click()');
  await becomes(
    '/^Tested just now: the server took/.test(document.querySelector("[aria-label=\\"Test stages\\"] + div")?.innerText.trim())',
    true,
    "the test passes",
  );
}, 40_000);

test("Firefox: the demo's bell rings live, and an item is read in its panel", async () => {
  await firefox.goto(`${carillon.credentials.url}/demo`);
  await becomes(
    `${bell}.querySelector("#bell").ariaLabel ?? ${bell}.querySelector("#bell").getAttribute("aria-label")`,
    "Notifications",
    "the bell",
  );
  const tell = (title: string) =>
    carillon.api("POST", "/v1/events", { type: "task_assigned", recipients: ["u1"], data: { task: { title } } });
  await tell("Before");
  await becomes(`${bell}.querySelector("#badge")?.textContent`, "1", "the bell is live");
  // A toast is gone after seven seconds, which a busy machine may need to be asked; so what was shown is remembered.
  await firefox.evaluate(`(() => {
    const place = ${bell}.querySelector("#toasts");
    window.toasts = [];
    new MutationObserver(() => window.toasts.push(place.textContent)).observe(place, { childList: true, subtree: true, characterData: true });
  })()`);
  await tell("From Firefox");
  await becomes(`${bell}.querySelector("#badge")?.textContent`, "2", "the badge");
  await becomes('window.toasts.some((text) => text.includes("From Firefox"))', true, "the toast");
  await firefox.evaluate(`${bell}.querySelector("#bell").click()`);
  await becomes(`${bell}.querySelector("li b")?.textContent.includes("From Firefox")`, true, "the item");
  await firefox.evaluate(`${bell}.querySelector("li .main").click()`);
  await becomes(`${bell}.querySelector("#badge")?.textContent`, "1", "it is read");
}, 40_000);
