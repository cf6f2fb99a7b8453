import type { Settings } from "@carillon/shared/settings";
import { conflict } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { changeSettings } from "./change.ts";

/** The parts of the settings that a form holds as a whole. */
export type SectionName = "routing" | "quietHours";
type Section<Name extends SectionName> = Settings[Name];

const WORDS: Record<SectionName, string> = { routing: "event routing", quietHours: "quiet hours" };

/**
 * Saves a section as a form holds it; it names the version it was made from, and whoever saved in between is not overwritten.
 * Takes effect as every change of settings does: what is held is planned anew before this answers.
 * @throws 409 `settings.conflict` with `current`, and what `changeSettings` throws
 */
export async function saveSection<Name extends SectionName>(
  ports: Ports,
  org: string,
  by: string,
  name: Name,
  form: Section<Name>,
): Promise<Section<Name>> {
  const settings = await changeSettings(ports, org, by, `${WORDS[name]} saved`, (newest) => {
    const saved = newest[name];
    if (saved.version !== form.version) {
      throw conflict("settings.conflict", `Someone else has saved the ${WORDS[name]} in the meantime.`, { current: saved });
    }
    return { ...newest, [name]: { ...form, version: saved.version + 1 } };
  });
  return settings[name];
}
