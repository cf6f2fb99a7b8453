import type { InboxFilter, InboxItem } from "@carillon/shared/inbox";
import { html, nothing, type TemplateResult } from "lit/html.js";
import { icon } from "./icons.ts";
import { fill, type Strings } from "./strings.ts";
import { isUnread, placeOf, relativeTime, safeLink, type View } from "./view.ts";

/** Each is also the name of its words and of its icon. */
export type Action = "markRead" | "markUnread" | "archive" | "dismiss" | "why";

/** Everything the panel shows and everything it can ask for; it decides nothing. */
export type Panel = {
  text: Strings;
  locale: string;
  now: number;
  unread: number;
  isOffline: boolean;
  view: View;
  list: { fresh: InboxItem[]; earlier: InboxItem[] };
  isLoading: boolean;
  failure: { text: string; retry: (() => void) | null } | null;
  offer: TemplateResult | "";
  active: number;
  show(filter: InboxFilter): void;
  search(q: string): void;
  older(): void;
  markAll(): void;
  prefer(): void;
  act(action: Action, item: InboxItem): void;
  open(event: Event, item: InboxItem): void;
  activate(index: number): void;
  reconnect(): void;
};

const FILTERS = ["unread", "all", "archived", "dismissed"] as const;

export function panelTemplate(panel: Panel): TemplateResult {
  const { text, view, failure } = panel;
  return html`
    <div class="head">
      <h2 id="title">${text.bell}</h2>
      <button class="text" ?disabled=${panel.unread === 0} @click=${panel.markAll}>${text.markAll}</button>
      <button class="icon" id="gear" aria-label=${text.preferences} @click=${panel.prefer}>${icon("preferences")}</button>
      <button class="icon" aria-label=${text.close} popovertarget="panel">${icon("dismiss")}</button>
      <label>
        ${icon("search")}
        <input
          type="search"
          aria-label=${text.search}
          placeholder=${text.search}
          value=${view.q}
          @input=${(event: InputEvent) => panel.search((event.target as HTMLInputElement).value)}
        />
      </label>
      <div class="filters" role="group" aria-label=${text.filters}>
        ${FILTERS.map((filter) => html`<button aria-pressed=${filter === view.filter} @click=${() => panel.show(filter)}>${text[filter]}</button>`)}
      </div>
    </div>
    ${panel.isOffline ? notice("status", text.reconnecting, text.retry, panel.reconnect) : nothing}
    ${failure && !(panel.isOffline && failure.retry) ? notice("alert", failure.text, text.retry, failure.retry) : nothing} ${panel.offer}
    <div class="scroll" aria-busy=${panel.isLoading}>${listTemplate(panel)}</div>
  `;
}

function notice(role: "status" | "alert", words: string, retryText: string, retry: (() => void) | null): TemplateResult {
  return html`<div class="notice" role=${role}>
    <span>${words}</span>
    ${retry ? html`<button class="text" @click=${retry}>${retryText}</button>` : nothing}
  </div>`;
}

function listTemplate(panel: Panel): TemplateResult | typeof nothing {
  const { text, view, list, isLoading } = panel;
  const { fresh, earlier } = list;
  if (fresh.length + earlier.length === 0) return isLoading ? skeleton(text) : panel.failure ? nothing : empty(panel);
  return html`
    ${section(panel, text.fresh, fresh, 0)} ${section(panel, view.q ? text.results : text.earlier, earlier, fresh.length)}
    ${view.next ? html`<button class="older" ?disabled=${isLoading} @click=${panel.older}>${isLoading ? text.loading : text.older}</button>` : nothing}
  `;
}

function section(panel: Panel, title: string, items: InboxItem[], from: number): TemplateResult | typeof nothing {
  if (items.length === 0) return nothing;
  return html`
    <h3>${title}</h3>
    <ul aria-label=${title}>
      ${items.map((item, index) => row(panel, item, from + index))}
    </ul>
  `;
}

function row(panel: Panel, item: InboxItem, index: number): TemplateResult {
  const { text } = panel;
  const isActive = index === panel.active;
  const unread = isUnread(item);
  const words = html`
    <span class="line">
      <b>${item.title}</b>
      <time datetime=${item.createdAt} title=${new Date(item.createdAt).toLocaleString(panel.locale)}>
        ${relativeTime(Date.parse(item.createdAt), panel.now, panel.locale)}
      </time>
    </span>
    ${item.body ? html`<span class="body">${item.body}</span>` : nothing} ${marks(panel, item, unread)}
  `;
  return html`
    <li
      class=${unread ? "unread" : ""}
      @focusin=${() => panel.active === index || panel.activate(index)}
      @keydown=${(event: KeyboardEvent) => event.key === "Delete" && panel.act("dismiss", item)}
    >
      ${itemLink(item, isActive ? 0 : -1, words, panel.open)}
      <div class="actions">
        ${actionsOf(item, unread).map(
          (action) => html`
            <button
              class="icon"
              tabindex=${isActive ? 0 : -1}
              title=${text[action]}
              aria-label="${text[action]}: ${item.title}"
              @click=${() => panel.act(action, item)}
            >
              ${icon(action)}
            </button>
          `,
        )}
      </div>
    </li>
  `;
}

function actionsOf(item: InboxItem, unread: boolean): Action[] {
  if (item.dismissedAt) return ["why"];
  if (item.archivedAt) return ["dismiss", "why"];
  return [unread ? "markRead" : "markUnread", "archive", "dismiss", "why"];
}

function marks({ text, view }: Panel, item: InboxItem, unread: boolean): TemplateResult {
  const place = placeOf(item);
  return html`<span class="marks">
    ${item.priority === "high" ? html`<span class="mark urgent">${text.urgent}</span>` : nothing}
    ${place !== "all" && place !== view.filter ? html`<span class="mark">${text[place]}</span>` : nothing}
    ${unread ? html`<span class="hidden">${text.unread}</span>` : nothing}
  </span>`;
}

/** What is clicked to open an item: a link where there is a safe one, else a button that only marks. */
export function itemLink(item: InboxItem, tabindex: number, words: TemplateResult, open: Panel["open"]): TemplateResult {
  const href = safeLink(item.link);
  const click = (event: Event) => open(event, item);
  return href
    ? html`<a class="main" href=${href} tabindex=${tabindex} @click=${click}>${words}</a>`
    : html`<button class="main" tabindex=${tabindex} @click=${click}>${words}</button>`;
}

function skeleton(text: Strings): TemplateResult {
  return html`<div role="status" aria-label=${text.loading}><i></i><i></i><i></i><i></i></div>`;
}

function empty({ text, view }: Panel): TemplateResult {
  return html`<div class="empty">
    ${icon(view.q ? "search" : "bell")}
    <p>${fill(text[`empty-${view.q ? "search" : view.filter}`], { q: view.q })}</p>
  </div>`;
}
