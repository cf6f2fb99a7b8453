import { CHANNELS, inAppSettingsSchema, type Channel } from "@carillon/shared/channels";
import type { Gate, Rules } from "@carillon/shared/decide";
import { paceOf } from "@carillon/shared/pace";
import type { ChannelSettings, Settings } from "@carillon/shared/settings";
import { changedTexts } from "@carillon/shared/templates";
import { whatsappSettingsSchema } from "@carillon/shared/whatsapp-settings";

/** What a shard needs to know of the settings. Faults are the shard's own knowledge. */
export function rulesOf(settings: Settings): Rules {
  const gates = {} as Record<Channel, Gate>;
  for (const channel of CHANNELS) gates[channel] = gateOf(settings.channels[channel]);
  const inApp = inAppSettingsSchema.parse(settings.channels["in-app"].settings ?? {});
  return {
    version: settings.version,
    ...(settings.shards === undefined ? {} : { shards: settings.shards }),
    gates,
    cells: settings.routing.cells,
    quietHours: settings.quietHours,
    silentInQuietHours: inApp.silentInQuietHours,
    ...templatesOf(settings.channels.whatsapp),
    ...textsOf(settings),
    ...(settings.retention ? { retention: settings.retention } : {}),
    ...pacesOf(settings),
  };
}

function templatesOf({ settings }: ChannelSettings): Pick<Rules, "templates"> {
  if (settings === null) return {};
  const mapped = Object.entries(whatsappSettingsSchema.parse(settings).templates).filter(
    ([, mappings]) => Object.keys(mappings).length > 0,
  );
  const named = ([type, mappings]: (typeof mapped)[number]) =>
    [type, Object.fromEntries(Object.entries(mappings).map(([locale, { name, language }]) => [locale, { name, language }]))] as const;
  return { templates: Object.fromEntries(mapped.map(named)) };
}

function textsOf({ texts }: Settings): Pick<Rules, "texts"> {
  const changed = changedTexts(texts);
  return Object.keys(changed).length > 0 ? { texts: changed } : {};
}

function pacesOf({ channels }: Settings): Pick<Rules, "paces"> {
  const paces: Rules["paces"] = {};
  for (const channel of CHANNELS) {
    const pace = paceOf(channels[channel].settings);
    if (pace) paces[channel] = pace;
  }
  return Object.keys(paces).length > 0 ? { paces } : {};
}

function gateOf({ enabled, settings }: ChannelSettings): Gate {
  if (settings === null) return "unset";
  return enabled ? "on" : "off";
}
