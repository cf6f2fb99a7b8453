import { EMAIL_PRESETS, type EmailPreset } from "@carillon/shared/email-presets";

/** The preset that a host belongs to, with its region; null for any other server. */
export function presetOf(host: string): { preset: EmailPreset; region: string } | null {
  for (const preset of EMAIL_PRESETS) {
    const [before = "", after] = preset.host.split("{region}");
    if (after === undefined) {
      if (host === preset.host) return { preset, region: "" };
    } else if (host.startsWith(before) && host.endsWith(after) && host.length > before.length + after.length) {
      return { preset, region: host.slice(before.length, host.length - after.length) };
    }
  }
  return null;
}
