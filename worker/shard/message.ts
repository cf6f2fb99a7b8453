import { quietFor, type Rules } from "@carillon/shared/decide";
import type { TextChannel } from "@carillon/shared/texts";
import { isKnownZone } from "@carillon/shared/zones";
import type { Message } from "../channels/channel.ts";
import { languageOf, renderTexts, renderValues } from "../templates/render.ts";
import { bundledTexts } from "./catch-up.ts";
import { channelName, noticeOf, publicId } from "./ledger/cells.ts";
import { attemptsOf, newestAttempt, type DeliveryRow } from "./ledger/deliveries.ts";
import type { Parts } from "./parts.ts";
import { addressOf, toDecided, type Person } from "./people/people.ts";

/** Everything that a channel needs to send a claimed delivery to its person. */
export function messageOf(parts: Parts, rules: Rules, row: DeliveryRow, person: Person, now: number): Message {
  const attempts = attemptsOf(row);
  const event = parts.events.containing(noticeOf(row.id))!;
  const channel = channelName(row.channel);
  // A WhatsApp template may ask for the title and the body; the mail's say most.
  const textsOf: TextChannel = channel === "whatsapp" ? "email" : channel;
  const locale = person.locale ?? languageOf(null);
  const zone = zoneOf(rules, person, now);
  const inDoubt = attempts.find(({ outcome }) => outcome === "ambiguous");
  const validForSeconds = channel === "sms" || channel === "push" ? validFor(rules, row, person, event.priority === "high", now) : null;
  return {
    deliveryId: publicId(parts.shard, row.id),
    attempt: newestAttempt(row) + 1,
    org: parts.org,
    to: { id: person.id, name: person.name, address: addressOf(person, channel)!, locale },
    event: { id: event.id, type: event.type, priority: event.priority },
    texts: bundledTexts(parts, row) ?? renderTexts(event, textsOf, locale, zone, rules.texts),
    link: row.bundle === null ? event.link : null,
    collapseKey: event.collapseKey,
    ...(row.bundle === null ? {} : { isBundle: true as const }),
    ...(validForSeconds === null ? {} : { validForSeconds }),
    ...(inDoubt === undefined ? {} : { maybeSentAt: Date.parse(inDoubt.at) - inDoubt.ms }),
    ...(channel === "whatsapp" ? { values: renderValues(event, locale, zone) } : {}),
    ...(channel === "push" ? { subscriptions: parts.browsers.of(person) } : {}),
  };
}

/** The zone that times are written in for a person: the own one, else the organisation's; null where neither is known. */
export function zoneOf(rules: Rules, person: Person, now: number): string | null {
  const own = toDecided(person, now).preferences?.timeZone;
  return [own, person.zone, rules.quietHours.timeZone].find((zone) => zone != null && isKnownZone(zone)) ?? null;
}

/** Until it expires or the person's next quiet time begins, s: a provider's own queue must not deliver into it. Null for ever. */
function validFor(rules: Rules, row: DeliveryRow, person: Person, isUrgent: boolean, now: number): number | null {
  const quiet = quietFor(rules, toDecided(person, now));
  const isHeld = quiet?.hours.heldChannels.includes(channelName(row.channel)) && !(isUrgent && quiet.hours.urgentPasses);
  const end = Math.min(row.expires ?? Infinity, quiet && isHeld ? quiet.calendar.next(now) : Infinity);
  return end === Infinity ? null : Math.max(1, Math.floor((end - now) / 1_000));
}
