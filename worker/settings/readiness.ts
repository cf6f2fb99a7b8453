import { CHANNELS } from "@carillon/shared/channels";
import { CARRIED_YEARS, offsetAt } from "@carillon/shared/zones";
import { SealBroken, Unavailable } from "../errors.ts";
import { log } from "../log.ts";
import type { Outside, Store } from "../ports.ts";
import { readOrgs, type Org } from "./org.ts";
import { readSettings } from "./store.ts";

/** What has to work before anybody is let in; `keys`: signing works, and every saved secret opens with the keys that there are. */
export type Readiness = Record<"store" | "queue" | "shards" | "keys" | "zones", boolean>;
type ReadinessPorts = Pick<Outside, "store" | "queue" | "shards" | "vault" | "clock">;

/** Whoever asks more often is told what was found last; only as long as all was well. */
const GOOD_FOR_MS = 1_000;
/** Settings of so many organisations are looked into in one go; those of the others when it is asked again. */
const MOST_LOOKED_INTO = 100;

const found = new WeakMap<Store, { at: number; readiness: Readiness }>();

export async function readinessOf(ports: ReadinessPorts): Promise<Readiness> {
  const now = ports.clock.now();
  const last = found.get(ports.store);
  if (last && now - last.at < GOOD_FOR_MS) return last.readiness;
  const [store, queue, orgs] = await Promise.all([ports.store.isReady(), ports.queue.isReady(), orElse(readOrgs(ports), [])]);
  const [shards, keys] = await Promise.all([reachesAShard(ports, orgs), hasItsKeys(ports, orgs)]);
  const readiness = { store, queue, shards, keys, zones: knowsZones(now) };
  if (isReady(readiness)) found.set(ports.store, { at: now, readiness });
  return readiness;
}

export const isReady = (readiness: Readiness): boolean => Object.values(readiness).every(Boolean);

/** One stands for all: they live in the same place. Without an organisation there is none to ask. */
async function reachesAShard({ shards }: ReadinessPorts, [org]: Org[]): Promise<boolean> {
  return org === undefined || orElse(shards.get(org.org, 0).rearm().then(isSo), false);
}
const isSo = () => true;

async function hasItsKeys(ports: ReadinessPorts, orgs: Org[]): Promise<boolean> {
  if ((await ports.vault.signingKey("readiness")).length === 0) return false;
  const known = openedOf(ports.store);
  for (const org of orgs.filter(({ org: name, version }) => known.get(name)?.version !== version).slice(0, MOST_LOOKED_INTO)) {
    const opens = await orElse(opensItsSecrets(ports, org), null);
    if (opens !== null) known.set(org.org, { version: org.version, opens });
  }
  return orgs.every(({ org }) => known.get(org)?.opens !== false);
}

/** By organisation, for which version of the settings this was found out; a version never changes. */
const opened = new WeakMap<Store, Map<string, { version: number; opens: boolean }>>();
function openedOf(store: Store): Map<string, { version: number; opens: boolean }> {
  let known = opened.get(store);
  if (!known) opened.set(store, (known = new Map()));
  return known;
}

/** Whether every secret that an organisation has saved opens with the keys that there are. */
export async function opensItsSecrets(ports: Pick<Outside, "store" | "vault">, { org, version }: Org): Promise<boolean> {
  const { channels } = await readSettings(ports, org, version);
  let opens = true;
  for (const channel of CHANNELS) {
    for (const [field, sealed] of Object.entries(channels[channel].secrets)) {
      try {
        await ports.vault.open(sealed, { org, channel, field });
      } catch (error) {
        if (!(error instanceof SealBroken)) throw error;
        opens = false;
        log("error", "a saved secret does not open with the settings keys of this deployment", { org, channel });
      }
    }
  }
  return opens;
}

/** What Carillon carries itself reaches past today, and what it leaves to the runtime is there. */
function knowsZones(now: number): boolean {
  const hour = 3_600_000;
  const carried = offsetAt("Europe/Berlin", Date.UTC(2026, 6, 1)) === 2 * hour && offsetAt("Europe/Berlin", Date.UTC(2026, 0, 1)) === hour;
  const asked = offsetAt("Asia/Kolkata", now) === 5.5 * hour;
  return carried && asked && now < CARRIED_YEARS.to;
}

async function orElse<Answer, Other>(asked: Promise<Answer>, other: Other): Promise<Answer | Other> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Unavailable) return other;
    throw error;
  }
}
