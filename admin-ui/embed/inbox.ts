import type { InboxItem, InboxMark, ServerFrame } from "@carillon/shared/inbox";

/**
 * What a browser knows of a person's inbox. It changes only by the functions below, which do no I/O and take time as an argument.
 * An item is itself by its id, the higher revision wins, and `unread` is always the server's own count.
 */
export type Inbox = {
  items: Map<string, InboxItem>;
  /** Marks that are shown but not yet answered. */
  pending: Set<PendingMark>;
  unread: number;
  /** Every change up to this revision is here; the next hello asks for what came after. */
  resume: number;
  /** False from hello to the last sync: until then live frames are shown but must not move `resume`, or a cut would leave a gap. */
  isCaughtUp: boolean;
  /** Items above this sequence number are news; null until the first page has told where news begin. */
  newsAbove: number | null;
  /** False until the first sync is complete: what was put away by then is history, which the first page did not show. */
  knowsHistory: boolean;
  told: Set<string>;
};

export type PendingMark = { mark: InboxMark; at: string; revs: Map<string, number> };

/** `after` is the revision a caller already has; everything later is news to it. */
export function createInbox(after: number | null): Inbox {
  return {
    items: new Map(),
    pending: new Set(),
    unread: 0,
    resume: after ?? 0,
    isCaughtUp: false,
    newsAbove: after === null ? null : 0,
    knowsHistory: after !== null,
    told: new Set(),
  };
}

/** Takes in one frame and answers the items that are news: each exactly once, however often it is sent. */
export function receive(inbox: Inbox, frame: ServerFrame, at: string): InboxItem[] {
  if (frame.type === "sync") return receiveSync(inbox, frame);
  if (!("rev" in frame)) return [];
  inbox.unread = frame.unread;
  if (inbox.isCaughtUp) inbox.resume = Math.max(inbox.resume, frame.rev);
  if (frame.type === "item") return put(inbox, [frame.item]);
  frame.ids.forEach((id, index) => {
    const rev = frame.rev - frame.ids.length + index + 1;
    const item = inbox.items.get(id);
    if (item && item.rev < rev) inbox.items.set(id, { ...marked(item, frame.state, at), rev });
  });
  return [];
}

function receiveSync(inbox: Inbox, frame: Extract<ServerFrame, { type: "sync" }>): InboxItem[] {
  if (frame.rev < inbox.resume) {
    // The server counts anew (the person was erased and came back): nothing known here is true any more.
    inbox.items.clear();
    inbox.told.clear();
    inbox.resume = 0;
    return [];
  }
  const news = put(inbox, frame.items);
  inbox.unread = frame.unread;
  inbox.resume = frame.rev;
  inbox.isCaughtUp = !frame.more;
  inbox.knowsHistory ||= inbox.isCaughtUp;
  return news;
}

/**
 * Takes in a page that was read before the first hello. It is one snapshot, so whatever changed after it has a higher revision
 * than any item on it: resuming from there leaves no gap.
 */
export function beginWith(inbox: Inbox, page: InboxItem[]): void {
  put(inbox, page);
  inbox.resume = Math.max(0, ...page.map((item) => item.rev));
  inbox.newsAbove = Math.max(0, ...page.map((item) => item.seq));
}

/** Keeps the newer of what is known and what came, and answers what is news. */
export function put(inbox: Inbox, items: InboxItem[]): InboxItem[] {
  const news: InboxItem[] = [];
  for (const item of items) {
    const known = inbox.items.get(item.id);
    if (!known || item.rev >= known.rev) inbox.items.set(item.id, item);
    if (inbox.newsAbove === null || item.seq <= inbox.newsAbove || inbox.told.has(item.id)) continue;
    if (!inbox.knowsHistory && isPutAway(item)) continue;
    inbox.told.add(item.id);
    news.push(item);
  }
  return news;
}

const isPutAway = (item: InboxItem): boolean => item.dismissedAt !== null || item.archivedAt !== null;

/** Shows a mark before the server has answered. */
export function markAtOnce(inbox: Inbox, mark: InboxMark, ids: string[] | "all", at: string): PendingMark {
  const revs = new Map<string, number>();
  for (const id of ids === "all" ? inbox.items.keys() : ids) {
    const item = inbox.items.get(id);
    if (item) revs.set(id, item.rev);
  }
  const pending = { mark, at, revs };
  inbox.pending.add(pending);
  return pending;
}

/** The server has answered: a refused mark is taken back, an accepted one stays unless a frame has already said more. */
export function settle(inbox: Inbox, pending: PendingMark, isAccepted: boolean): void {
  inbox.pending.delete(pending);
  if (!isAccepted) return;
  for (const [id, rev] of pending.revs) {
    const item = inbox.items.get(id);
    if (item?.rev === rev) inbox.items.set(id, marked(item, pending.mark, pending.at));
  }
}

/** All known items with the pending marks shown, newest first. */
export function itemsOf(inbox: Inbox): InboxItem[] {
  return [...inbox.items.values()].map((item) => withPending(inbox, item)).sort((a, b) => b.seq - a.seq);
}

function withPending(inbox: Inbox, item: InboxItem): InboxItem {
  for (const { mark, at, revs } of inbox.pending) {
    if (revs.has(item.id)) item = marked(item, mark, at);
  }
  return item;
}

function marked(item: InboxItem, mark: InboxMark, at: string): InboxItem {
  switch (mark) {
    case "read":
      return { ...item, readAt: item.readAt ?? at, seenAt: item.seenAt ?? at };
    case "unread":
      return { ...item, readAt: null };
    case "seen":
      return { ...item, seenAt: item.seenAt ?? at };
    case "archive":
      return { ...item, archivedAt: item.archivedAt ?? at };
    case "dismiss":
      return { ...item, dismissedAt: item.dismissedAt ?? at };
  }
}
