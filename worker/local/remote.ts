import { setTimeout as sleep } from "node:timers/promises";

/** A deployment, by the token of whoever runs it. */
export type Remote = { address: string; token: string };

/** Waits between tries, ms: a deploy or an isolate that starts anew is over by then. */
const WAITS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000];

/**
 * One call of a route of the operator's. Every one of them may be repeated, and is, as long as nobody answers or the answer says to come
 * again. Throws what the deployment said.
 */
export async function callRemote({ address, token }: Remote, path: string, body?: unknown): Promise<Response> {
  const url = `${address.replace(/\/+$/, "")}${path}`;
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) }),
    }).catch((error: unknown) => new Error(`${address} can't be reached: ${String((error as Error).cause ?? error)}`));
    if (answer instanceof Response && answer.ok) return answer;
    const wait = WAITS_MS[attempt];
    const isForNow = answer instanceof Error || answer.status === 429 || answer.status >= 500;
    if (!isForNow || wait === undefined) throw answer instanceof Error ? answer : await refusalOf(address, answer);
    await sleep(answer instanceof Error ? wait : Math.max(wait, 1_000 * Number(answer.headers.get("retry-after") ?? 0)));
  }
}

/** The answer, as JSON. */
export const askRemote = async <Answer>(remote: Remote, path: string, body?: unknown): Promise<Answer> =>
  (await (await callRemote(remote, path, body)).json()) as Answer;

async function refusalOf(address: string, answer: Response): Promise<Error> {
  const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string };
  return new Error(`${address} answered ${answer.status}: ${detail ?? "no word of ours"}`);
}

/** The answers to all of `asked` in their order, a few at a time. */
export async function fewAtATime<Asked, Answer>(asked: Asked[], ask: (one: Asked) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  const waiting = [...asked.entries()];
  const line = async () => {
    for (let next; (next = waiting.shift());) answers[next[0]] = await ask(next[1]);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, line));
  return answers;
}
const AT_A_TIME = 4;
