/// <reference types="vite/client" />
import { wordsOf } from "./client.ts";
import type { Opening, Page } from "./page.ts";
import styles from "./push.css?inline";
import { ASKED } from "./push/asked.ts";
import { PUSH_STRINGS } from "./push/strings.ts";
import { subscribe, type PushStatus } from "./push/subscribe.ts";
import { fill, type Strings } from "./strings.ts";

type Offering = Pick<Opening, "html" | "bell" | "call" | "update"> & { server: string; worker: string };

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/** How long it is said what became of the question. */
const SAID_FOR = 8_000;

/**
 * Keeps this browser bound to the person where messages are allowed. Where nobody was asked yet, answers what draws the question, once
 * for each sign-in: the reason first, and only a click makes the browser ask. Null where there is nothing to ask.
 */
export async function offerPush({ html, bell, call, update, server, worker }: Offering): Promise<Page | null> {
  const { origin, href } = new URL(worker, location.href);
  if (origin !== location.origin || !("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return null;
  if (Notification.permission === "denied") return null;
  const status = await call<PushStatus>("GET", "/v1/me/push");
  if (!status.publicKey) return null;
  const subscribing = { server, worker: href, call, status };
  if (Notification.permission === "granted") {
    await subscribe(subscribing);
    return null;
  }
  if (localStorage.getItem(ASKED) === status.user) return null;

  const root = bell.shadowRoot!;
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
  const text = { ...PUSH_STRINGS, ...(bell.strings as Strings) };
  /** What became of the question; null while it stands. */
  let became: string | null = null;
  return () => {
    localStorage.setItem(ASKED, status.user);
    if (became !== null) return became ? html`<p class="notice" role="status">${became}</p>` : html``;
    return html`<div class="notice offer">
      <span>${text["push-reason"]}</span>
      <button class="text" @click=${accept}>${text["push-yes"]}</button>
      <button class="text" @click=${() => end("")}>${text["push-no"]}</button>
    </div>`;
  };

  async function accept(): Promise<void> {
    try {
      const permission = await Notification.requestPermission();
      if (permission === "granted") await subscribe(subscribing);
      end({ granted: text["push-on"], denied: text["push-denied"], default: "" }[permission]);
    } catch (problem) {
      end(fill(text.failed, { why: wordsOf(problem) }));
    }
  }

  function end(words: string): void {
    became = words;
    update();
    if (words) setTimeout(end, SAID_FOR, "");
  }
}
