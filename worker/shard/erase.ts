import { STATE, deliveryNumber } from "./ledger/cells.ts";
import { CHANNELS } from "@carillon/shared/channels";
import type { Parts } from "./parts.ts";
import type { Person } from "./people/people.ts";

/** Takes a person out of everything that could still name them. What was counted stays counted, without a name. */
export function erase(parts: Parts, person: Person): void {
  const { sql, inbox, people, search } = parts;
  search.index(); // What waits would be indexed later, with the name in it.
  const notices = sql.exec<{ n: number }>(`SELECT n FROM notice WHERE person = ?`, person.n).toArray();
  for (const { n } of notices) {
    for (const channel of CHANNELS.keys()) forgetDelivery(parts, deliveryNumber(n, channel));
    forgetText(parts, person, n);
  }
  inbox.erase(person);
  sql.exec(`DELETE FROM ticket WHERE person = ?`, person.id);
  parts.browsers.forget(person);
  people.erase(person);
}

function forgetDelivery(parts: Parts, id: number): void {
  const row = parts.deliveries.get(id);
  if (!row) return;
  if (row.due !== null || row.state === STATE.parked) parts.deliveries.move(row, STATE.cancelled, "cancelled", null);
  parts.sql.exec(`UPDATE delivery SET sent_to = NULL, attempts = NULL, receipts = NULL WHERE id = ?`, id);
}

/** The search documents of the event without this person; an event for nobody else loses its words. */
function forgetText(parts: Parts, person: Person, notice: number): void {
  const { events, search } = parts;
  const event = events.containing(notice);
  if (!event) return;
  const others = event.people.filter((n) => n !== person.n && parts.people.at(n) !== null);
  Object.values(event.texts).forEach((text, index) => {
    search.remove(event.n + index);
    if (others.length > 0) search.add(event.n + index, others, text.title, text.body);
  });
  if (others.length === 0) events.blank(event);
}
