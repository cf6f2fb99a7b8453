import type { DeadLetter } from "../../../embedded/queue/dead-letters.ts";
import type { QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock } from "../../../ports.ts";
import type { Events } from "./events.ts";
import { readFilter } from "./filter.ts";
import { newId } from "./new-id.ts";
import type { Outgoing } from "./publication.ts";
import { type Call, countOf, orMissing, type Route } from "./route.ts";
import type { Answer } from "./deliver.ts";
import { viewDeadLetter } from "./views.ts";

/** The dead letters: list, look at, remove, deliver again. https://upstash.com/docs/qstash/features/dlq */
export function deadLetterRoutes({ engine, events, clock }: { engine: QueueEngine; events: Events; clock: Clock }): Route[] {
  const { dead } = engine;
  const find = (id: string) => orMissing(dead.get(id), "dead letter", id);
  return [
    ["GET", /^\/v2\/dlq$/, ({ query }) => list(query)],
    ["GET", /^\/v2\/dlq\/([^/]+)$/, ({ rest }) => viewDeadLetter(find(rest))],
    ["DELETE", /^\/v2\/dlq$/, removeMany],
    ["DELETE", /^\/v2\/dlq\/([^/]+)$/, ({ rest }) => remove([find(rest)])],
    ["POST", /^\/v2\/dlq\/retry$/, retryMany],
    ["POST", /^\/v2\/dlq\/retry\/([^/]+)$/, async ({ rest }) => (await retry([find(rest)]))[0]],
  ];

  /** A page of those that the filters mean, from the cursor on; a cursor is the last id of the page before. */
  function pageOf(query: URLSearchParams): { letters: DeadLetter[]; cursor: string | null } {
    const isMeant = readFilter(query, "dlqIds");
    const all = dead
      .list()
      .filter(({ id, createdAt, body, note }) =>
        isMeant({ id, createdAt, outgoing: JSON.parse(body) as Outgoing, responseStatus: (JSON.parse(note) as Answer).status }),
      );
    const start = all.findIndex(({ id }) => id === query.get("cursor")) + 1;
    const letters = all.slice(start, start + countOf(query));
    return { letters, cursor: start + letters.length < all.length ? (letters.at(-1)?.id ?? null) : null };
  }

  function list(query: URLSearchParams): object {
    const { letters, cursor } = pageOf(query);
    return { messages: letters.map(viewDeadLetter), ...(cursor === null ? {} : { cursor }) };
  }

  async function removeMany({ query }: Call): Promise<object> {
    const { letters, cursor } = pageOf(query);
    return { ...(await remove(letters)), ...(cursor === null ? {} : { cursor }) };
  }

  async function remove(letters: DeadLetter[]): Promise<{ deleted: number }> {
    for (const { id } of letters) dead.remove(id);
    await engine.settled();
    return { deleted: letters.length };
  }

  async function retryMany({ query }: Call): Promise<object> {
    const { letters, cursor } = pageOf(query);
    return { responses: await retry(letters), cursor: cursor ?? "" };
  }

  async function retry(letters: DeadLetter[]): Promise<{ messageId: string }[]> {
    const ids = await engine.revive(letters, ({ body }) => {
      const [id, outgoing] = [newId("msg_"), JSON.parse(body) as Outgoing];
      // In a queue it stands at the end; a callback no longer holds the place of what it tells of.
      const again: Outgoing = { ...outgoing, ...(outgoing.queue === undefined ? {} : { root: id }) };
      events.record(id, again, "CREATED");
      return { id, due: clock.now(), body: JSON.stringify(again) };
    });
    return ids.map((messageId) => ({ messageId }));
  }
}
