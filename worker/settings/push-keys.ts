import type { PushSettings } from "@carillon/shared/push-settings";
import type { ChannelSettings } from "@carillon/shared/settings";
import type { Ports, SecretPlace } from "../ports.ts";
import { inSettings, invalidForm, openOrNull, type ChannelForm, type CheckedForm } from "./channel-form.ts";

/** From Generate VAPID Keys to Save, seconds. */
const KEPT_S = 30 * 60;
const keyOf = (org: string, publicKey: string): string => `vapid:${org}:${publicKey}`;
const placeOf = (org: string, publicKey: string): SecretPlace => ({ org, channel: "push-generated", field: publicKey });

/** A new pair, which takes effect when its public key is saved. The private one waits here for that, sealed, until `expiresAt` (ms). */
export async function generatePair(
  { store, vault, clock, channels }: Pick<Ports, "store" | "vault" | "clock" | "channels">,
  org: string,
): Promise<{ publicKey: string; expiresAt: number }> {
  const { publicKey, privateKey } = channels.push.generateKeys();
  await store.run(["SET", keyOf(org, publicKey), await vault.seal(privateKey, placeOf(org, publicKey)), "EX", KEPT_S]);
  return { publicKey, expiresAt: clock.now() + KEPT_S * 1_000 };
}

/**
 * A checked form with the private keys that belong to it, of which the page never knows any. A new public key must be one that was
 * generated here, or come with its private one; the pair that was live becomes the previous one and stays live beside it, until a
 * form says `previousPublicKey: ""`.
 * @throws 422 `settings.invalid` at `settings.publicKey` or `settings.previousPublicKey`
 */
export async function withPrivateKeys(
  ports: Pick<Ports, "store" | "vault">,
  org: string,
  saved: ChannelSettings,
  form: ChannelForm,
  checked: CheckedForm,
): Promise<CheckedForm> {
  const settings = checked.settings as PushSettings;
  const live = saved.settings as PushSettings | null;
  const typed = checked.secrets["privateKey"];
  if (settings.publicKey === live?.publicKey) {
    if (typed === null) throw refuse("publicKey", "Keys are not cleared: generate new ones, then end the rotation");
    return keepPair(live, form, { settings, secrets: typed ? { privateKey: typed } : {} });
  }
  const privateKey = typed ?? (await openGenerated(ports, org, settings.publicKey));
  if (!privateKey) throw refuse("publicKey", "These keys were not made here within the last 30 minutes. Press Generate VAPID Keys");
  const before = live && (await openLive(ports, org, saved));
  return {
    settings: { ...settings, previousPublicKey: before ? live.publicKey : "" },
    secrets: { privateKey, previousPrivateKey: before },
  };
}

/** The pair stays; the one before it stays too, unless the form ends it. */
function keepPair(live: PushSettings, form: ChannelForm, { settings, secrets }: CheckedForm): CheckedForm {
  const previous = form.settings["previousPublicKey"];
  if (previous === "") return { settings: { ...settings, previousPublicKey: "" }, secrets: { ...secrets, previousPrivateKey: null } };
  if (previous !== undefined && previous !== live.previousPublicKey)
    throw refuse("previousPublicKey", "Only keys that were live become the previous ones");
  return { settings: { ...settings, previousPublicKey: live.previousPublicKey }, secrets };
}

async function openGenerated({ store, vault }: Pick<Ports, "store" | "vault">, org: string, publicKey: string): Promise<string | null> {
  const [sealed] = await store.run(["GET", keyOf(org, publicKey)]);
  return typeof sealed === "string" ? openOrNull(vault, sealed, placeOf(org, publicKey)) : null;
}

/** Keys that no longer open can't be written with either: then there is nothing to rotate. */
async function openLive({ vault }: Pick<Ports, "vault">, org: string, saved: ChannelSettings): Promise<string | null> {
  const sealed = saved.secrets["privateKey"];
  return sealed === undefined ? null : openOrNull(vault, sealed, { org, channel: "push", field: "privateKey" });
}

const refuse = (path: string, message: string) => invalidForm(inSettings([{ path, message }]));
