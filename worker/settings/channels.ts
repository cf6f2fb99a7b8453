import type { Channel } from "@carillon/shared/channels";
import type { ChannelSettings, ChannelView, Release, Settings } from "@carillon/shared/settings";
import { SealBroken, conflict, forbidden, notFound } from "../errors.ts";
import { publish } from "../pipeline/publish.ts";
import { channelPort, type Ports, type SecretPlace } from "../ports.ts";
import type { ChannelStatus } from "../shard/calls.ts";
import { changeSettings } from "./change.ts";
import {
  checkForm,
  inSettings,
  invalidForm,
  isSameSettings,
  mergeSecrets,
  sealSecrets,
  type ChannelForm,
  type CheckedForm,
} from "./channel-form.ts";
import { statusOf, viewOf } from "./channel-view.ts";
import { asConfigured } from "./configuration.ts";
import { readOrg } from "./org.ts";
import { withPrivateKeys } from "./push-keys.ts";
import { readLatestSettings, readSettings } from "./store.ts";

/** The organisation, how many shards it has, and the version of its settings as of this request. */
export type Place = { org: string; shards: number; version: number };

/** A channel as it stands. */
export async function showChannel(ports: Pick<Ports, "store" | "shards">, place: Place, channel: Channel): Promise<ChannelView> {
  const [settings, status] = await Promise.all([readSettings(ports, place.org, place.version), statusOf(ports.shards, place, channel)]);
  return viewOf(channel, settings.channels[channel], status);
}

/**
 * Saves what a form holds. It names the version it was made from; whoever saved in between is not overwritten.
 * `changed` names the fields that are different now.
 * @throws 404, 409 `settings.conflict` with `current`, 422 `settings.invalid`, and what `changeSettings` throws
 */
export async function saveChannel(
  ports: Ports,
  place: Place,
  by: string,
  channel: Channel,
  form: ChannelForm & { version: number },
): Promise<{ view: ChannelView; changed: string[] }> {
  const status = await statusOf(ports.shards, place, channel);
  const known = (await readLatestSettings(ports, place.org))?.channels[channel];
  if (!known) throw notFound("organisation");
  // A channel that was never set up may be sent back as it was read.
  if (known.settings === null && Object.keys(form.settings).length === 0 && !hasTyped(form))
    return { view: viewOf(channel, known, status), changed: [] };
  const checked = await readForm(ports, place.org, channel, known, form);
  await verifyForm(ports, place, channel, known, checked);
  const typed = await sealSecrets(ports.vault, place.org, channel, known.secrets, checked.secrets);

  let changed: string[] = [];
  const settings = await changeSettings(ports, place.org, by, `${channel} saved`, (newest) => {
    const saved = newest.channels[channel];
    if (saved.version !== form.version) {
      throw conflict("settings.conflict", "Someone else has saved this channel in the meantime.", {
        current: viewOf(channel, saved, status),
      });
    }
    const secrets = mergeSecrets(saved, checked.settings, typed);
    changed = differences(saved, checked.settings, secrets);
    return withChannel(newest, channel, {
      version: saved.version + 1,
      settings: checked.settings,
      secrets,
      // A test speaks for the values that it was made with; the pace has no part in one.
      tested: changed.every((field) => field === "pace") ? saved.tested : null,
    });
  });
  if (channel === "whatsapp" && changed.length > 0) await forgetTemplateFaults(ports, place);
  return { view: viewOf(channel, settings.channels[channel], status), changed };
}

/** A form that has passed all checks, with the secrets that only the server has. @throws 422 `settings.invalid` */
export async function readForm(
  ports: Pick<Ports, "store" | "vault" | "config" | "channels">,
  org: string,
  channel: Channel,
  saved: ChannelSettings,
  form: ChannelForm,
): Promise<CheckedForm> {
  const checked = checkForm(ports, channel, form);
  return channel === "push" ? withPrivateKeys(ports, org, saved, form, checked) : checked;
}

/** Other settings deserve another try. */
async function forgetTemplateFaults(ports: Ports, { org, shards }: Place): Promise<void> {
  await Promise.all(
    Array.from({ length: shards }, async (_, shard) => {
      const { wakes } = await ports.shards.get(org, shard).templateUsable(null);
      await publish(ports, org, shard, wakes);
    }),
  );
}

