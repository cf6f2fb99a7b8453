const plain = (text: string): string => text.toLowerCase().replaceAll("_", " ");

/** The zones that a typed text means: those with a part that begins with it first, then those that contain it. */
export function searchZones(zones: string[], typed: string, limit: number): string[] {
  const wanted = plain(typed.trim());
  if (wanted === "") return zones.slice(0, limit);
  const rank = (zone: string): number => {
    const name = plain(zone);
    if (name === wanted) return 0;
    if (name.split("/").some((part) => part.startsWith(wanted)) || name.startsWith(wanted)) return 1;
    return name.includes(wanted) ? 2 : 3;
  };
  return zones
    .map((zone) => ({ zone, rank: rank(zone) }))
    .filter((found) => found.rank < 3)
    .sort((one, other) => one.rank - other.rank)
    .slice(0, limit)
    .map((found) => found.zone);
}
