import { countSegments } from "@carillon/shared/sms-segments";
import type { Settings } from "@carillon/shared/settings";
import type { PreviewBody, TemplatePreview } from "@carillon/shared/templates";
import type { Texts } from "../channels/channel.ts";
import { notFound } from "../errors.ts";
import * as across from "../pipeline/across.ts";
import type { Ports } from "../ports.ts";
import type { EventView } from "../shard/calls.ts";
import { renderTexts } from "../templates/render.ts";
import type { ToldEvent } from "../templates/values.ts";
import { readOrg } from "./org.ts";
import { checkText, sampleOf, typeNameOf, type TextPlace } from "./texts.ts";

/** Where a sample leads: no record of anybody's. */
const SAMPLE_LINK = "https://crm.example.com/records/42";

/**
 * A text that need not be saved as its channel would send it: by the renderer and the layout that sends in earnest, with a real
 * event or with sample data, and with times in the organisation's zone.
 * @throws 404 for an unknown event, or one of another type; 422 `template.invalid`
 */
export async function previewText(
  ports: Ports,
  org: string,
  settings: Settings,
  place: TextPlace,
  body: PreviewBody,
): Promise<TemplatePreview> {
  const { type, channel, locale } = place;
  checkText(settings, place, body);
  const real = await realEvent(ports, org, place, body);
  const event: ToldEvent = { type, typeName: typeNameOf(settings, place), data: real?.data ?? sampleOf(settings, place) };
  const { title, body: text, action } = body;
  const changed = { [type]: { [channel]: { [locale]: { title, body: text, action } } } };
  const texts = renderTexts(event, channel, locale, settings.quietHours.timeZone, changed);
  const seen = await show(ports, org, channel, texts, real ? real.link : SAMPLE_LINK);
  return {
    event: real && { id: real.id, at: real.acceptedAt },
    ...seen,
    action: texts.action,
    ...(channel === "sms" ? { sms: countSegments(seen.text) } : {}),
  };
}

/** A text as its channel shows it, with the link where that is a part of it. */
export async function show(ports: Ports, org: string, channel: TextPlace["channel"], texts: Texts, link: string | null) {
  const adapter = channel === "in-app" ? null : ports.channels[channel];
  const sender = { publicUrl: ports.config.publicUrl, orgName: (await readOrg(ports, org))?.name ?? org };
  return adapter?.show?.({ texts, link }, sender) ?? { title: texts.title, text: texts.body };
}

async function realEvent(ports: Ports, org: string, { type }: TextPlace, { event, useLatest }: PreviewBody): Promise<EventView | null> {
  const place = await readOrg(ports, org);
  if (!place) return null;
  if (event !== undefined) {
    const named = await across.event(ports, place, event);
    if (named?.type !== type) throw notFound("event of this type");
    return named;
  }
  if (!useLatest) return null;
  const { data } = await across.log(ports, place, { ...ANY, type, limit: 1 });
  return data[0] ? across.event(ports, place, data[0].event) : null;
}

const ANY = { state: null, channel: null, user: null, from: null, to: null, q: null, cursor: null };
