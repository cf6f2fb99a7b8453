import { backOffMs } from "../../../embedded/queue/back-off.ts";
import type { Message, NewMessage, Verdict } from "../../../embedded/queue/engine.ts";
import { retryAfterMs } from "../../../embedded/queue/retry-after.ts";
import { compileRetryDelay } from "../../../embedded/queue/retry-delay.ts";
import type { Clock } from "../../../ports.ts";
import type { RecordEvent } from "./events.ts";
import { newId } from "./new-id.ts";
import type { Call, Outgoing } from "./publication.ts";
import type { SigningKeys } from "./signing-keys.ts";

/** What a destination answered, or why there was no answer (status 0). `body` is base64. It is also a dead letter's note. */
export type Answer = { status: number; headers: Record<string, string[]>; body: string; error?: string };

/** QStash's default. */
export const RETRIES = 3;
const NON_RETRYABLE = 489;
/** What belongs to a connection or is computed from the body is not for a sender to say. */
const NOT_FORWARDED = ["connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/** `stop` ends an attempt that is under way; it is made again at the next start. */
type Dependencies = { clock: Clock; keys: SigningKeys; record: RecordEvent; stop: AbortSignal };

/** Every publisher is on this machine, and so is this queue. */
export const CALLER_IP = "127.0.0.1";
const REGION = "EU-CENTRAL-1";

/** One attempt over HTTP, as https://upstash.com/docs/qstash/features/retry has it: 2xx is success, the rest is repeated or buried. */
export function createDeliver({ clock, keys, record, stop }: Dependencies): (message: Message) => Promise<Verdict> {
  return async (message) => {
    const outgoing = JSON.parse(message.body) as Outgoing;
    const body = new Uint8Array(Buffer.from(outgoing.body, "base64"));
    record(message.id, outgoing, "ACTIVE");
    const answer = await attempt(message, outgoing, { signature: keys.sign({ url: outgoing.url, body, now: clock.now() }), body, stop });
    const publish = outgoing.callback ? [callback(message, outgoing, outgoing.callback, answer, null)] : [];

    if (answer.status >= 200 && answer.status < 300) {
      record(message.id, outgoing, "DELIVERED", { responseStatus: answer.status });
      return { do: "done", publish };
    }
    record(message.id, outgoing, "ERROR", { error: answer.error ?? `status ${answer.status}`, responseStatus: answer.status });
    if (mayRepeat(message, outgoing, answer)) {
      const at = clock.now() + waitMs(message, outgoing, answer, clock.now());
      record(message.id, outgoing, "RETRY", { nextDeliveryTime: at });
      return { do: "again", at, publish };
    }
    record(message.id, outgoing, "FAILED");
    const id = newId("dlq_");
    if (outgoing.failureCallback) publish.push(callback(message, outgoing, outgoing.failureCallback, answer, id));
    return { do: "bury", id, note: JSON.stringify(answer), publish };
  };

  /** https://upstash.com/docs/qstash/features/callbacks */
  function callback(message: Message, outgoing: Outgoing, to: Call, answer: Answer, dlqId: string | null): NewMessage {
    const told = {
      status: answer.status,
      header: answer.headers,
      body: answer.body,
      retried: message.retried,
      maxRetries: outgoing.retries ?? RETRIES,
      sourceMessageId: message.id,
      url: outgoing.url,
      method: outgoing.method,
      sourceHeader: manyValued(outgoing.headers),
      sourceBody: outgoing.body,
      notBefore: message.due,
      createdAt: message.createdAt,
      callerIP: CALLER_IP,
      ...(outgoing.topic === undefined ? {} : { topicName: outgoing.topic }),
      ...(outgoing.endpoint === undefined ? {} : { endpointName: outgoing.endpoint }),
      ...(outgoing.schedule === undefined ? {} : { scheduleId: outgoing.schedule }),
      ...(dlqId === null ? {} : { dlqId }),
    };
    const next: Outgoing = {
      ...to,
      headers: { ...to.headers, "content-type": "application/json" },
      retries: to.retries ?? outgoing.retries,
      body: Buffer.from(JSON.stringify(told)).toString("base64"),
      callback: null,
      failureCallback: null,
      labels: outgoing.labels,
      ...(outgoing.queue === undefined ? {} : { queue: outgoing.queue, root: outgoing.root ?? message.id }),
    };
    const id = newId("msg_");
    record(id, next, "CREATED");
    return { id, due: clock.now() + to.delayMs, body: JSON.stringify(next) };
  }
}

type Sent = { signature: string; body: Uint8Array<ArrayBuffer>; stop: AbortSignal };

async function attempt(message: Message, outgoing: Outgoing, { signature, body, stop }: Sent): Promise<Answer> {
  const headers = new Headers(Object.entries(outgoing.headers).filter(([name]) => !NOT_FORWARDED.includes(name)));
  headers.set("user-agent", "Upstash-QStash");
  headers.set("upstash-message-id", message.id);
  headers.set("upstash-retried", String(message.retried));
  headers.set("upstash-signature", signature);
  headers.set("upstash-caller-ip", CALLER_IP);
  headers.set("upstash-region", REGION);
  if (outgoing.topic !== undefined) headers.set("upstash-topic-name", outgoing.topic);
  if (outgoing.schedule !== undefined) headers.set("upstash-schedule-id", outgoing.schedule);
  try {
    const response = await fetch(outgoing.url, {
      method: outgoing.method,
      headers,
      body: outgoing.method === "GET" ? null : body,
      redirect: "manual",
      signal: AbortSignal.any([AbortSignal.timeout(outgoing.timeoutMs), stop]),
    });
    const answer = Buffer.from(await response.arrayBuffer()).toString("base64");
    return { status: response.status, headers: manyValued(Object.fromEntries(response.headers)), body: answer };
  } catch (error) {
    if (stop.aborted) throw error;
    return { status: 0, headers: {}, body: "", error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

function mayRepeat({ retried }: Message, { retries }: Outgoing, { status, headers }: Answer): boolean {
  const isFinal = status === NON_RETRYABLE && headers["upstash-nonretryable-error"]?.[0]?.toLowerCase() === "true";
  return !isFinal && retried < (retries ?? RETRIES);
}

function waitMs({ retried }: Message, { retryDelay }: Outgoing, { headers }: Answer, now: number): number {
  const asked = retryAfterMs(new Headers(Object.entries(headers).map(([name, values]) => [name, values[0] ?? ""])), now);
  if (asked !== null) return asked;
  return retryDelay === null ? backOffMs(retried) : compileRetryDelay(retryDelay)(retried);
}

const manyValued = (headers: Record<string, string>) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
