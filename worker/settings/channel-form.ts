import { CHANNEL_SETTINGS } from "@carillon/shared/channel-settings";
import type { Channel } from "@carillon/shared/channels";
import { issuesOf, type Issue } from "@carillon/shared/events";
import { SECRET_MASK, type ChannelSettings } from "@carillon/shared/settings";
import { SealBroken, invalid } from "../errors.ts";
import { channelPort, type Ports, type SecretPlace, type Vault } from "../ports.ts";

/** What a form sends of a channel: any values, secrets as typed, null to clear, `{set: true}` for one that stays. */
export type ChannelForm = { settings: Record<string, unknown>; secrets?: Record<string, string | null | object> | undefined };

/** A form that has passed all checks. Secrets that stay are not in it. */
export type CheckedForm = { settings: Record<string, unknown>; secrets: Record<string, string | null> };

/** Checks a form with the same schema as the page, and with what only the server knows. @throws 422 `settings.invalid` */
export function checkForm(ports: Pick<Ports, "channels" | "config">, channel: Channel, form: ChannelForm): CheckedForm {
  const { secrets, issues } = checkSecrets(CHANNEL_SETTINGS[channel].secrets, form.secrets ?? {});
  const parsed = CHANNEL_SETTINGS[channel].schema.safeParse(form.settings);
  if (!parsed.success) throw invalidForm([...issuesOf(parsed.error, ["settings"]), ...issues]);
  const settings: Record<string, unknown> = parsed.data;
  if (channel !== "in-app") {
    issues.push(...inSettings(channelPort(ports.channels, channel).check?.(settings, ports.config) ?? []));
  }
  if (issues.length > 0) throw invalidForm(issues);
  return { settings, secrets };
}

/**
 * The secrets that still stand after a form: what was typed replaces, null clears, and a saved one goes when it would be sent
 * somewhere else than where its owner meant it to go. `typed` values are sealed or plain, as the saved ones are.
 */
export function mergeSecrets(
  saved: ChannelSettings,
  settings: Record<string, unknown>,
  typed: Record<string, string | null>,
): Record<string, string> {
  const stolen = new Set(saved.settings === null ? [] : secretsSentElsewhere(saved.settings, settings));
  const secrets = Object.fromEntries(Object.entries(saved.secrets).filter(([field]) => !stolen.has(field)));
  for (const [field, value] of Object.entries(typed)) {
    if (value === null) delete secrets[field];
    else secrets[field] = value;
  }
  return secrets;
}

/** Seals what was typed, for the place where it will stand. What is saved already keeps its seal: to type it once more is no change. */
export async function sealSecrets(
  vault: Vault,
  org: string,
  channel: Channel,
  saved: Record<string, string>,
  typed: Record<string, string | null>,
): Promise<Record<string, string | null>> {
  const seal = async (field: string, value: string): Promise<string> => {
    const place = { org, channel, field };
    const before = Object.hasOwn(saved, field) ? saved[field]! : null;
    const isSame = before !== null && (await openOrNull(vault, before, place)) === value;
    return isSame ? before : vault.seal(value, place);
  };
  const sealed = Object.entries(typed).map(async ([field, value]) => [field, value === null ? null : await seal(field, value)] as const);
  return Object.fromEntries(await Promise.all(sealed));
}

/** Null for what no longer opens. */
export async function openOrNull(vault: Vault, sealed: string, place: SecretPlace): Promise<string | null> {
  try {
    return await vault.open(sealed, place);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    return null;
  }
}

/** The same values in the same order, as a schema has put them. */
export const isSameSettings = (a: Record<string, unknown> | null, b: Record<string, unknown> | null): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

export const inSettings = (issues: Issue[]): Issue[] => issues.map(({ path, message }) => ({ path: `settings.${path}`, message }));
export const invalidForm = (errors: Issue[]) => invalid("settings.invalid", "The settings are not as they should be; see errors.", errors);

function checkSecrets(
  known: readonly string[],
  given: Record<string, string | null | object>,
): { secrets: Record<string, string | null>; issues: Issue[] } {
  const secrets: Record<string, string | null> = {};
  const issues: Issue[] = [];
  for (const [field, value] of Object.entries(given)) {
    const path = `secrets.${field}`;
    if (!known.includes(field)) issues.push({ path, message: "There is no such secret" });
    else if (value === null || value === "") secrets[field] = null;
    else if (typeof value !== "string") continue;
    else if (isMask(value)) issues.push({ path, message: "These are the dots that hide the secret; type the secret itself" });
    else secrets[field] = value;
  }
  return { secrets, issues };
}

const isMask = (value: string): boolean => value.includes(SECRET_MASK) || /^•+$/.test(value);

/** Where email's secrets go to. Whoever may change these, but not see the secret, must not be able to send it to a server of theirs. */
const DESTINATIONS: Record<string, readonly string[]> = {
  host: ["password", "clientSecret", "refreshToken"],
  port: ["password", "clientSecret", "refreshToken"],
  username: ["password", "clientSecret", "refreshToken"],
  oauth: ["clientSecret", "refreshToken"],
};

function secretsSentElsewhere(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  return Object.entries(DESTINATIONS).flatMap(([field, secrets]) => (filledIn(before[field]) === filledIn(after[field]) ? [] : secrets));
}

/** What a setting says: an empty value says as little as an absent one, wherever in it that stands. */
const filledIn = (setting: unknown): string =>
  JSON.stringify(setting ?? {}, (_, value: unknown) => (value === "" || value === null ? undefined : value)) ?? "{}";
