import { createHmac } from "node:crypto";
import type { Channel } from "@carillon/shared/channels";
import { AppError, Unavailable } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { changeSettings } from "./change.ts";
import { clearFaults, type Trial } from "./channel-test.ts";
import { openSecrets, withChannel, type Place } from "./channels.ts";
import { readLatestSettings } from "./store.ts";

/** Whoever tests and then saves does so within this time, seconds. */
const REMEMBERED_S = 30 * 60;
const keyOf = (org: string, channel: Channel): string => `trial:${org}:${channel}`;
type Remembered = { print: string; at: number; ok: boolean };

/** Notes how a test of values that are not saved ended, by a fingerprint that tells nothing of them. */
export async function rememberTrial(
  { store, vault, clock }: Ports,
  org: string,
  channel: Channel,
  trial: Trial,
  ok: boolean,
): Promise<void> {
  const { settings, secrets } = trial.configuration;
  const remembered: Remembered = { print: await printOf(vault, settings, secrets), at: clock.now(), ok };
  await store.run(["SET", keyOf(org, channel), JSON.stringify(remembered), "EX", REMEMBERED_S]);
}

/**
 * After a save: if these very values were tested just before, the channel is as tested as they were, and a green one ends its fault.
 * Answers whether anything was noted. A failure costs no more than another test.
 */
export async function creditTrial(ports: Ports, place: Place, by: string, channel: Channel): Promise<boolean> {
  try {
    const [text] = await ports.store.run(["GET", keyOf(place.org, channel)]);
    const saved = (await readLatestSettings(ports, place.org))?.channels[channel];
    if (typeof text !== "string" || !saved?.settings) return false;
    const remembered = JSON.parse(text) as Remembered;
    const secrets = await openSecrets(ports, place.org, channel, saved, {});
    if ((await printOf(ports.vault, saved.settings, secrets)) !== remembered.print) return false;
    await changeSettings(ports, place.org, by, `${channel} tested`, (newest) =>
      newest.channels[channel].version === saved.version
        ? withChannel(newest, channel, { tested: { at: remembered.at, ok: remembered.ok } })
        : newest,
    );
    if (remembered.ok) await clearFaults(ports, place, channel);
    return true;
  } catch (error) {
    if (error instanceof AppError || error instanceof Unavailable) return false;
    throw error;
  }
}

async function printOf(vault: Ports["vault"], settings: Record<string, unknown>, secrets: Record<string, string>): Promise<string> {
  return createHmac("sha256", await vault.signingKey("trial"))
    .update(JSON.stringify([plain(settings), plain(secrets)]))
    .digest("base64url");
}

/** In one order, and without what is empty: an absent value and an empty one are the same to a provider. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.entries(value)
    .map(([name, field]): [string, unknown] => [name, plain(field)])
    .filter(([, field]) => field !== "" && field !== undefined && !(Array.isArray(field) && field.length === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
