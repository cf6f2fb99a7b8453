import type { InboxItem } from "@carillon/shared/inbox";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { icon } from "./icons.ts";
import { itemLink, type Panel } from "./panel.ts";
import type { Strings } from "./strings.ts";

export const TOAST_FOR = 7_000;
export const TOASTS_AT_ONCE = 3;

/** The live region has said it already, so a toast is only for the eye and the pointer. */
export function toastTemplate(item: InboxItem, text: Strings, open: Panel["open"], dismiss: (item: InboxItem) => void): TemplateResult {
  const words = html`<b>${item.title}</b>${item.body ? html`<span class="body">${item.body}</span>` : nothing}`;
  return html`<div class="toast ${item.priority === "high" ? "urgent" : ""}">
    ${itemLink(item, 0, words, open)}
    <button class="icon" aria-label=${text.close} @click=${() => dismiss(item)}>${icon("dismiss")}</button>
  </div>`;
}
