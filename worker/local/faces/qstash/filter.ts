import { CALLER_IP } from "./deliver.ts";
import type { Outgoing } from "./publication.ts";
import { Refused } from "./refused.ts";

/** What a filter looks at. */
export type Filtered = { id: string; createdAt: number; outgoing: Outgoing; responseStatus?: number; state?: string };
type Test = (candidate: Filtered) => boolean;

/** Say how the answer is paged, not what is in it. */
const PAGING = ["count", "cursor", "order"];

/** What can be filtered by, besides ids; the rest is asked for its one value. */
const VALUES: Record<string, (candidate: Filtered) => unknown> = {
  topicName: ({ outgoing }) => outgoing.topic,
  queueName: ({ outgoing }) => outgoing.queue,
  scheduleId: ({ outgoing }) => outgoing.schedule,
  flowControlKey: ({ outgoing }) => outgoing.flow?.key,
  url: ({ outgoing }) => outgoing.url,
  host: ({ outgoing }) => new URL(outgoing.url).host,
  path: ({ outgoing }) => new URL(outgoing.url).pathname,
  callerIp: () => CALLER_IP,
  callerIP: () => CALLER_IP,
  responseStatus: ({ responseStatus }) => responseStatus,
  state: ({ state }) => state,
};
type Subject = "messageIds" | "dlqIds" | "logs";
/** Not everything is known of everything. */
const NOT_FOR: Record<Subject, string[]> = {
  messageIds: ["responseStatus", "state"],
  dlqIds: ["host", "path", "state"],
  logs: ["responseStatus"],
};
/** A log entry's states that are not the last of its message. */
const IN_PROGRESS = ["CREATED", "ACTIVE", "RETRY", "ERROR"];

/** Compiles the filters of a bulk call: one that is repeated or has commas means "any of", different ones "all of". Throws Refused. */
export function readFilter(query: URLSearchParams, subject: Subject): Test {
  const tests: Test[] = [];
  for (const name of new Set(query.keys())) {
    if (PAGING.includes(name)) continue;
    const given = query.getAll(name);
    const wanted = name === "url" ? given : given.flatMap((value) => value.split(","));
    tests.push(testOf(name, wanted, subject));
  }
  return (candidate) => tests.every((test) => test(candidate));
}

function testOf(name: string, wanted: string[], subject: Subject): Test {
  const ids = subject === "logs" ? "messageIds" : subject;
  if (name === ids || name === ids.slice(0, -1)) return ({ id }) => wanted.includes(id);
  if (name === "label") return ({ outgoing }) => outgoing.labels.some((label) => wanted.includes(label));
  if (name === "fromDate") return ({ createdAt }) => createdAt >= readDate(name, wanted);
  if (name === "toDate") return ({ createdAt }) => createdAt <= readDate(name, wanted);
  const value = VALUES[name];
  if (!value || NOT_FOR[subject].includes(name)) throw new Refused(400, `unknown filter: ${name}`);
  if (name === "state" && wanted.includes("IN_PROGRESS")) wanted.push(...IN_PROGRESS);
  return (candidate) => wanted.includes(String(value(candidate)));
}

/** Milliseconds since 1970. */
function readDate(name: string, [text = ""]: string[]): number {
  if (!/^\d+$/.test(text)) throw new Refused(400, `invalid ${name}: ${text}`);
  return Number(text);
}
