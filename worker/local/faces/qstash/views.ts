import { createHash } from "node:crypto";
import type { DeadLetter } from "../../../embedded/queue/dead-letters.ts";
import type { Message } from "../../../embedded/queue/engine.ts";
import { type Answer, CALLER_IP, RETRIES } from "./deliver.ts";
import type { Flow } from "./options.ts";
import { type Outgoing, readPublication } from "./publication.ts";
import type { Schedule } from "./schedules.ts";

/** A message as `GET /v2/messages/{id}` shows it. */
export function viewMessage(id: string, { due, createdAt, body }: Pick<Message, "due" | "createdAt" | "body">): object {
  const outgoing = JSON.parse(body) as Outgoing;
  return { messageId: id, ...shared(outgoing), ...shownBody(outgoing), notBefore: due, createdAt };
}

/** A dead letter with the answer that was the last straw. */
export function viewDeadLetter(letter: DeadLetter): object {
  const answer = JSON.parse(letter.note) as Answer;
  return {
    ...viewMessage(letter.message, { ...letter, due: letter.createdAt }),
    dlqId: letter.id,
    responseStatus: answer.status,
    responseHeader: answer.headers,
    ...content("responseBody", answer.error === undefined ? answer.body : Buffer.from(answer.error).toString("base64")),
  };
}

export function viewSchedule({ id, cron, destination, headers, body, created, paused, last, next }: Schedule): object {
  const { outgoing } = readPublication(
    destination,
    new Headers(JSON.parse(headers) as [string, string][]),
    Buffer.from(body, "base64"),
    created,
  );
  const { url: _, maxRetries, ...rest } = shared(outgoing);
  return {
    scheduleId: id,
    cron,
    destination,
    createdAt: created,
    ...rest,
    ...shownBody(outgoing),
    retries: maxRetries,
    ...(outgoing.delayMs > 0 ? { delay: outgoing.delayMs / 1000 } : {}),
    isPaused: paused === 1,
    nextScheduleTime: next,
    ...(last === null ? {} : { lastScheduleTime: last }),
  };
}

/** What messages, dead letters, schedules and log entries show alike; what is to be redacted as its hash. */
export function shared(outgoing: Outgoing) {
  const { url, method, retries, retryDelay, callback, failureCallback, labels, queue, flow, topic, endpoint, schedule } = outgoing;
  return {
    url,
    method,
    header: shownHeaders(outgoing),
    maxRetries: retries ?? RETRIES,
    callerIP: CALLER_IP,
    ...(retryDelay === null ? {} : { retryDelayExpression: retryDelay }),
    ...(callback ? { callback: callback.url } : {}),
    ...(failureCallback ? { failureCallback: failureCallback.url } : {}),
    ...(labels[0] === undefined ? {} : { label: labels[0], labels }),
    ...(queue === undefined ? {} : { queueName: queue }),
    ...(flow === undefined ? {} : flowFields(flow)),
    ...(topic === undefined ? {} : { topicName: topic }),
    ...(endpoint === undefined ? {} : { endpointName: endpoint }),
    ...(schedule === undefined ? {} : { scheduleId: schedule }),
  };
}

const flowFields = ({ key, parallelism, rate, periodMs }: Flow) => ({
  flowControlKey: key,
  ...(parallelism === 0 ? {} : { parallelism }),
  ...(rate === 0 ? {} : { rate, period: periodMs / 1000 }),
});

function shownHeaders({ headers, redact }: Outgoing): Record<string, string[]> {
  const isHidden = (name: string) => redact !== undefined && (redact.headers === "all" || redact.headers.includes(name));
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [canonical(name), [isHidden(name) ? hashOf(Buffer.from(value)) : value]]),
  );
}

/** The body in base64, as the log shows it. */
export function loggedBody({ body, redact }: Outgoing): string {
  return redact?.body ? Buffer.from(hashOf(Buffer.from(body, "base64"))).toString("base64") : body;
}

const shownBody = (outgoing: Outgoing) => content("body", loggedBody(outgoing));

const hashOf = (value: Uint8Array) => `REDACTED:${createHash("sha256").update(value).digest("hex")}`;

/** As text if it is text, else as base64. */
function content(name: string, base64: string): object {
  try {
    return { [name]: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, "base64")) };
  } catch {
    return { [`${name}Base64`]: base64 };
  }
}

/** `content-type` → `Content-Type`, as Go spells header names. */
const canonical = (name: string) => name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
