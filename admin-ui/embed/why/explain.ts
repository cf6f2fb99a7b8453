import type { MyEvent } from "@carillon/shared/my-event";
import { fill, inWords, type Strings } from "../strings.ts";
import type { WhyStrings } from "./strings.ts";

type Delivery = MyEvent["deliveries"][number];
/** What became of an event on a channel: the channel's name, what was done, and the reason in a sentence. */
export type Explained = { channel: string; did: string; why: string };

const WEEK = 6 * 86_400_000;

/** Each channel of an event in words. `isSilent` is the item's own: whether it came without a sound. */
export function explain(
  text: Strings & WhyStrings,
  { type, priority, timeZone, deliveries }: MyEvent,
  isSilent: boolean,
  locale: string,
  now: number,
): Explained[] {
  const words: Record<string, string> = text;
  return deliveries.map((delivery) => {
    const { channel, state, reason, until, localUntil } = delivery;
    const key = `why-${keyOf(delivery, isSilent)}`;
    return {
      channel: words[`channel-${channel}`] ?? channel,
      did: words[`did-${state}`] ?? state,
      why: fill(words[`${key}-${channel}`] ?? words[key] ?? text["why-failed"], {
        type: typeInWords(words, type),
        priority: words[`priority-${priority}`]!,
        time: until && localUntil ? `${timeOf(until, localUntil, locale, now)} ${timeZone}` : "",
        why: inWords(reason),
      }),
    };
  });
}

export const typeInWords = (text: Record<string, string>, type: string): string => text[`event-${type}`] ?? inWords(type);

/** The reason; where the state says more than it, that. */
function keyOf({ channel, state, reason, until }: Delivery, isSilent: boolean): string {
  if (state === "queued" && until) return "retry";
  if (channel === "in-app" && isSilent && (state === "delivered" || state === "read")) return "silent";
  return reason;
}

/** "Mon 08:00"; further away than the week with its date. The server's own clock reading is only written in the person's language. */
function timeOf(until: string, localUntil: string, locale: string, now: number): string {
  const isNear = Math.abs(Date.parse(until) - now) < WEEK;
  return new Intl.DateTimeFormat(locale, {
    weekday: "short",
    ...(isNear ? {} : { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: "UTC",
  }).format(Date.parse(`${localUntil}Z`));
}
