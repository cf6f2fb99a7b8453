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
};
export type Strings = typeof STRINGS;

/** The words that every page beside the list needs besides those. */
export const FRAME_STRINGS = {
  back: "Back to notifications",
  "channel-in-app": "In-app",
  "channel-email": "Email",
  "channel-sms": "SMS",
  "channel-whatsapp": "WhatsApp",
  "channel-push": "Push",
};

export function fill(text: string, values: Record<string, string>): string {
  return text.replace(/{(\w+)}/g, (hole, name: string) => values[name] ?? hole);
}

export const inWords = (word: string): string => word.replace(/[_-]/g, " ");
