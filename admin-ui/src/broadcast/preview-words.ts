import { leaving, total, type EventPreview } from "@carillon/shared/broadcast";
import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { REASON_WORDS, type Reason } from "@carillon/shared/reasons";
import { billWords, rangeWords } from "../words/bill.ts";
import { plural } from "../words/time.ts";
import { inZone } from "../words/zoned-time.ts";

export type Part = { do: "send" | "hold" | "park" | "skip"; people: number; words: string; why: string | null };
export type ChannelRow = { channel: Channel; parts: Part[]; bill: string | null };

const ACTS = { hold: "later", park: "parked", skip: "not sent" } as const;

/** What becomes of an event on each channel, the commonest reason first. */
export function channelRows({ channels }: EventPreview): ChannelRow[] {
  return CHANNELS.map((channel) => {
    const { send, segments, ...others } = channels[channel];
    const parts: Part[] = send === 0 ? [] : [{ do: "send", people: send, words: `${count(send)} at once`, why: null }];
    for (const act of ["hold", "park", "skip"] as const) {
      const reasons = Object.entries(others[act]) as [Reason, number][];
      for (const [why, people] of reasons.sort(([, one], [, other]) => other - one))
        parts.push({ do: act, people, words: `${count(people)} ${ACTS[act]}`, why: REASON_WORDS[why] });
    }
    return { channel, parts, bill: billWords(channel, segments ?? leaving(channels[channel])) };
  });
}

/** Whom it reaches: "1,204 people, of whom 12 are told on no channel". */
export function reachWords({ people, reached }: EventPreview): string {
  if (people === 0) return "Nobody belongs to it.";
  const untold = people - reached;
  if (reached === 0) return `${plural(people, "person", "people")}, and none of them would be told on any channel now.`;
  return untold === 0
    ? `${plural(people, "person", "people")}, each told on at least one channel.`
    : `${plural(people, "person", "people")}, of whom ${count(untold)} ${untold === 1 ? "is" : "are"} told on no channel now.`;
}

/** All channels together; null where nothing costs by the message. */
export function costWords({ cost }: EventPreview): string | null {
  const bills = Object.values(cost);
  if (bills.length === 0) return null;
  const sum = (end: "low" | "high") => bills.reduce((all, bill) => all + bill[end], 0);
  return rangeWords({ low: sum("low"), high: sum("high") });
}

/** When the first and the last message leaves, on the clock of a zone; null where none does. */
export function timeWords({ firstAt, lastAt, decidedAt }: EventPreview, zone: string): string | null {
  if (firstAt === null || lastAt === null) return null;
  const first = firstAt === decidedAt ? "at once" : inZone(Date.parse(firstAt), zone);
  if (firstAt === lastAt) return `All leave ${firstAt === decidedAt ? first : `on ${first}`}.`;
  return `The first leave ${firstAt === decidedAt ? first : `on ${first}`}, the last on ${inZone(Date.parse(lastAt), zone)}.`;
}

/** How many messages leave, now and later, channel by channel; without those where none does. */
export function messagesOf({ channels }: EventPreview): { channel: Channel; messages: number; later: number }[] {
  return CHANNELS.map((channel) => ({ channel, messages: leaving(channels[channel]), later: total(channels[channel].hold) })).filter(
    ({ messages }) => messages > 0,
  );
}

const count = (n: number): string => n.toLocaleString("en");
