import { type Outgoing, Refused } from "./publication.ts";

/** What a filter looks at. */
export type Filtered = { id: string; createdAt: number; outgoing: Outgoing };

/** Say how the answer is paged, not what is in it. */
const PAGING = ["count", "cursor"];

/** Compiles the filters of a bulk call: one that is repeated or has commas means "any of", different ones "all of". Throws Refused. */
export function readFilter(query: URLSearchParams, idName: "messageIds" | "dlqIds"): (candidate: Filtered) => boolean {
  const tests: ((candidate: Filtered) => boolean)[] = [];
  for (const name of new Set(query.keys())) {
    if (PAGING.includes(name)) continue;
    const given = query.getAll(name);
    const wanted = name === "url" ? given : given.flatMap((value) => value.split(","));
    tests.push(testOf(name, wanted, idName));
  }
  return (candidate) => tests.every((test) => test(candidate));
}

function testOf(name: string, wanted: string[], idName: string): (candidate: Filtered) => boolean {
  switch (name) {
    case idName:
    case idName.slice(0, -1):
      return ({ id }) => wanted.includes(id);
    case "url":
      return ({ outgoing }) => wanted.includes(outgoing.url);
    case "label":
      return ({ outgoing }) => outgoing.labels.some((label) => wanted.includes(label));
    case "fromDate":
      return ({ createdAt }) => createdAt >= Number(wanted[0]);
    case "toDate":
      return ({ createdAt }) => createdAt <= Number(wanted[0]);
    default:
      throw new Refused(400, `unknown filter: ${name}`);
  }
}
