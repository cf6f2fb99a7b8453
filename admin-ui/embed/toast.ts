import type { InboxItem } from "@carillon/shared/inbox";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { icon } from "./icons.ts";
import { itemLink } from "./panel.ts";
import type { Strings } from "./strings.ts";

export const TOAST_FOR = 7_000;
export const TOASTS_AT_ONCE = 3;

export type Toast = {
  item: InboxItem;
  text: Strings;
  href: string | null;
  open(event: Event, item: InboxItem): void;
  dismiss(item: InboxItem): void;
};

/** The live region has said it already, so a toast is only for the eye and the pointer. */
export function toastTemplate({ item, text, href, open, dismiss }: Toast): TemplateResult {
  const words = html`<b>${item.title}</b>${item.body ? html`<span class="body">${item.body}</span>` : nothing}`;
  return html`<div class="toast ${item.priority === "high" ? "urgent" : ""}" part="toast">
    ${itemLink(href, 0, words, (event) => open(event, item))}
    <button class="icon" aria-label=${text.close} @click=${() => dismiss(item)}>${icon("close")}</button>
  </div>`;
}
