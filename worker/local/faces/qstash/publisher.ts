import type { NewMessage, QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Events } from "./events.ts";
import { newId } from "./new-id.ts";
import { isUrl, type Outgoing, type Publication } from "./publication.ts";
import { Refused } from "./refused.ts";
import type { Queues } from "./queues.ts";
import type { Endpoint, UrlGroups } from "./url-groups.ts";

export type Published = { messageId: string; url?: string; deduplicated?: true };

type Dependencies = { engine: QueueEngine; events: Events; groups: UrlGroups; queues: Queues };

/** Makes messages of publish requests and hands them to the queue. */
export class Publisher {
  readonly #engine: QueueEngine;
  readonly #events: Events;
  readonly #groups: UrlGroups;
  readonly #queues: Queues;

  constructor({ engine, events, groups, queues }: Dependencies) {
    this.#engine = engine;
    this.#events = events;
    this.#groups = groups;
    this.#queues = queues;
  }

  /** All in one commit. For each request one answer, for a URL group a list of them. */
  async publish(publications: Publication[]): Promise<(Published | Published[])[]> {
    const messages = publications.map((publication) => this.messagesOf(publication));
    const answers = await this.#engine.publish(messages.flat(), (message) => this.record(message));
    return publications.map(({ destination }, index) => {
      const published = answers.splice(0, messages[index]?.length ?? 0).map(({ id, isDuplicate }, nth): Published => ({
        messageId: id,
        ...(isUrl(destination) ? {} : { url: outgoingOf(messages[index]?.[nth]).url }),
        ...(isDuplicate ? { deduplicated: true } : {}),
      }));
      return isUrl(destination) ? (published[0] ?? { messageId: "" }) : published;
    });
  }

  /** One message for an address, one for each address of a URL group. Throws Refused if there is no such group. */
  messagesOf({ destination, due, outgoing, deduplicationId }: Publication): NewMessage[] {
    if (outgoing.queue !== undefined && !this.#queues.get(outgoing.queue)) this.#queues.put(outgoing.queue);
    return this.#addresses(destination).map(({ url, name }) => {
      const id = newId("msg_");
      const sent: Outgoing = {
        ...outgoing,
        url,
        ...(outgoing.queue === undefined ? {} : { root: id }),
        ...(isUrl(destination) ? {} : { topic: destination }),
        ...(name === null ? {} : { endpoint: name }),
      };
      const once = deduplicationId === null ? {} : { deduplicationId: isUrl(destination) ? deduplicationId : `${deduplicationId} ${url}` };
      return { id, due, body: JSON.stringify(sent), ...once };
    });
  }

  /** Throws Refused if there is nowhere to publish it to. */
  check({ destination }: Publication): void {
    this.#addresses(destination);
  }

  record({ id, body }: NewMessage): void {
    this.#events.record(id, JSON.parse(body) as Outgoing, "CREATED");
  }

  #addresses(destination: string): Endpoint[] {
    if (isUrl(destination)) return [{ url: destination, name: null }];
    const endpoints = this.#groups.endpoints(destination);
    if (endpoints.length === 0) throw new Refused(404, `url group ${destination} not found`);
    return endpoints;
  }
}

export const outgoingOf = (message: { body: string } | undefined): Outgoing => JSON.parse(message?.body ?? "{}") as Outgoing;
