import type { Channel } from "@carillon/shared/channels";
import { countSegments } from "@carillon/shared/sms-segments";
import { languageOf, renderTexts } from "../templates/render.ts";
import type { ParkedOutlook } from "./calls.ts";
import { channelNumber, noticeOf } from "./ledger/cells.ts";
import { zoneOf } from "./message.ts";
import type { Parts } from "./parts.ts";

const SLICE = 500;
/** So many texts are measured; of more the rest is taken to be alike. */
const MEASURED = 500;

/** What leaves when a channel is switched on, by what may be chosen then. */
export function outlookOf(parts: Parts, channel: Channel, now: number): ParkedOutlook {
  const rules = parts.gates.rules();
  const people = new Set<number>();
  let [parked, urgent, measured, segments] = [0, 0, 0, 0];
  for (let after = -1; ;) {
    const rows = parts.deliveries.parked(channelNumber(channel), after, SLICE);
    for (const row of rows) {
      const event = parts.events.containing(noticeOf(row.id));
      parked++;
      people.add(row.person);
      if (event?.priority === "high") urgent++;
      if (channel !== "sms" || !event || measured >= MEASURED) continue;
      const person = parts.people.at(row.person);
      const zone = rules && person ? zoneOf(rules, person, now) : null;
      const { body } = renderTexts(event, "sms", person?.locale ?? languageOf(null), zone, rules?.texts);
      segments += countSegments(body).segments;
      measured++;
    }
    if (rows.length < SLICE) break;
    after = rows.at(-1)!.id;
  }
  return {
    parked,
    urgent,
    people: people.size,
    segments: channel === "sms" ? Math.round((segments * parked) / Math.max(1, measured)) : null,
  };
}
