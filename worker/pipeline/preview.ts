import { addCounts, leaving, noCounts, type Counts, type EventPreview } from "@carillon/shared/broadcast";
import { CHANNELS } from "@carillon/shared/channels";
import type { Event } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import { costOf } from "@carillon/shared/prices";
import type { Settings } from "@carillon/shared/settings";
import { countSegments } from "@carillon/shared/sms-segments";
import { TEXT_CHANNELS, changedTexts } from "@carillon/shared/templates";
import { LANGUAGES, type Language, type TextChannel } from "@carillon/shared/texts";
import type { Ports } from "../ports.ts";
import { readSettings } from "../settings/store.ts";
import { show } from "../settings/text-preview.ts";
import { withRules } from "../settings/with-rules.ts";
import type { ShardCalls } from "../shard/calls.ts";
import type { PreviewSlice } from "../shard/preview.ts";
import { renderTexts } from "../templates/render.ts";
import { readEvent, type Place } from "./accept.ts";
import { shardOf } from "./place.ts";

/**
 * What an event would do if it were posted now: how many people it tells on which channel, when, why not, and at what cost. Every
 * person is decided for as in earnest, some hundred in one call of a shard. Nothing is stored. Throws as for one that is posted.
 */
export async function previewEvent(ports: Ports, place: Place, input: unknown): Promise<EventPreview> {
  const settings = await readSettings(ports, place.org, place.version);
  const event = readEvent(settings.eventTypes, input, "preview");
  const at = ports.clock.now();
  const [{ sms, ...counts }, shown] = await Promise.all([
    countAll(ports, place, event, at),
    Promise.all(LANGUAGES.map((language) => textsIn(ports, place.org, settings, event, language))),
  ]);
  const segments = LANGUAGES.reduce(
    (sum, language, index) => sum + (sms[language] ?? 0) * countSegments(shown[index]!.sms.text).segments,
    0,
  );
  const cost: EventPreview["cost"] = {};
  for (const channel of CHANNELS) {
    const bill = costOf(channel, channel === "sms" ? segments : leaving(counts.channels[channel]));
    if (bill && bill.high > 0) cost[channel] = bill;
  }
  return {
    ...counts,
    channels: { ...counts.channels, sms: { ...counts.channels.sms, segments } },
    cost,
    firstAt: toIso(counts.firstAt),
    lastAt: toIso(counts.lastAt),
    decidedAt: new Date(at).toISOString(),
    text: shown[0]!,
  };
}

/** Over all shards side by side, in each of them slice after slice. */
async function countAll(ports: Ports, place: Place, event: Event, at: number): Promise<Counts> {
  const counts = noCounts();
  await Promise.all(
    [...slicesByShard(event, place.shards)].map(async ([shard, slices]) => {
      for (const slice of slices) for await (const some of countSlice(ports, place, shard, slice, at)) addCounts(counts, some);
    }),
  );
  return counts;
}

async function* countSlice(ports: Ports, place: Place, shard: number, event: Event, at: number): AsyncGenerator<Counts> {
  let after: number | null = 0;
  while (after !== null) {
    const call: Parameters<ShardCalls["preview"]>[0] = { version: place.version, event, at, after };
    const { counts, next }: PreviewSlice = await withRules(ports, place, shard, (calls) => calls.preview(call));
    yield counts;
    after = next;
  }
}

/** An audience is cut where it is found; a list is cut here. */
function slicesByShard(event: Event, shards: number): Map<number, Event[]> {
  if (event.audience) return new Map(Array.from({ length: shards }, (_, shard) => [shard, [event]]));
  const byShard = Map.groupBy(event.recipients, ({ id }) => shardOf(id, shards));
  return new Map(
    [...byShard].map(([shard, all]) => [
      shard,
      Array.from({ length: Math.ceil(all.length / LIMITS.previewSlice) }, (_, n) => ({
        ...event,
        recipients: all.slice(n * LIMITS.previewSlice, (n + 1) * LIMITS.previewSlice),
      })),
    ]),
  );
}

/** What its people read, as the channels' own code makes it. */
async function textsIn(ports: Ports, org: string, settings: Settings, event: Event, language: Language): Promise<EventPreview["text"]> {
  const changed = changedTexts(settings.texts);
  const texts = {} as Record<TextChannel, { title: string; text: string }>;
  for (const channel of TEXT_CHANNELS) {
    const rendered = renderTexts(event, channel, language, settings.quietHours.timeZone, changed);
    const { title, text } = await show(ports, org, channel, rendered, event.link);
    texts[channel] = { title, text };
  }
  return texts;
}

const toIso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
