import { viewEventTypes, type OwnEventType } from "@carillon/shared/own-events";
import type { Settings } from "@carillon/shared/settings";
import {
  TEXT_CHANNELS,
  TEXT_PARTS,
  changedTexts,
  type SavedText,
  type TemplatePut,
  type TemplateRow,
  type TemplateView,
  type TextSettings,
} from "@carillon/shared/templates";
import { sampleData, variablesOf, type KnownVariable } from "@carillon/shared/template-variables";
import { hasErrors, lintText, withPlace } from "@carillon/shared/text-lint";
import { LANGUAGES, builtInText, type Language, type TextChannel, type TextSource } from "@carillon/shared/texts";
import { conflict, invalid, notFound } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { writtenValue } from "../templates/render.ts";
import { changeSettings } from "./change.ts";

/** Which text is meant. */
export type TextPlace = { type: string; channel: TextChannel; locale: Language };

/** All that admins have written, UTF-16 units: every version of the settings keeps it, and so do the rules of every shard. */
const MOST_WRITTEN = 120_000;

const EMPTY: TextSettings = { version: 0, saved: {} };

/** The place that a path names. Throws 404 for what has no texts here. */
export function placeOf(settings: Settings, path: { type: string; channel: string; locale: string }): TextPlace {
  const channel = TEXT_CHANNELS.find((known) => known === path.channel);
  const locale = LANGUAGES.find((known) => known === path.locale);
  const { types } = viewEventTypes(settings.eventTypes);
  if (!channel || !locale || !types.some(({ type }) => type === path.type)) throw notFound("template");
  return { type: path.type, channel, locale };
}

/** Every event type, and where its texts differ from the built-in ones. Archived types are left out. */
export function listTexts(settings: Settings): { version: number; data: TemplateRow[] } {
  const changed = changedTexts(settings.texts);
  const { types } = viewEventTypes(settings.eventTypes);
  return {
    version: (settings.texts ?? EMPTY).version,
    data: types
      .filter(({ archived }) => !archived)
      .map(({ type, name, description, builtIn }) => ({
        type,
        name,
        description,
        builtIn,
        changed: Object.fromEntries(
          TEXT_CHANNELS.map((channel) => [channel, Object.keys(changed[type]?.[channel] ?? {})]),
        ) as TemplateRow["changed"],
      })),
  };
}

export function viewText(settings: Settings, place: TextPlace): TemplateView {
  const { type, channel, locale } = place;
  const { version, ...written } = savedAt(settings, place) ?? { version: 0 };
  const builtIn = builtInText(type, channel, locale);
  const variables = variablesAt(settings, place);
  const event = { type, typeName: ownType(settings, type)?.name ?? null, data: sampleData(type, variables) };
  return {
    ...place,
    version,
    changed: Object.keys(written).length > 0,
    ...builtIn,
    ...written,
    builtIn,
    variables: variables.map(({ name, kind, description, mayBeMissing }) => ({
      name,
      kind,
      description,
      sample: writtenValue(name, event, channel, locale, settings.quietHours.timeZone),
      mayBeMissing,
    })),
  };
}

/** What an event of this type carries in a preview that has no real one. */
export const sampleOf = (settings: Settings, place: TextPlace): Record<string, unknown> =>
  sampleData(place.type, variablesAt(settings, place));

/** The name that events of an own type go by now; null for a built-in one. */
export const typeNameOf = (settings: Settings, { type }: TextPlace): string | null => ownType(settings, type)?.name ?? null;

/**
 * Saves a text; parts that are the same as the built-in ones stay built-in. It is on its way to every shard before this answers, and
 * holds for all that is rendered from then on.
 * @throws 409 `settings.conflict` with `current`; 422 `template.invalid` with an error for each wrong part; 422 `template.too-much`
 */
export async function saveText(ports: Ports, org: string, by: string, place: TextPlace, form: TemplatePut): Promise<TemplateView> {
  const { type, channel, locale } = place;
  const settings = await changeSettings(ports, org, by, nameOfChange(place, "saved"), (newest) => {
    checkVersion(newest, place, form.version);
    checkText(newest, place, form);
    const builtIn = builtInText(type, channel, locale);
    const written = TEXT_PARTS[channel].filter((part) => form[part] !== builtIn[part]).map((part) => [part, form[part]]);
    return withText(newest, place, Object.fromEntries(written));
  });
  return viewText(settings, place);
}

/** Back to the built-in text. Without a version it is done whatever was saved last. Throws 409 `settings.conflict` with `current`. */
export async function resetText(ports: Ports, org: string, by: string, place: TextPlace, version: number | null): Promise<TemplateView> {
  const settings = await changeSettings(ports, org, by, nameOfChange(place, "reset"), (newest) => {
    if (version !== null) checkVersion(newest, place, version);
    return withText(newest, place, {});
  });
  return viewText(settings, place);
}

/** Throws 422 `template.invalid` where the text could not be sent; warnings pass. */
export function checkText(settings: Settings, place: TextPlace, source: TextSource): void {
  const messages = lintText(source, place.channel, variablesAt(settings, place));
  if (!hasErrors(messages)) return;
  const errors = messages.filter(({ severity }) => severity === "error").map((one) => ({ path: one.part, message: withPlace(one) }));
  throw invalid("template.invalid", "The text can't be used as it is; see errors.", errors);
}

function checkVersion(settings: Settings, place: TextPlace, version: number): void {
  const current = viewText(settings, place);
  if (current.version === version) return;
  throw conflict("settings.conflict", "Someone else has saved this text in the meantime.", { current });
}

function withText(settings: Settings, { type, channel, locale }: TextPlace, written: Partial<TextSource>): Settings {
  const { version, saved } = settings.texts ?? EMPTY;
  const channels = { ...saved[type], [channel]: { ...saved[type]?.[channel], [locale]: { ...written, version: version + 1 } } };
  const texts = { version: version + 1, saved: { ...saved, [type]: channels } };
  if (JSON.stringify(changedTexts(texts)).length > MOST_WRITTEN)
    throw invalid("template.too-much", "All changed texts together are too long. Reset some that are no longer needed.");
  return { ...settings, texts };
}

const savedAt = ({ texts }: Settings, { type, channel, locale }: TextPlace): SavedText | undefined =>
  texts?.saved[type]?.[channel]?.[locale];

const ownType = ({ eventTypes }: Settings, type: string): OwnEventType | null => eventTypes.own.find((one) => one.type === type) ?? null;

const variablesAt = (settings: Settings, { type }: TextPlace): KnownVariable[] => variablesOf(type, ownType(settings, type));

/** The history's words; the page finds by them who saved last. */
const nameOfChange = ({ type, channel, locale }: TextPlace, done: string): string => `text of ${type}, ${channel}, ${locale} ${done}`;
