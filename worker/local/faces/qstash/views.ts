import type { DeadLetter } from "../../../embedded/queue/dead-letters.ts";
import type { Message } from "../../../embedded/queue/engine.ts";
import { type Answer, RETRIES } from "./deliver.ts";
import type { Outgoing } from "./publication.ts";

/** A message as `GET /v2/messages/{id}` shows it. */
export function viewMessage(id: string, { due, createdAt, body }: Pick<Message, "due" | "createdAt" | "body">): object {
  const outgoing = JSON.parse(body) as Outgoing;
  const { url, method, headers, retries, retryDelay, callback, failureCallback, labels } = outgoing;
  return {
    messageId: id,
    url,
    method,
    header: Object.fromEntries(Object.entries(headers).map(([name, value]) => [canonical(name), [value]])),
    ...content("body", outgoing.body),
    maxRetries: retries ?? RETRIES,
    ...(retryDelay === null ? {} : { retryDelayExpression: retryDelay }),
    notBefore: due,
    createdAt,
    ...(callback ? { callback: callback.url } : {}),
    ...(failureCallback ? { failureCallback: failureCallback.url } : {}),
    ...(labels[0] === undefined ? {} : { label: labels[0], labels }),
  };
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