/** Asks the provider about what it alone can know. @throws 422 `settings.invalid` */
async function verifyForm(ports: Ports, { org }: Place, channel: Channel, saved: ChannelSettings, form: CheckedForm): Promise<void> {
  if (channel === "in-app") return;
  const { verify } = channelPort(ports.channels, channel);
  const named = verify && (await readOrg(ports, org));
  if (!named) return;
  const opened = await openSecrets(ports, org, channel, saved, form.secrets);
  const secrets = mergeSecrets({ ...saved, secrets: opened }, form.settings, form.secrets);
  const issues = await verify(asConfigured(ports, named, form.settings, secrets), saved.settings);
  if (issues.length > 0) throw invalidForm(inSettings(issues));
}

/** How long switching off waits for what is on its way; a provider that takes longer is not waited for. */
const LAST_SENDS_MS = 2_000;

/**
 * Switches a channel on or off; when this returns, every shard acts on it, and what was on its way at off has arrived.
 * @throws 409 `channel.unconfigured`
 */
export async function switchChannel(
  ports: Ports,
  place: Place,
  by: string,
  channel: Channel,
  enabled: boolean,
  release: Release = "all",
): Promise<ChannelView> {
  let settings = await readSettings(ports, place.org, place.version);
  if (settings.channels[channel].enabled !== enabled) {
    const switched = { at: ports.clock.now(), by };
    const mutate = (newest: Settings): Settings => {
      if (newest.channels[channel].settings === null) throw conflict("channel.unconfigured", "Set the channel up before switching it on.");
      return withChannel(newest, channel, { enabled, switched });
    };
    settings = await changeSettings(
      ports,
      place.org,
      by,
      `${channel} switched ${enabled ? "on" : "off"}`,
      mutate,
      enabled ? { [channel]: release } : {},
    );
  }
  return viewOf(channel, settings.channels[channel], await settledStatus(ports, place, channel, enabled ? 0 : LAST_SENDS_MS));
}

async function settledStatus(
  { shards }: Pick<Ports, "shards">,
  place: Place,
  channel: Channel,
  patienceMs: number,
): Promise<ChannelStatus> {
  for (const started = performance.now(); ;) {
    const status = await statusOf(shards, place, channel);
    if (status.sending === 0 || performance.now() - started >= patienceMs) return status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A saved secret in plain text, for the eye button. @throws 404 if it is not set; 403 `secret.never-shown` */
export async function revealSecret(ports: Pick<Ports, "store" | "vault">, place: Place, channel: Channel, field: string): Promise<string> {
  if (channel === "push") throw forbidden("secret.never-shown", "A VAPID private key never leaves the server.");
  const saved = (await readSettings(ports, place.org, place.version)).channels[channel];
  const sealed = Object.hasOwn(saved.secrets, field) ? saved.secrets[field] : undefined;
  if (sealed === undefined) throw notFound("secret");
  return openSecret(ports, sealed, { org: place.org, channel, field });
}

/** @throws 409 `secret.unreadable` when the key it was sealed with is no longer there */
export async function openSecret({ vault }: Pick<Ports, "vault">, sealed: string, place: SecretPlace): Promise<string> {
  try {
    return await vault.open(sealed, place);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw conflict("secret.unreadable", `The saved ${place.field} can no longer be opened; please type it again.`);
  }
}

/** One that no longer opens is of no matter where another was typed. */
export async function openSecrets(
  ports: Pick<Ports, "vault">,
  org: string,
  channel: Channel,
  saved: ChannelSettings,
  typed: Record<string, unknown>,
): Promise<Record<string, string>> {
  const opened: Record<string, string> = {};
  for (const [field, sealed] of Object.entries(saved.secrets)) {
    try {
      opened[field] = await openSecret(ports, sealed, { org, channel, field });
    } catch (error) {
      if (!Object.hasOwn(typed, field)) throw error;
    }
  }
  return opened;
}

/** The settings with some of a channel's fields replaced. */
export const withChannel = (settings: Settings, channel: Channel, fields: Partial<ChannelSettings>): Settings => ({
  ...settings,
  channels: { ...settings.channels, [channel]: { ...settings.channels[channel], ...fields } },
});

const hasTyped = ({ secrets = {} }: ChannelForm): boolean =>
  Object.values(secrets).some((value) => typeof value === "string" && value !== "");

function differences(saved: ChannelSettings, settings: Record<string, unknown>, secrets: Record<string, string>): string[] {
  const before = saved.settings ?? {};
  const fields = [...new Set([...Object.keys(before), ...Object.keys(settings)])].filter(
    (field) => !isSameSettings({ field: before[field] }, { field: settings[field] }),
  );
  const names = [...new Set([...Object.keys(saved.secrets), ...Object.keys(secrets)])].filter(
    (name) => saved.secrets[name] !== secrets[name],
  );
  return [...fields, ...names];
}
