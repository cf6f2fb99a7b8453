import { CHANNELS } from "@carillon/shared/channels";
import { EVENT_TYPES } from "@carillon/shared/event-types";
import { STATES } from "@carillon/shared/ledger";

export const RANGES = {
  "": "Any time",
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  custom: "From … to …",
} as const;
export type Range = keyof typeof RANGES;

/** What the log shows, as it stands in the address. Empty text is no filter; `from` and `to` are local times of a custom range. */
export type Filters = {
  state: string;
  channel: string;
  type: string;
  /** The id of one event. */
  event: string;
  user: string;
  q: string;
  range: Range;
  from: string;
  to: string;
};
export const NO_FILTERS: Filters = { state: "", channel: "", type: "", event: "", user: "", q: "", range: "", from: "", to: "" };

type Query = Record<string, string | null | (string | null)[] | undefined>;

/** Reads an address that anyone may have typed: an unknown word is no filter. */
export function filtersOf(query: Query): Filters {
  const text = (name: string) => (typeof query[name] === "string" ? query[name] : "");
  const oneOf = (name: string, words: readonly string[]) => (words.includes(text(name)) ? text(name) : "");
  return {
    state: oneOf("state", STATES),
    channel: oneOf("channel", CHANNELS),
    type: oneOf("type", EVENT_TYPES),
    event: text("event"),
    user: text("user"),
    q: text("q"),
    range: oneOf("range", Object.keys(RANGES)) as Range,
    from: text("from"),
    to: text("to"),
  };
}

/** The filters that are set, for the address. */
export const queryOf = (filters: Filters): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ""));

/** The same as the server's question. */
export function searchOf(filters: Filters, now: number, page: { limit: number; cursor?: string | null }): URLSearchParams {
  const { range, from, to, ...words } = filters;
  const search = new URLSearchParams(Object.entries(words).flatMap(([name, value]) => (value.trim() === "" ? [] : [[name, value.trim()]])));
  const since = range === "custom" ? instantOf(from) : range === "" ? null : now - RANGE_MS[range];
  const until = range === "custom" ? instantOf(to) : null;
  if (since !== null) search.set("from", new Date(since).toISOString());
  if (until !== null) search.set("to", new Date(until).toISOString());
  search.set("limit", String(page.limit));
  if (page.cursor) search.set("cursor", page.cursor);
  return search;
}

const HOUR_MS = 3_600_000;
const RANGE_MS = { "1h": HOUR_MS, "24h": 24 * HOUR_MS, "7d": 168 * HOUR_MS, "30d": 720 * HOUR_MS };

function instantOf(local: string): number | null {
  const time = Date.parse(local);
  return Number.isNaN(time) ? null : time;
}
