import { AxeBuilder } from "@axe-core/playwright";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "@playwright/test";
import type { Instance } from "../harness/instance.ts";

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How the pages are looked at: light, dark, and as narrow as they have to work. */
export const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  "360 px wide": { viewport: { width: 360, height: 740 } },
} satisfies Record<string, BrowserContextOptions>;

export type Opened = {
  page: Page;
  context: BrowserContext;
  /** What the browser complained of: errors on the console, in scripts and of the content security policy, and requests to other origins. */
  problems: string[];
};

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGUMENTS });

/** A page in a browser profile of its own. `home` are the origins that it may ask. */
export async function openPage(browser: Browser, home: string[], options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...options });
  context.setDefaultTimeout(8_000);
  const problems: string[] = [];
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`CSP: ${violatedDirective} forbids ${blockedURI}`);
    });
  });
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`${message.text()} at ${message.location().url}`);
  });
  context.on("weberror", (error) => problems.push(String(error.error())));
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && !home.includes(origin)) problems.push(`asks ${origin}`);
  });
  return { page: await context.newPage(), context, problems };
}

/** What axe finds, in a line each. */
export async function axe(page: Page): Promise<string[]> {
  // What is still fading in has the contrast of neither end.
  await page.waitForFunction(() =>
    document.getAnimations().every(({ effect, playState }) => playState !== "running" || effect?.getTiming().iterations === Infinity),
  );
  // One frame and only what is wrong: four times as fast as what is asked for by default.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .options({ resultTypes: ["violations"] })
    .analyze();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} ${failureSummary}`).join("; ")}`,
  );
}

/** How many pixels the page is wider than its window. */
export const overflow = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** A fresh one-time sign-in link, as the CRM's backend asks for one. */
export async function signInLink(carillon: Instance, name: string, role = "owner"): Promise<string> {
  const { body } = await carillon.api("POST", "/v1/admin-tickets", {
    admin: { id: name.toLowerCase(), name, email: `${name.toLowerCase()}@example.com` },
    role,
  });
  return (body as { url: string }).url;
}

/** Opens a page with a bell and waits for its first frame: what happens from then on rings. */
export async function gotoLive(page: Page, url: string): Promise<void> {
  const live = page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived"));
  await Promise.all([live, page.goto(url)]);
}
