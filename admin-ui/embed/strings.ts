/** Every text of the bell. `{name}` is filled in. Set `bell.strings = {…}` to translate; what is left out stays English. */
export const STRINGS = {
  bell: "Notifications",
  bellUnread: "Notifications, {n} unread",
  markAll: "Mark all as read",
  preferences: "Preferences",
  close: "Close",
  search: "Search all notifications",
  filters: "Show",
  unread: "Unread",
  all: "All",
  archived: "Archived",
  dismissed: "Dismissed",
  fresh: "New",
  earlier: "Earlier",
  results: "Results",
  urgent: "Urgent",
  markRead: "Mark as read",
  markUnread: "Mark as unread",
  archive: "Archive",
  dismiss: "Dismiss",
  why: "Why did I get this?",
  older: "Load older",
  loading: "Loading…",
  reconnecting: "Reconnecting…",
  retry: "Try again",
  failed: "That did not work: {why}",
  arrived: "New notification: {title}",
  "empty-all": "You are all caught up",
  "empty-unread": "Nothing unread",
  "empty-archived": "Nothing archived",
  "empty-dismissed": "Nothing dismissed",
  "empty-search": "Nothing found for “{q}”",
  because: "“{type}” notifications reach you because {why}.",
  "why-matrix": "your organisation sends them to the bell",
  "why-quiet-hours": "they come silently during your quiet hours",
  "why-other": "of this rule: {why}",
};
export type Strings = typeof STRINGS;

export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/{(\w+)}/g, (hole, name: string) => values[name] ?? hole);
}

/** The reason of an item in a sentence. */
export function whyInWords(strings: Strings, type: string, why: string): string {
  const words = (strings as Record<string, string>)[`why-${why}`] ?? fill(strings["why-other"], { why: inWords(why) });
  return fill(strings.because, { type: inWords(type), why: words });
}

export const inWords = (word: string): string => word.replace(/[_-]/g, " ");
