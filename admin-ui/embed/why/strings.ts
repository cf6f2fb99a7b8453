import type { State } from "@carillon/shared/ledger";
import type { Reason } from "@carillon/shared/reasons";
import { FRAME_STRINGS } from "../strings.ts";

/**
 * Every text of "Why did I get this?" beyond the bell's own; set through the same `bell.strings`. Names of events may be given as
 * `event-<type>`, and a reason that says something else on one channel as `why-<reason>-<channel>`. What may be filled in: `{type}` of
 * the event, `{time}` until when, `{priority}` of the event, `{why}` as the server put it.
 */
export const WHY_STRINGS = {
  ...FRAME_STRINGS,
  "why-change": "Change what reaches you",
  "priority-low": "low",
  "priority-normal": "normal",
  "priority-high": "high",
  "did-queued": "On its way",
  "did-sending": "On its way",
  "did-sent": "Sent",
  "did-delivered": "Delivered",
  "did-read": "Read",
  "did-held": "Held",
  "did-parked": "Waiting",
  "did-skipped": "Not sent",
  "did-failed": "Failed",
  "did-expired": "Expired",
  "did-cancelled": "Called off",
  "did-collapsed": "Replaced",
  "why-silent": "It came without a sound, because it was in your quiet hours.",
  "why-retry": "A first try did not get through; the next one is at {time}.",
  "why-failed": "It could not be delivered: {why}.",
  "why-matrix": "“{type}” is set to reach you here.",
  "why-matrix-off": "Your organisation has switched “{type}” off here.",
  "why-urgent-only": "Only urgent notifications come here, and this one was of {priority} priority.",
  "why-user-muted": "You muted “{type}” here.",
  "why-user-is-actor": "You did it yourself.",
  "why-no-address": "Your organisation knows no address of yours for this.",
  "why-no-address-push": "No browser of yours takes push notifications.",
  "why-address-gone": "Your address there takes no more messages.",
  "why-not-opted-in": "You have not agreed to messages here.",
  "why-not-configured": "Your organisation has not set this up.",
  "why-template-not-approved": "There is no approved text for it yet.",
  "why-scheduled": "It is meant for {time}.",
  "why-quiet-hours": "Your quiet hours last until {time}.",
  "why-digest": "It comes with your next digest, {time}.",
  "why-channel-off": "Your organisation has this switched off. It follows when that is on again.",
  "why-channel-fault": "Something is broken there. It follows when that is mended.",
  "why-budget": "Your organisation's spending limit is reached.",
  "why-spend-fallback": "It went another way to save cost.",
  "why-shown-in-tab": "You had it on the screen already.",
  "why-collapsed": "A newer one took its place, or it came together with others.",
  "why-expired": "It was no longer of use when it could have been sent.",
  "why-cancelled": "It was called off before it was sent.",
  "why-route-off": "Your organisation switched it off here before it was sent.",
  "why-dropped-at-release": "It was left out when your organisation switched this on again.",
  "why-escalation-stopped": "The matter was settled first.",
  "why-provider-rest": "It waits its turn; the next try is at {time}.",
} satisfies Record<`why-${Reason}` | `did-${State}`, string> & Record<string, string>;
export type WhyStrings = typeof WHY_STRINGS;
