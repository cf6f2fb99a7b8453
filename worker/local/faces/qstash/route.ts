import { Refused } from "./refused.ts";

/** `rest` is what the path's group matched: an id, or a destination with its query. */
export type Call = { request: Request; query: URLSearchParams; rest: string };
/** What is answered is sent as JSON with status 200, unless it is a Response. */
export type Route = [method: string, path: RegExp, answer: (call: Call) => unknown];

const PAGE = 100;

/** The caller's own error of asking for what is not there. */
export function orMissing<T>(found: T | null | undefined, what: string, id: string): T {
  if (found === null || found === undefined) throw new Refused(404, `${what} ${id} not found`);
  return found;
}

/** How many a bulk call or a page is about. */
export function countOf(query: URLSearchParams): number {
  const count = Number(query.get("count") ?? PAGE);
  if (!Number.isInteger(count) || count < 1) throw new Refused(400, `invalid count: ${query.get("count")}`);
  return Math.min(count, PAGE);
}
