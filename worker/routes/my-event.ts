import type { Priority } from "@carillon/shared/event-types";
import type { MyEvent } from "@carillon/shared/my-event";
import { wallClockAt } from "@carillon/shared/zones";
import { notFound } from "../errors.ts";
import { shardOf } from "../pipeline/place.ts";
import type { Ports } from "../ports.ts";
import { showPreferences } from "./preferences.ts";
import type { Identity } from "./route.ts";

/**
 * What became of an event for one person, channel by channel.
 * @throws 404 also where the event is not about this person
 */
export async function showMyEvent(ports: Ports, who: Identity, id: string): Promise<MyEvent> {
  const event = await ports.shards.get(who.org, shardOf(who.user, who.shards)).event(id, who.user);
  if (!event || event.deliveries.length === 0) throw notFound("event");
  const { deliveries } = event;
  const timeZone = await zoneOf(ports, who);
  return {
    id: event.id,
    type: event.type,
    priority: event.priority as Priority,
    timeZone,
    deliveries: deliveries.map((delivery) =>
      delivery.until === undefined ? delivery : { ...delivery, localUntil: localTime(timeZone, Date.parse(delivery.until)) },
    ),
  };
}

/** The zone that a person's quiet hours are taken in: their own choice, else what the CRM says, else the organisation's. */
async function zoneOf(ports: Ports, who: Identity): Promise<string> {
  const [user, preferences] = await Promise.all([
    ports.shards.get(who.org, shardOf(who.user, who.shards)).user(who.user),
    showPreferences(ports, who, who.user),
  ]);
  return preferences.timeZone ?? user?.timeZone ?? preferences.organisation.quietHours.timeZone;
}

function localTime(zone: string, instant: number): string {
  const { year, month, day, hour, minute } = wallClockAt(zone, instant);
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}
const two = (value: number): string => String(value).padStart(2, "0");
