import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pick } from "../properties/seeds.ts";
import { sleep } from "../harness/instance.ts";

const FATES = ["as asked", "as asked", "lost", "twice", "late", "early"] as const;
type Fate = (typeof FATES)[number];
type Message = { destination: string; headers: Record<string, string>; body: string };
/** Nobody could promise anything if all were lost. */
const MOST_LOST_IN_A_ROW = 2;
const LATE_MS = 3_000;

/** `fates` counts what became of the messages. */
export type HostileQstash = { port: number; fates: Record<Fate, number>; beCalm(): void; stop(): Promise<void> };

/**
 * Stands in front of a QStash that means well, takes every publish with a smile, and then loses it, brings it twice under two ids, late, or
 * before its time.
 */
export async function startHostileQstash(targetPort: number, random: () => number): Promise<HostileQstash> {
  const fates: Record<Fate, number> = { "as asked": 0, lost: 0, twice: 0, late: 0, early: 0 };
  const target = `http://127.0.0.1:${targetPort}`;
  const late = new Set<Promise<unknown>>();
  let isCalm = false;
  let lostInARow = 0;
  let serial = 0;

  const fateOfNext = (): Fate => {
    let fate = isCalm ? "as asked" : pick(random, FATES);
    if (fate === "lost" && lostInARow >= MOST_LOST_IN_A_ROW) fate = "as asked";
    lostInARow = fate === "lost" ? lostInARow + 1 : 0;
    fates[fate]++;
    return fate;
  };

  /** The messages that are published in the place of one; `after`: what is published later. */
  const versionsOf = (message: Message, publishLater: (message: Message) => void): Message[] => {
    switch (fateOfNext()) {
      case "as asked":
        return [message];
      case "lost":
        return [];
      case "twice":
        return [message, withHeader(message, "Upstash-Deduplication-Id", `again-${serial++}`)];
      case "late":
        publishLater(message);
        return [];
      case "early":
        return [withHeader(message, "Upstash-Not-Before", null)];
    }
  };

  async function pass(request: IncomingMessage, body: string): Promise<{ status: number; text: string }> {
    const headers = Object.entries(request.headers).filter(([name]) => !["host", "connection", "content-length"].includes(name));
    const answer = await fetch(target + request.url, {
      method: request.method!,
      headers: headers as [string, string][],
      ...(body === "" ? {} : { body }),
    });
    return { status: answer.status, text: await answer.text() };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (!request.url?.endsWith("/v2/batch")) return end(response, await pass(request, body));
    const asked = JSON.parse(body) as Message[];
    const publishLater = (message: Message) => {
      const published = sleep(LATE_MS).then(() => pass(request, JSON.stringify([message])));
      late.add(published);
      void published.catch(() => undefined).finally(() => late.delete(published));
    };
    const messages = asked.flatMap((message) => versionsOf(message, publishLater));
    const passed = messages.length === 0 ? { status: 200, text: "[]" } : await pass(request, JSON.stringify(messages));
    if (passed.status !== 200) return end(response, passed);
    end(response, { status: 200, text: JSON.stringify(asked.map(() => ({ messageId: `taken-${serial++}` }))) });
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    fates,
    beCalm: () => (isCalm = true),
    async stop() {
      await Promise.allSettled(late);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function end(response: ServerResponse, { status, text }: { status: number; text: string }): void {
  response.writeHead(status, { "content-type": "application/json" }).end(text);
}

function withHeader(message: Message, name: string, value: string | null): Message {
  const others = Object.entries(message.headers).filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  return { ...message, headers: { ...Object.fromEntries(others), ...(value === null ? {} : { [name]: value }) } };
}
