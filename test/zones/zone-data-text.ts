import { CARRIED, changesOf, offsetOf, release, zoneNames } from "./newest-data.ts";

/** A runtime whose data are older than this is not supported; what changed since then and is constant now is carried too. */
const OLDEST_DATA = Date.UTC(2018, 0, 1);
const MINUTE = 60_000;
const LETTERS = "ABCDEFGH";

/** The text of shared/zone-data.ts; the shape of its lines is told there. */
export function zoneDataText(): string {
  const lines = new Map<string, string[]>();
  for (const name of zoneNames) {
    const changes = changesOf(name, CARRIED.from, CARRIED.to);
    if (changes.length === 0 && changesOf(name, OLDEST_DATA, CARRIED.from).length === 0) continue;
    const first = offsetOf(name, CARRIED.from) / MINUTE;
    const offsets = [...new Set([first, ...changes.map(({ after }) => after / MINUTE)])];
    let before = CARRIED.from;
    const steps = changes.map(({ at, after }) => {
      const step = (at - before) / MINUTE;
      if (!Number.isInteger(step) || !Number.isInteger(after / MINUTE)) throw new Error(`${name} changes between two minutes`);
      before = at;
      return `${step.toString(36)}${LETTERS[offsets.indexOf(after / MINUTE)]}`;
    });
    const table = `${offsets.join(",")}|${steps.join(" ")}`;
    lines.set(table, [...(lines.get(table) ?? []), name]);
  }
  const rows = [...lines].map(([table, names]) => `${names.join(" ")}|${table}`);
  return `// Made by test/zones/generate.ts from release ${release} of the time-zone database. Not to be edited.

/** The release of the IANA time-zone database that the table was made from. */
export const ZONE_DATA_RELEASE = "${release}";

/**
 * A line per set of zones that share their offset changes from 2026 to 2036: names | offsets | changes.
 * Offsets are minutes east of UTC, the first one holds at the start of 2026. A change is the minutes since the one before (or since the
 * start of 2026) in base 36, and a capital letter that says which of the line's offsets holds from then on (A is the first).
 */
export const ZONE_DATA = \`
${rows.join("\n")}
\`;
`;
}
