/** The texts of the offer to push; part of the bell's `strings`. */
export const PUSH_STRINGS = {
  "push-reason": "Hear of what needs you also while this page is closed: your browser shows a message.",
  "push-yes": "Turn on",
  "push-no": "Not now",
  "push-on": "This browser now shows messages.",
  "push-denied": "This browser blocks messages from this page. Its site settings can allow them.",
};
export type PushStrings = typeof PUSH_STRINGS;
