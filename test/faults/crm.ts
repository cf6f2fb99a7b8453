import { sleep, type Instance } from "../harness/instance.ts";

/** An event as it is posted, and whom it is for. */
export type Posted = { id: string; type: string; recipients: { id: string; email?: string }[]; data: object };

/** A post that is answered later than this has met something that hangs. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 25;

/**
 * A CRM as it should be: what got no answer, or a 503, is posted again under the same id until it is accepted. It remembers what was
 * accepted, how often it had to repeat, and every answer that nobody should ever see.
 */
export class Crm {
  readonly accepted: Posted[] = [];
  readonly complaints: string[] = [];
  /** Posts that were made again, because the connection broke or the answer was a 503. */
  repeats = 0;
  /** Events whose first answer was lost on the way: the repeat was told that they are known. */
  answersLost = 0;
  readonly #carillon: Instance;

  constructor(carillon: Instance) {
    this.#carillon = carillon;
  }

  /** Posts one event, or several as a batch; resolves once all are accepted. */
  async post(events: Posted[]): Promise<void> {
    for (let isRepeat = false; !(await this.#try(events, isRepeat)); isRepeat = true) {
      this.repeats++;
      await sleep(PAUSE_MS);
    }
  }

  /** False if it has to be posted again. */
  async #try(events: Posted[], isRepeat: boolean): Promise<boolean> {
    const isBatch = events.length > 1;
    let answer: { status: number; body: { results: Accepted[] } & Accepted };
    try {
      answer = await within(PATIENCE_MS, this.#carillon.api("POST", "/v1/events", isBatch ? { events } : events[0]));
    } catch {
      return false; // No answer: the connection was refused or broke. That is what this CRM is for.
    }
    if (answer.status === 503) return false;
    const results = answer.status === 202 ? (isBatch ? answer.body.results : [answer.body]) : [];
    events.forEach((event, index) => {
      const result = results[index];
      if (result?.id !== event.id || result.accepted !== event.recipients.length)
        this.complaints.push(`${event.id} was answered ${answer.status} ${JSON.stringify(result ?? answer.body)}`);
      if (result?.duplicate && !isRepeat) this.complaints.push(`${event.id} is called a duplicate at its first post`);
      if (result?.duplicate) this.answersLost++;
      this.accepted.push(event);
    });
    return true;
  }
}

type Accepted = { id: string; accepted: number; duplicate: boolean };

async function within<Answer>(ms: number, work: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`No answer in ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
