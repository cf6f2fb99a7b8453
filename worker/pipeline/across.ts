import type { Audience } from "@carillon/shared/audience";
import type { Event } from "@carillon/shared/events";
import type { Delivery, Ledger } from "@carillon/shared/ledger";
import type { Ports } from "../ports.ts";
import { withRules } from "../settings/with-rules.ts";
import type { DeliveryQuery, EventPart, EventView, QuietNow, ShardCalls, SimulatedDecision } from "../shard/calls.ts";
import { homeOf, shardOf } from "./place.ts";

/** Questions to all the shards of an organisation, whose answers are put together. With one shard each is one call, handed through. */

type ShardPorts = Pick<Ports, "shards">;
type Spread = { org: string; shards: number };

export const everyShard = ({ shards }: ShardPorts, { org, shards: count }: Spread): ShardCalls[] =>
  Array.from({ length: count }, (_, shard) => shards.get(org, shard));

/** The event with what became of it for everybody; null if there is none. The home is asked first, and then who else has people of it. */
export async function event(ports: ShardPorts, place: Spread, id: string): Promise<EventView | null> {
  const home = await ports.shards.get(place.org, homeOf(id, place.shards)).event(id);
  if (!home) return null;
  const { shards, accepted: _, ...view } = home;
  const others = await Promise.all(shards.map((shard) => ports.shards.get(place.org, shard).event(id)));
  const parts = [home, ...others.filter((part) => part !== null)];
  // What was said stands with those to whom it was said.
  const { actor, data, link } = parts.find(({ recipients }) => recipients.length > 0) ?? home;
  return {
    ...view,
    actor,
    data,
    link,
    recipients: parts.flatMap(({ recipients }) => recipients),
    deliveries: parts.flatMap(({ deliveries }) => deliveries),
    ...progressOf(home.accepted, parts),
  };
}

/** A share that is not handed over yet counts as nobody told. */
function progressOf(people: number, parts: EventPart[]): Pick<EventView, "fanOut"> {
  const running = parts.flatMap(({ fanOut }) => fanOut ?? []);
  if (running.length === 0) return {};
  const told = parts.reduce((sum, { fanOut, recipients }) => sum + (fanOut?.told ?? recipients.length), 0);
  return { fanOut: { people, told, cancelled: running.some(({ cancelled }) => cancelled) } };
}

/** Cancels an event everywhere; null if there is none. May be repeated. */
export async function cancel(ports: ShardPorts, place: Spread, id: string): Promise<{ cancelled: number } | null> {
  const home = await ports.shards.get(place.org, homeOf(id, place.shards)).cancel(id);
  if (!home) return null;
  const others = await Promise.all(home.shards.map((shard) => ports.shards.get(place.org, shard).cancelShare(id)));
  return { cancelled: others.reduce((sum, { cancelled }) => sum + cancelled, home.cancelled) };
}

/** How many people an audience has just now. */
export async function countAudience(ports: ShardPorts, place: Spread, audience: Audience): Promise<number> {
  const counts = await Promise.all(everyShard(ports, place).map((shard) => shard.countAudience(audience)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The balance over all shards. */
export async function ledger(ports: ShardPorts, place: Spread, range: { from: number | null; to: number | null }): Promise<Ledger> {
  const all = await Promise.all(everyShard(ports, place).map((shard) => shard.ledger(range)));
  return all.reduce((total, one) => {
    for (const column of Object.keys(total) as (keyof Ledger)[]) total[column] += one[column];
    return total;
  });
}

/** Every person is decided for in their own shard; answers come in the order of the recipients. */
export async function simulate(
  ports: Pick<Ports, "shards" | "store">,
  place: Spread & { version: number },
  input: Event,
  at: number | null,
): Promise<{ decisions: SimulatedDecision[] }> {
  const byShard = Map.groupBy(input.recipients, ({ id }) => shardOf(id, place.shards));
  const parts = await Promise.all(
    [...byShard].map(([number, recipients]) =>
      withRules(ports, place, number, (shard) =>
        shard.simulate({ version: place.version, event: { ...input, recipients: [...recipients] }, at }),
      ),
    ),
  );
  const byUser = Map.groupBy(
    parts.flatMap(({ decisions }) => decisions),
    ({ user }) => user,
  );
  return { decisions: input.recipients.flatMap(({ id }) => byUser.get(id) ?? []) };
}

/** Who is quiet just now, over all shards. */
export async function quietNow(ports: ShardPorts, place: Spread): Promise<QuietNow> {
  const all = await Promise.all(everyShard(ports, place).map((shard) => shard.quietNow()));
  const sum = (part: "people" | "quiet" | "held") => all.reduce((total, one) => total + one[part], 0);
  const releases = all.flatMap(({ nextRelease }) => nextRelease ?? []).sort();
  return {
    people: sum("people"),
    quiet: sum("quiet"),
    users: all.flatMap(({ users }) => users).slice(0, Math.max(...all.map(({ users }) => users.length))),
    held: sum("held"),
    nextRelease: releases[0] ?? null,
  };
}

/** The log of all shards, newest first. Each goes on from where it was left, so the cursor names them all. */
export async function log(ports: ShardPorts, place: Spread, query: DeliveryQuery): Promise<{ data: Delivery[]; next: string | null }> {
  if (place.shards === 1) {
    const { data, next } = await ports.shards.get(place.org, 0).deliveries(query);
    return { data, next };
  }
  const cursors = readCursor(query.cursor, place.shards);
  const pages = await Promise.all(
    cursors.map((cursor, shard) =>
      cursor === END ? NO_PAGE : ports.shards.get(place.org, shard).deliveries({ ...query, cursor: cursor === START ? null : cursor }),
    ),
  );
  // Where a shard has only looked so far back, what others have before that must wait for the next page.
  const horizon = Math.max(...pages.map(({ next, reached }) => (next === null ? -Infinity : reached)));
  const data = pages
    .flatMap((page) => page.data)
    .filter(({ at }) => Date.parse(at) >= horizon)
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .slice(0, query.limit);
  const given = new Set(data.map(({ id }) => id));
  const next = pages.map((page, shard) => {
    const left = page.data.find(({ id }) => !given.has(id));
    if (!left) return page.next ?? END;
    const before = page.data[page.data.indexOf(left) - 1];
    return before?.id ?? cursors[shard]!;
  });
  return { data, next: next.every((cursor) => cursor === END) ? null : next.join(BETWEEN) };
}

const START = "";
const END = "-";
const BETWEEN = "~";
const NO_PAGE = { data: [] as Delivery[], next: null, reached: -Infinity };

/** One place a shard; a cursor that can't be one of ours is at its end. */
function readCursor(cursor: string | null, shards: number): string[] {
  if (cursor === null) return Array.from({ length: shards }, () => START);
  const cursors = cursor.split(BETWEEN);
  return Array.from({ length: shards }, (_, shard) => cursors[shard] ?? END);
}
