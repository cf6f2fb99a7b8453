import { CHANNEL_SETTINGS } from "@carillon/shared/channel-settings";
import type { Channel, ExternalChannel, TestStage } from "@carillon/shared/channels";
import type { Configuration } from "../channels/channel.ts";
import { AppError, Unavailable, conflict, notFound } from "../errors.ts";
import { publish } from "../pipeline/publish.ts";
import { channelPort, type Ports } from "../ports.ts";
import { changeSettings } from "./change.ts";
import { isSameSettings, mergeSecrets, type ChannelForm } from "./channel-form.ts";
import { openSecrets, readForm, withChannel, type Place } from "./channels.ts";
import { asConfigured } from "./configuration.ts";
import { readOrg } from "./org.ts";
import { readSettings } from "./store.ts";
import { rememberTrial } from "./trial-memory.ts";

/** What a test is made with. `savedVersion` is the version of the form when these are the saved values, else null. */
export type Trial = { configuration: Configuration<Record<string, unknown>>; savedVersion: number | null };

/**
 * The values to test: what the form holds over what is saved, with secrets opened. A saved secret is used only where a save would
 * keep it, so that a test can't send it to another server.
 * @throws 409 `channel.unconfigured`, 422 `settings.invalid`
 */
export async function prepareTrial(
  ports: Pick<Ports, "store" | "vault" | "config" | "channels">,
  place: Place,
  channel: Channel,
  form: Partial<ChannelForm>,
): Promise<Trial> {
  const org = await readOrg(ports, place.org);
  if (!org) throw notFound("organisation");
  const saved = (await readSettings(ports, place.org, place.version)).channels[channel];
  const settings = form.settings ?? saved.settings;
  if (settings === null) throw conflict("channel.unconfigured", "Fill in the settings first.");
  const checked = await readForm(ports, place.org, channel, saved, { settings, secrets: form.secrets });
  const opened = await openSecrets(ports, place.org, channel, saved, checked.secrets);
  const secrets = mergeSecrets({ ...saved, secrets: opened }, checked.settings, checked.secrets);
  const isSaved =
    isSameSettings(saved.settings && CHANNEL_SETTINGS[channel].schema.parse(saved.settings), checked.settings) &&
    isSameSecrets(opened, secrets);
  return {
    configuration: asConfigured(ports, org, checked.settings, secrets),
    savedVersion: isSaved ? saved.version : null,
  };
}

/** Tests a channel of the outside, stage by stage. The result is stored before the last stage is told. */
export async function* runTrial(
  ports: Ports,
  place: Place,
  by: string,
  channel: ExternalChannel,
  trial: Trial,
  to: string,
): AsyncGenerator<TestStage> {
  for await (const stage of channelPort(ports.channels, channel).test(trial.configuration, to)) {
    if (stage.stage !== "done") yield stage;
    else yield { ...stage, ...(await store(ports, place, by, channel, trial, stage.ok)) };
  }
}

/** A test of the saved values is kept; one of others is remembered until they are saved. */
async function store(
  ports: Ports,
  place: Place,
  by: string,
  channel: Channel,
  trial: Trial,
  ok: boolean,
): Promise<Pick<TestStage, "remedy">> {
  try {
    if (trial.savedVersion === null) {
      await rememberTrial(ports, place.org, channel, trial, ok);
      return {};
    }
    await changeSettings(ports, place.org, by, `${channel} tested`, (newest) => {
      const isStillSaved = newest.channels[channel].version === trial.savedVersion;
      return isStillSaved ? withChannel(newest, channel, { tested: { at: ports.clock.now(), ok } }) : newest;
    });
    if (ok) await clearFaults(ports, place, channel);
    return {};
  } catch (error) {
    if (!(error instanceof Unavailable || error instanceof AppError)) throw error;
    return { remedy: "The result could not be stored just now. Please test again in a moment." };
  }
}

/** A green test ends the channel's fault in every shard, and what it parked goes on. */
export async function clearFaults(ports: Ports, place: Place, channel: Channel): Promise<void> {
  await Promise.all(
    Array.from({ length: place.shards }, async (_, shard) => {
      const { wakes } = await ports.shards.get(place.org, shard).clearFault(channel);
      await publish(ports, place.org, shard, wakes);
    }),
  );
}

const isSameSecrets = (a: Record<string, string>, b: Record<string, string>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([field, value]) => b[field] === value);
