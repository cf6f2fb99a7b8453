import { audienceSchema } from "@carillon/shared/audience";
import type { Audiences, Broadcast, BroadcastState } from "@carillon/shared/broadcast";
import type { Ports } from "../ports.ts";
import type { AuditEntry } from "../shard/calls.ts";
import type { EventProgress } from "../shard/fan-out.ts";
import { everyShard } from "./across.ts";
import { homeOf } from "./place.ts";

type Spread = { org: string; shards: number };

/** The last events that were told slice by slice, newest first, and how far they are: from the admin page, and of the CRM's own. */
export async function listBroadcasts(ports: Pick<Ports, "shards">, place: Spread, limit: number): Promise<Broadcast[]> {
  const shards = everyShard(ports, place);
  const found = (await Promise.all(shards.map((shard) => shard.fanOuts(limit)))).flat();
  const ids = [...new Set(found.sort((one, other) => other.at - one.at).map(({ id }) => id))].slice(0, limit);
  if (ids.length === 0) return [];
  const [notes, ...parts] = await Promise.all([
    ports.shards.get(place.org, 0).broadcasts(ids),
    ...shards.map((shard) => shard.progress(ids)),
  ]);
  const all = ids.flatMap((id, index) => {
    const home = parts[homeOf(id, place.shards)]![index];
    const note = notes.find(({ what }) => what === id);
    return home
      ? [
          toBroadcast(
            id,
            home,
            parts.flatMap((part) => part[index] ?? []),
            note,
          ),
        ]
      : [];
  });
  return all.sort((one, other) => Date.parse(other.acceptedAt) - Date.parse(one.acceptedAt));
}

function toBroadcast(id: string, home: EventProgress, parts: EventProgress[], note: AuditEntry | undefined): Broadcast {
  const audience = audienceSchema.safeParse(note?.detail?.["audience"]);
  return {
    id,
    type: home.type,
    typeName: home.typeName,
    title: parts.map(({ title }) => title).find((title) => title !== null) ?? null,
    priority: home.priority,
    acceptedAt: new Date(home.at).toISOString(),
    deliverAt: home.deliverAt === null ? null : new Date(home.deliverAt).toISOString(),
    people: Math.max(home.accepted ?? 0, sumOf(parts, "people")),
    told: sumOf(parts, "told"),
    state: stateOf(home, parts),
    sent: note && audience.success ? { by: note.who, audience: audience.data } : null,
  };
}

/** A share that is still to be handed over is in no part. */
function stateOf(home: EventProgress, parts: EventProgress[]): BroadcastState {
  if (parts.some(({ cancelled }) => cancelled)) return "cancelled";
  return parts.length > home.shards.length && parts.every(({ isOver }) => isOver) ? "told" : "telling";
}

/** Whom an event can be for, over all shards: roles, teams and lists by kind and name. */
export async function listAudiences(ports: Pick<Ports, "shards">, place: Spread): Promise<Audiences> {
  const all = await Promise.all(everyShard(ports, place).map((shard) => shard.audiences()));
  const byName = Map.groupBy(
    all.flatMap(({ groups }) => groups),
    ({ kind, name }) => `${kind}:${name}`,
  );
  const groups = [...byName.values()].map((same) => ({ ...same[0]!, people: sumOf(same, "people") }));
  return { people: sumOf(all, "people"), groups: groups.sort(byKindAndName) };
}

const byKindAndName = (one: Audiences["groups"][number], other: Audiences["groups"][number]): number =>
  one.kind.localeCompare(other.kind) || one.name.localeCompare(other.name);

const sumOf = <Name extends string>(all: Record<Name, number>[], name: Name): number => all.reduce((sum, one) => sum + one[name], 0);
