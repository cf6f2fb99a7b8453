/// <reference types="vite/client" />
import type { InboxFilter, InboxItem } from "@carillon/shared/inbox";
import { html, render, type TemplateResult } from "lit/html.js";
import styles from "./bell.css?inline";
import { connect, wordsOf, type Connection, type ConnectOptions, type ConnectionState } from "./client.ts";
import { icon } from "./icons.ts";
import { panelTemplate, type Action } from "./panel.ts";
import { STRINGS, fill, type Strings } from "./strings.ts";
import { pageLocale } from "./locale.ts";
import type { Opening, Page, PageStrings } from "./page.ts";
import { ASKED } from "./push/asked.ts";
import { TOAST_FOR, TOASTS_AT_ONCE, toastTemplate } from "./toast.ts";
import { addPage, createView, isUnread, listed, type View } from "./view.ts";

export type ItemEvent = CustomEvent<{ item: InboxItem }>;

const SEARCH_AFTER = 250;
const CLOCK_EVERY = 30_000;
const UNREAD_AT_ONCE = 100;

const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/**
 * `<carillon-bell server="https://…">`: a person's notifications on any page. The page gives it a token: `bell.token = async () => "…"`.
 * `theme="light|dark|auto"`, `strings` to translate; `push-worker="/sw.js"` names the page's own service worker that includes
 * `push-sw.js`, and lets the bell offer browser push. Fires `carillon:item` for each new item and `carillon:open` before an item's
 * link is followed; a page that routes by itself calls `preventDefault()` on the latter. The CSS property `--carillon-toasts` is the
 * `inset` of its toasts, which stand at the bottom right unless said otherwise.
 */
class CarillonBell extends HTMLElement {
  static observedAttributes = ["server"];

