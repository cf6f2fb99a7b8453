import { createHash } from "node:crypto";
import { isEventType } from "@carillon/shared/event-types";
import { checkEventData, eventSchema, EVENT_ID, issuesOf, toEvent, type Event, type EventInput } from "@carillon/shared/events";
import type { EventTypes } from "@carillon/shared/own-events";
import { AppError, badRequest, conflict, invalid } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { typeOf } from "../settings/event-types.ts";
import { readSettings } from "../settings/store.ts";
import { withRules } from "../settings/with-rules.ts";
import type { Accepted, AcceptedInput } from "../shard/calls.ts";
import { fingerprintOf } from "./fingerprint.ts";
import * as across from "./across.ts";
import { homeOf, newEventId, shardOf } from "./place.ts";
import { publish } from "./publish.ts";

/** Where an event is accepted: the organisation, how many shards it has, and the version of its settings as of this request. */
export type Place = { org: string; shards: number; version: number };
export type AcceptedEvent = { id: string; accepted: number; duplicate: boolean };

/** Accepts one event; answers only when it is durable. Throws what HTTP answers for a bad one. */
export async function acceptEvent(ports: Ports, place: Place, input: unknown, idempotencyKey: string | null): Promise<AcceptedEvent> {
  const { eventTypes } = await readSettings(ports, place.org, place.version);
  const prepared = await counted(ports, place, prepare(eventTypes, input, idempotencyKey, place.shards));
  const [accepted] = await acceptAt(ports, place, homeOf(prepared.event.id, place.shards), [prepared]);
  const result = resultOf(accepted!);
  if (result instanceof AppError) throw result;
  return result;
}

/** The same for many: each succeeds or fails by itself, answers in the order of the events. */
export async function acceptBatch(
  ports: Ports,
  place: Place,
  inputs: unknown[],
  idempotencyKey: string | null,
): Promise<(AcceptedEvent | AppError)[]> {
  const { eventTypes } = await readSettings(ports, place.org, place.version);
  const prepared = inputs.map((input, index) => {
    if (input instanceof AppError) return input;
    try {
      return prepare(eventTypes, input, idempotencyKey === null ? null : `${idempotencyKey}:${index}`, place.shards);
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  });
  const all = await Promise.all(prepared.map((one) => (one instanceof AppError ? one : counted(ports, place, one))));
  return acceptEvents(ports, place, all);
}

type Prepared = AcceptedInput;

/** With the number of people whom an audience has just now. */
async function counted(ports: Ports, place: Place, prepared: Prepared): Promise<Prepared> {
  const { audience } = prepared.event;
  return audience ? { ...prepared, people: await across.countAudience(ports, place, audience) } : prepared;
}

async function acceptEvents(ports: Ports, place: Place, prepared: (Prepared | AppError)[]): Promise<(AcceptedEvent | AppError)[]> {
  const results: (AcceptedEvent | AppError)[] = [];
  for (const wave of wavesOf(prepared, place.shards)) {
    await Promise.all(
      [...wave].map(async ([home, indexes]) => {
        const events = indexes.map((index) => prepared[index] as Prepared);
        const accepted = await acceptAt(ports, place, home, events);
        accepted.forEach((result, position) => (results[indexes[position]!] = resultOf(result)));
      }),
    );
  }
  return prepared.map((one, index) => (one instanceof AppError ? one : results[index]!));
}

/**
 * The events of a batch by their homes. Homes are asked side by side; but what one person is told by two homes keeps its order, so
 * the later of the two is in a later wave. Mostly there is one.
 */
function wavesOf(prepared: (Prepared | AppError)[], shards: number): Map<number, number[]>[] {
  const waves: Map<number, number[]>[] = [];
  const last = new Map<string, { wave: number; home: number }>();
  prepared.forEach((one, index) => {
    if (one instanceof AppError) return;
    const home = homeOf(one.event.id, shards);
    const people = shards === 1 ? [] : one.event.recipients.map(({ id }) => id);
    const wave = people.reduce((latest, id) => {
      const before = last.get(id);
      return before ? Math.max(latest, before.wave + (before.home === home ? 0 : 1)) : latest;
    }, 0);
    for (const id of people) last.set(id, { wave, home });
    const byHome = (waves[wave] ??= new Map<number, number[]>());
    byHome.set(home, [...(byHome.get(home) ?? []), index]);
  });
  return waves;
}

/** Hands events to the home that they share, and on to the queue what this has made due. */
async function acceptAt(ports: Ports, place: Place, home: number, events: Prepared[]): Promise<Accepted[]> {
  const { results, wakes } = await withRules(ports, place, home, (shard) => shard.accept({ version: place.version, events }));
  if (wakes.length > 0) ports.background(publish(ports, place.org, home, wakes));
  return results;
}

const resultOf = (result: Accepted): AcceptedEvent | AppError =>
  "reused" in result
    ? conflict("event.id-reused", `An event with the id ${result.id} was accepted before with another body.`)
    : { id: result.id, accepted: result.accepted, duplicate: result.duplicate };

/** Checks an event and gives it its id and the hash by which a repeat is told from a mistake. */
function prepare(types: EventTypes, input: unknown, idempotencyKey: string | null, shards: number): Prepared {
  const { parsed, type } = parseEvent(types, input);
  const id = parsed.id ?? idOfKey(idempotencyKey) ?? newEventId(nearestShard(parsed, shards));
  return { event: toEvent(parsed, id, type), hash: fingerprintOf(parsed) };
}

/** Where its people are, so that the event of one person is at home with that person. */
function nearestShard({ recipients: [first] = [] }: EventInput, shards: number): number {
  if (first === undefined) return Math.floor(Math.random() * shards);
  return shardOf(typeof first === "string" ? first : first.id, shards);
}

/** An event that is not to be accepted, only thought about. Throws as for one that is posted. */
export function readEvent(types: EventTypes, input: unknown, id: string): Event {
  const { parsed, type } = parseEvent(types, input);
  return toEvent(parsed, id, type);
}

function parseEvent(types: EventTypes, input: unknown) {
  const parsed = eventSchema.safeParse(input);
  if (!parsed.success) throw invalid("event.invalid", "The event is not as it should be; see errors.", issuesOf(parsed.error));
  const { data } = parsed.data;
  const type = typeOf(types, parsed.data.type);
  if (!type) {
    throw invalid("event.unknown-type", `There is no event type ${JSON.stringify(parsed.data.type)}.`, [
      { path: "type", message: "Not one of the known event types" },
    ]);
  }
  const issues = isEventType(parsed.data.type) ? checkEventData(parsed.data.type, data) : type.check(data);
  if (issues.length > 0) throw invalid("event.invalid-data", `The data does not fit ${parsed.data.type}; see errors.`, issues);
  return { parsed: parsed.data, type };
}

function idOfKey(key: string | null): string | null {
  if (key === null || key === "") return null;
  if (key.length > 300) throw badRequest("idempotency-key.too-long", "An Idempotency-Key has at most 300 characters.");
  return EVENT_ID.test(key) ? key : `k_${createHash("sha256").update(key).digest("base64url")}`;
}
