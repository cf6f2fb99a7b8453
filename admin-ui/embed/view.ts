import type { InboxFilter, InboxItem } from "@carillon/shared/inbox";

/** What the panel lists: a filter over the known items, or the server's answer to a search over the whole history. */
export type View = {
  filter: InboxFilter;
  q: string;
  /** The answer to a search, in the server's order. */
  found: string[];
  /** History is loaded down to this sequence number; Infinity before the first page, 0 at the end. */
  floor: number;
  /** Where "Load older" goes on; null when all is here. */
  next: string | null;
  /** Items that were unread when first listed. They keep their place when read, so that nothing jumps under the pointer. */
  fresh: Map<string, boolean>;
};

export const createView = (filter: InboxFilter, q: string): View => ({
  filter,
  q,
  found: [],
  floor: Infinity,
  next: null,
  fresh: new Map(),
});

export function addPage(view: View, page: { data: InboxItem[]; next: string | null }): void {
  view.found.push(...page.data.map((item) => item.id));
  view.next = page.next;
  view.floor = page.next === null ? 0 : Math.min(view.floor, ...page.data.map((item) => item.seq));
}

/** The items to show, unread ones first, each part newest first. */
export function listed(view: View, items: InboxItem[]): { fresh: InboxItem[]; earlier: InboxItem[] } {
  const fresh: InboxItem[] = [];
  const earlier: InboxItem[] = [];
  for (const item of view.q ? inOrder(view.found, items) : items.filter((item) => belongs(view, item))) {
    if (!view.fresh.has(item.id)) view.fresh.set(item.id, isUnread(item));
    (view.fresh.get(item.id) ? fresh : earlier).push(item);
  }
  return { fresh, earlier };
}

/** The one filter under which an item stands, whether it is read or not. */
export const placeOf = (item: InboxItem): "all" | "archived" | "dismissed" =>
  item.dismissedAt ? "dismissed" : item.archivedAt ? "archived" : "all";

export const isUnread = (item: InboxItem): boolean => !item.readAt && placeOf(item) === "all";

function inOrder(ids: string[], items: InboxItem[]): InboxItem[] {
  return ids.flatMap((id) => items.find((item) => item.id === id) ?? []);
}

/** Below the floor only unread items show: a changed old one is known, but not what stands around it. */
const belongs = ({ filter, floor }: View, item: InboxItem): boolean =>
  filter === "unread" ? isUnread(item) : filter === placeOf(item) && (isUnread(item) || item.seq >= floor);

/** A link that may be followed: http or https, or relative to the page. */
export function safeLink(link: string | null, base = document.baseURI): string | null {
  if (!link || !URL.canParse(link, base)) return null;
  const { href } = new URL(link, base);
  return /^https?:/.test(href) ? href : null;
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** "5 min. ago"; after a week the date says more. */
export function relativeTime(at: number, now: number, locale: string): string {
  const age = Math.max(0, now - at);
  if (age >= 7 * 86_400_000) return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(at);
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  for (const [unit, size] of UNITS) {
    if (age >= size) return format.format(-Math.floor(age / size), unit);
  }
  return format.format(0, "second");
}