  #root = this.attachShadow({ mode: "open" });
  #token: ConnectOptions["token"] | null = null;
  #strings: Strings = STRINGS;
  #connection: Connection | null = null;
  #view: View = createView("all", "");
  #isOpen = false;
  #isLoading = false;
  #failure: { text: string; retry: (() => void) | null } | null = null;
  /** The place of the one item that Tab reaches; the arrows move it. */
  #active = 0;
  /** Stands in the panel instead of the list. */
  #page: Page | null = null;
  /** Stands above the list. */
  #offer: Page | null = null;
  #toasts: InboxItem[] = [];
  #announcement = "";
  #typing: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  #isDue = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
    // What the page set before this class was there hides our setters: give it to them.
    for (const name of ["token", "strings"] as const) {
      const early = this[name];
      delete (this as Partial<CarillonBell>)[name];
      Object.assign(this, { [name]: early });
    }
  }

  /** Where Carillon answers; the origin of this script unless said otherwise. */
  get server(): string {
    return this.getAttribute("server") ?? new URL(import.meta.url).origin;
  }
  set server(server: string) {
    this.setAttribute("server", server);
  }

  /** Asks the page for a token of the signed-in person. Set anew, the bell begins anew: for another person, or null for none. */
  get token(): ConnectOptions["token"] | null {
    return this.#token;
  }
  set token(token: ConnectOptions["token"] | null) {
    if (this.#token && !token) localStorage.removeItem(ASKED);
    this.#token = token;
    this.#start();
  }

  /** Texts that take the place of the English ones. */
  get strings(): Partial<Strings & PageStrings> {
    return this.#strings;
  }
  set strings(strings: Partial<Strings & PageStrings>) {
    this.#strings = { ...STRINGS, ...strings };
    this.#update();
  }

  connectedCallback(): void {
    this.#start();
  }

  disconnectedCallback(): void {
    this.#isOpen = false;
    this.#stop();
  }

  attributeChangedCallback(): void {
    this.#start();
  }

  /** Draws once for all changes of this turn. */
  #update = (): void => {
    if (!this.#isDue) queueMicrotask(this.#draw);
    this.#isDue = true;
  };

  #draw = (): void => {
    this.#isDue = false;
    render(this.#template(), this.#root);
    const toasts = this.#element("toasts");
    if (this.isConnected && toasts.matches(":popover-open") !== this.#toasts.length > 0) toasts.togglePopover();
  };

  #template(): TemplateResult {
    const text = this.#strings;
    const { unread = 0, problem = null }: Partial<ConnectionState> = this.#connection?.state ?? {};
    return html`
      <button
        id="bell"
        part="button"
        popovertarget="panel"
        aria-haspopup="dialog"
        aria-expanded=${this.#isOpen}
        aria-label=${unread > 0 ? fill(text.bellUnread, { n: String(unread) }) : text.bell}
      >
        ${icon("bell")}${unread > 0 ? html`<span id="badge">${unread > 99 ? "99+" : unread}</span>` : ""}
      </button>
      <div
        id="panel"
        part="panel"
        popover
        role="dialog"
        tabindex="-1"
        autofocus
        aria-labelledby="title"
        @beforetoggle=${this.#toggle}
        @toggle=${this.#toggle}
        @keydown=${this.#move}
      >
        ${
          this.#isOpen
            ? (this.#page?.() ??
              panelTemplate({
                text,
                locale: pageLocale(),
                now: Date.now(),
                unread,
                isOffline: problem !== null,
                view: this.#view,
                list: listed(this.#view, this.#connection?.items() ?? []),
                isLoading: this.#isLoading,
                failure: this.#failure,
                offer: this.#offer?.() ?? "",
                active: this.#active,
                show: (filter) => this.#show(filter, this.#view.q),
                search: this.#search,
                older: () => this.#load(true),
                markAll: () => this.#try(this.#connection?.markAll()),
                prefer: () => this.#turnTo(import("./preferences.ts")),
                act: this.#act,
                open: this.#open,
                activate: (index) => this.#activate(index),
                reconnect: () => this.#connection?.retry(),
              }))
            : ""
        }
      </div>
      <div id="toasts" popover="manual">${this.#toasts.map((item) => toastTemplate(item, text, this.#open, this.#endToast))}</div>
      <div class="hidden" role="status">${this.#announcement}</div>
    `;
  }

  #start(): void {
    this.#stop();
    if (!this.#token || !this.isConnected) return;
    this.#connection = connect({
      server: this.server,
      token: this.#token,
      onChange: this.#update,
      onLive: () => this.#failure?.retry?.(),
      onItem: (item) => this.#arrive(item),
    });
    this.#askForPush().catch(() => {}); // the bell works without
    if (this.#isOpen) this.#show("all", "");
  }

  #stop(): void {
    this.#connection?.close();
    this.#connection = this.#page = this.#offer = null;
    this.#toasts = [];
    clearTimeout(this.#typing);
    clearInterval(this.#clock);
    this.#update();
  }

  async #askForPush(): Promise<void> {
    const [connection, worker] = [this.#connection, this.getAttribute("push-worker")];
    if (!connection || !worker) return;
    const { offerPush } = await import("./push.ts");
    const offer = await offerPush({ html, bell: this, call: connection.call, update: this.#update, server: this.server, worker });
    if (connection !== this.#connection) return; // somebody else has signed in since
    this.#offer = offer;
    this.#update();
  }

  #arrive(item: InboxItem): void {
    this.#fire("carillon:item", item);
    if (item.silent || !isUnread(item)) return;
    this.#announcement = fill(this.#strings.arrived, { title: item.title });
    if (this.#isOpen) void this.#seen([item]);
    else if (document.visibilityState === "visible") this.#toast(item);
    this.#update();
  }

  #toast(item: InboxItem): void {
    this.#toasts = [...this.#toasts, item].slice(-TOASTS_AT_ONCE);
    const end = () => {
      if (this.#element("toasts").matches(":hover, :focus-within")) setTimeout(end, TOAST_FOR);
      else this.#endToast(item);
    };
    setTimeout(end, TOAST_FOR);
  }

  #endToast = (item: InboxItem): void => {
    this.#toasts = this.#toasts.filter((other) => other.id !== item.id);
    this.#update();
  };

  /** Filled before it shows and emptied after it has gone, so that focus finds its way back to the button. */
  #toggle = ({ type, newState }: ToggleEvent): void => {
    if ((newState === "open") !== (type === "beforetoggle")) return;
    this.#isOpen = newState === "open";
    clearInterval(this.#clock);
    if (!this.#isOpen) {
      // Browsers do not restore focus inside a shadow root; where the person has put it elsewhere, it stays.
      if ([this, document.body].includes(document.activeElement as HTMLElement)) this.#element("bell").focus();
      return this.#update();
    }
    this.#toasts = [];
    this.#clock = setInterval(this.#update, CLOCK_EVERY);
    this.#show("all", "");
  };

  #show(filter: InboxFilter, q: string): void {
    this.#page = null;
    this.#view = createView(filter, q);
    this.#active = 0;
    void this.#load(false);
  }

  #search = (q: string): void => {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#show(this.#view.filter, q.trim()), SEARCH_AFTER);
  };

  async #load(isOlder: boolean): Promise<void> {
    const [connection, view] = [this.#connection, this.#view];
    if (!connection) return;
    this.#isLoading = true;
    this.#failure = null;
    this.#update();
    try {
      const { filter, q } = view;
      const [page] = await Promise.all([
        connection.page({ filter, q, cursor: view.next }),
        // Unread ones come first however old they are.
        filter === "all" && !q && !isOlder ? connection.page({ filter: "unread", limit: UNREAD_AT_ONCE }) : null,
      ]);
      if (view !== this.#view) return; // the person has asked for something else since
      addPage(view, page);
    } catch (problem) {
      if (view !== this.#view) return;
      this.#fail(problem, () => void this.#load(isOlder));
    }
    this.#isLoading = false;
    this.#update();
    void this.#seen(connection.items());
  }

  #seen(items: InboxItem[]): Promise<void> {
    return this.#try(
      this.#connection?.seen(
        items
          .filter((item) => !item.seenAt)
          .map((item) => item.id)
          .slice(0, UNREAD_AT_ONCE),
      ),
    );
  }

  #act = async (action: Action, item: InboxItem): Promise<void> => {
    const index = this.#active;
    if (action === "why") return this.#turnTo(import("./why.ts"), item);
    void this.#try(this.#connection?.[action]([item.id]));
    this.#update();
    await null; // until it is drawn
    if (!this.#root.activeElement) this.#activate(index);
  };

  /** A click on an item: it is read, and its link is followed unless the page says that it does so itself. */
  #open = (event: Event, item: InboxItem): void => {
    if (isUnread(item)) void this.#try(this.#connection?.markRead([item.id]));
    this.#endToast(item);
    if (!this.#fire("carillon:open", item)) event.preventDefault();
    if (event.currentTarget instanceof HTMLAnchorElement && this.#isOpen) this.#element("panel").hidePopover();
  };

  /** Loads a page and shows it in the panel; `item` is the one that it is about. */
  #turnTo(load: Promise<{ openPage(opening: Opening): Page }>, item?: InboxItem): Promise<void> {
    const turn = load.then(({ openPage }) => {
      this.#page =
        this.#connection &&
        openPage({
          html,
          bell: this,
          item,
          call: this.#connection.call,
          update: this.#update,
          show: (page) => {
            this.#page = page;
            this.#update();
          },
        });
    });
    return this.#try(turn);
  }

  async #try(call: Promise<void> | undefined): Promise<void> {
    try {
      await call;
    } catch (problem) {
      this.#fail(problem);
    }
  }

  #fail(problem: unknown, retry: (() => void) | null = null): void {
    this.#failure = { text: fill(this.#strings.failed, { why: wordsOf(problem) }), retry };
    this.#update();
  }

  #move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || (step < 0 && event.target instanceof HTMLInputElement)) return;
    const isOnItem = this.#root.activeElement?.closest("li");
    this.#activate(isOnItem ? this.#active + step : step > 0 ? 0 : Infinity);
    event.preventDefault();
  };

  #activate(index: number): void {
    const mains = [...this.#root.querySelectorAll<HTMLElement>(".main")];
    this.#active = Math.max(0, Math.min(index, mains.length - 1));
    (mains[this.#active] ?? this.#element("panel")).focus();
    this.#update();
  }

  #fire(name: "carillon:item" | "carillon:open", item: InboxItem): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail: { item }, bubbles: true, composed: true, cancelable: true }));
  }

  #element(id: string): HTMLElement {
    return this.#root.querySelector<HTMLElement>(`#${id}`)!;
  }
}

if (!customElements.get("carillon-bell")) customElements.define("carillon-bell", CarillonBell);

export type { CarillonBell };

declare global {
  interface HTMLElementTagNameMap {
    "carillon-bell": CarillonBell;
  }
  interface HTMLElementEventMap {
    "carillon:item": ItemEvent;
    "carillon:open": ItemEvent;
  }
}
