import type { Channel } from "@carillon/shared/channels";
import type { Release, Settings } from "@carillon/shared/settings";
import { AppError, Unavailable, conflict, notFound } from "../errors.ts";
import { publish } from "../pipeline/publish.ts";
import type { Outside } from "../ports.ts";
import type { SettingsChange } from "../shard/calls.ts";
import { readOrg } from "./org.ts";
import { rulesOf } from "./rules.ts";
import { pointTo, readLatestSettings, writeVersion } from "./store.ts";

type ChangePorts = Pick<Outside, "store" | "shards" | "queue" | "clock">;

/** A change takes some tens of ms; whoever comes second waits its turn, some 3 s in all. */
const TRIES = 12;
const WAIT_MS = 40;

/**
 * Makes the next version of an organisation's settings and answers it once every shard acts on it. `mutate` gets the newest settings
 * and may be asked again when someone else was faster; what it throws ends the change. `what` is a few words for the history.
 * @throws 404 without such an organisation; 409 `settings.busy`; 503 when the store is away, and 503 `settings.pending` when the
 * change is written down but not yet everywhere: shard 0 finishes it
 */
export async function changeSettings(
  ports: ChangePorts,
  org: string,
  by: string,
  what: string,
  mutate: (settings: Settings) => Settings,
  releases: Partial<Record<Channel, Release>> = {},
): Promise<Settings> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const newest = await readLatestSettings(ports, org);
    if (!newest) throw notFound("organisation");
    const settings: Settings = { ...mutate(newest), version: newest.version + 1, changed: { at: ports.clock.now(), by, what } };
    const change: SettingsChange = { version: settings.version, settings, releases };
    const { taken } = await ports.shards.get(org, 0).intend(change);
    if (taken) {
      await finishOrPromise(ports, org, change);
      return settings;
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS * attempt));
  }
  throw conflict("settings.busy", "Another change of the settings is under way. Please try again in a moment.");
}

/**
 * The second half of a change, after it was written down in shard 0. May be repeated, also after a later change. The shards hear of
 * it before any request carries the new version: a shard that had to catch up by itself would not know how to release what is parked.
 */
export async function finishChange(ports: ChangePorts, org: string, change: SettingsChange): Promise<void> {
  const place = await readOrg(ports, org);
  if (!place) throw new Unavailable("store", new Error(`The record of ${org} is not there`));
  await writeVersion(ports, org, change.settings);
  const rules = rulesOf(change.settings);
  await Promise.all(
    Array.from({ length: place.shards }, async (_, shard) => {
      const { wakes } = await ports.shards.get(org, shard).apply(rules, change.releases);
      await publish(ports, org, shard, wakes);
    }),
  );
  await pointTo(ports, org, change.settings);
  await ports.shards.get(org, 0).settled(change.version);
}

async function finishOrPromise(ports: ChangePorts, org: string, change: SettingsChange): Promise<void> {
  try {
    await finishChange(ports, org, change);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    throw new AppError(
      503,
      "settings.pending",
      "The change is written down, but it could not be made everywhere yet. It takes effect by itself within a minute.",
      {
        headers: { "retry-after": "10" },
      },
    );
  }
}
